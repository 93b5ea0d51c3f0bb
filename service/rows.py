"""Answers as rows of Arrow tables: one per sentence, entity and stance. Needs the extra ``parquet``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import pyarrow as pa

from model.classifier import ModelInfo
from model.results import DocumentResult, EntityResult, SentenceResult, Stance
from service.cells import entity_cells

ROWS_IN_GROUP = 16_384
"""Rows of a row group of a Parquet file; as many are held in memory."""

ROWS_IN_BATCH = 1_024
"""Rows that are gathered as Python objects before they become a record batch."""


def stance_columns(labels: Sequence[str]) -> list[tuple[str, pa.DataType]]:
    """Return the columns of a row.

    ``stance``, ``score`` and ``toward`` are null in the row of an entity that takes no stance. Offsets count the
    code points of the document.
    """
    mention = pa.struct(
        [("text", pa.string()), ("start", pa.int32()), ("end", pa.int32()), ("source", pa.string())],
    )
    target = pa.struct([("code", pa.string()), ("score", pa.float64())])
    return [
        ("document", pa.string()),
        ("sentence", pa.int32()),
        ("sentence_start", pa.int32()),
        ("sentence_end", pa.int32()),
        ("code", pa.string()),
        ("alpha3", pa.string()),
        ("name", pa.string()),
        ("kind", pa.string()),
        ("mentions", pa.list_(mention)),
        ("stance", pa.string()),
        ("score", pa.float64()),
        ("toward", pa.list_(target)),
        *((f"score_{label}", pa.float64()) for label in labels),
        ("text", pa.string()),
    ]


def model_metadata(info: ModelInfo) -> dict[str, str]:
    """Return the metadata of a file, which name the model."""
    return {f"model_{key}": value for key, value in asdict(info).items()}


def document_rows(result: DocumentResult) -> Iterator[dict[str, Any]]:
    """Yield the rows of a document as Python objects; sentences without entities have none."""
    for index, sentence in enumerate(result.sentences):
        for entity in sentence.entities:
            place = {"document": result.id, "sentence": index}
            yield from (place | row for row in _rows(sentence, entity))


def _rows(sentence: SentenceResult, result: EntityResult) -> Iterator[dict[str, Any]]:
    mentions = result.entity.mentions
    shared = entity_cells(sentence, result) | {
        "mentions": [
            {"text": mention.text, "start": mention.start, "end": mention.end, "source": mention.source.value}
            for mention in mentions
        ],
    }
    for stance in result.stances:
        yield shared | _stance_cells(stance)
    if not result.stances:
        yield shared


def _stance_cells(stance: Stance) -> dict[str, Any]:
    toward = [{"code": target.code, "score": target.score} for target in stance.toward]
    return {"stance": stance.stance, "score": stance.score, "toward": toward}
