"""Answers as JSON, JSON Lines and CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import orjson

from model.classifier import ModelInfo
from model.results import DocumentResult, EntityResult, SentenceResult, Stance

NO_STANCE = "none"
_JSON_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE


def to_json(info: ModelInfo, results: Sequence[DocumentResult]) -> bytes:
    """Return the answer of ``POST /classify``."""
    answer = {"model": asdict(info), "documents": [result.to_dict() for result in results]}
    return orjson.dumps(answer, option=_JSON_OPTIONS | orjson.OPT_INDENT_2)


def to_jsonl(results: Sequence[DocumentResult]) -> bytes:
    """Return one sentence a line, with the id of its document and its index there."""
    return b"".join(
        orjson.dumps({"document": result.id, "sentence": index, **sentence.to_dict()}, option=_JSON_OPTIONS)
        for result in results
        for index, sentence in enumerate(result.sentences)
    )


def to_csv(results: Sequence[DocumentResult], labels: Sequence[str]) -> bytes:
    """Return one row per sentence, entity and stance.

    An entity without a stance has one row with the stance ``none``. Several values of one cell (mentions, offsets,
    targets) are parted by ``;``; ``score_…`` columns hold the probability of every stance of the scheme.
    """
    buffer = io.StringIO(newline="")
    columns = [
        *("document", "sentence", "sentence_start", "sentence_end", "code", "alpha3", "name", "kind"),
        *("mentions", "mention_offsets", "stance", "score", "toward", "toward_scores"),
        *(f"score_{label}" for label in labels),
        "text",
    ]
    writer = csv.DictWriter(buffer, columns, lineterminator="\n")
    writer.writeheader()
    for result in results:
        for index, sentence in enumerate(result.sentences):
            for entity in sentence.entities:
                writer.writerows({"document": result.id, "sentence": index, **row} for row in _rows(sentence, entity))
    return buffer.getvalue().encode("utf-8")


def _rows(sentence: SentenceResult, result: EntityResult) -> Iterator[dict[str, Any]]:
    entity = result.entity
    shared = {
        "sentence_start": sentence.start,
        "sentence_end": sentence.end,
        "code": entity.code,
        "alpha3": entity.alpha3,
        "name": entity.name,
        "kind": entity.kind.value,
        "mentions": ";".join(mention.text for mention in entity.mentions),
        "mention_offsets": ";".join(f"{mention.start}-{mention.end}" for mention in entity.mentions),
        **{f"score_{label}": score for label, score in result.scores.items()},
        "text": sentence.text,
    }
    for stance in result.stances:
        yield shared | _stance_cells(stance)
    if not result.stances:
        yield shared | {"stance": NO_STANCE}


def _stance_cells(stance: Stance) -> dict[str, Any]:
    return {
        "stance": stance.stance,
        "score": stance.score,
        "toward": ";".join(target.code for target in stance.toward),
        "toward_scores": ";".join(f"{target.score}" for target in stance.toward),
    }
