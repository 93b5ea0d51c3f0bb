"""Answers as Parquet: one row per sentence, entity and stance. Needs the extra ``parquet``.

A Parquet file is readable only once its end is written, so rows first go to a file of Arrow record batches that can be
cut off behind any of them, and at the end from there into the Parquet file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from model.classifier import ModelInfo
from model.results import DocumentResult, EntityResult, SentenceResult, Stance
from service.cli.formats import Encoder

ROWS_IN_GROUP = 16_384
"""Rows of a row group; as many are held in memory."""

_ROWS_IN_BATCH = 1_024


def parquet_schema(labels: Sequence[str], info: ModelInfo) -> pa.Schema:
    """Return the columns of a file.

    ``stance``, ``score`` and ``toward`` are null in the row of an entity that takes no stance. Offsets count the
    code points of the document. The file's metadata name the model.
    """
    mention = pa.struct(
        [("text", pa.string()), ("start", pa.int32()), ("end", pa.int32()), ("source", pa.string())],
    )
    target = pa.struct([("code", pa.string()), ("score", pa.float64())])
    columns = [
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
    return pa.schema(columns, metadata={f"model_{key}": value for key, value in asdict(info).items()})


class ArrowEncoder(Encoder):
    """Rows as a stream of Arrow record batches."""

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._rows: list[dict[str, Any]] = []

    def head(self) -> bytes:  # noqa: D102
        return bytes(self._schema.serialize())

    def encode(self, result: DocumentResult, *, first: bool) -> bytes:  # noqa: D102
        for index, sentence in enumerate(result.sentences):
            for entity in sentence.entities:
                place = {"document": result.id, "sentence": index}
                self._rows.extend(place | row for row in _rows(sentence, entity))
        return self.drain() if len(self._rows) >= _ROWS_IN_BATCH else b""

    def drain(self) -> bytes:  # noqa: D102
        if not self._rows:
            return b""
        batch = pa.RecordBatch.from_pylist(self._rows, schema=self._schema)
        self._rows.clear()
        return bytes(batch.serialize())


def write_parquet(rows: Path, schema: pa.Schema, output: Path) -> None:
    """Make a Parquet file of a file of record batches, one row group after the other.

    Raises:
        OSError: it cannot be written.
    """
    with pa.OSFile(str(rows), "rb") as source, pq.ParquetWriter(str(output), schema, compression="zstd") as writer:
        for group in _groups(pa.ipc.open_stream(source), schema):
            writer.write_table(group, row_group_size=ROWS_IN_GROUP)


def _groups(batches: pa.RecordBatchStreamReader, schema: pa.Schema) -> Iterator[pa.Table]:
    """Yield tables of `ROWS_IN_GROUP` rows; where batches end makes no difference to what is written."""
    waiting: list[pa.RecordBatch] = []
    count = 0
    for batch in batches:
        waiting.append(batch)
        count += len(batch)
        while count >= ROWS_IN_GROUP:
            table = pa.Table.from_batches(waiting, schema)
            yield table.slice(0, ROWS_IN_GROUP)
            waiting = table.slice(ROWS_IN_GROUP).to_batches()
            count -= ROWS_IN_GROUP
    if count:
        yield pa.Table.from_batches(waiting, schema)


def _rows(sentence: SentenceResult, result: EntityResult) -> Iterator[dict[str, Any]]:
    entity = result.entity
    shared = {
        "sentence_start": sentence.start,
        "sentence_end": sentence.end,
        "code": entity.code,
        "alpha3": entity.alpha3,
        "name": entity.name,
        "kind": entity.kind.value,
        "mentions": [
            {"text": mention.text, "start": mention.start, "end": mention.end, "source": mention.source.value}
            for mention in entity.mentions
        ],
        **{f"score_{label}": score for label, score in result.scores.items()},
        "text": sentence.text,
    }
    for stance in result.stances:
        yield shared | _stance_cells(stance)
    if not result.stances:
        yield shared


def _stance_cells(stance: Stance) -> dict[str, Any]:
    toward = [{"code": target.code, "score": target.score} for target in stance.toward]
    return {"stance": stance.stance, "score": stance.score, "toward": toward}
