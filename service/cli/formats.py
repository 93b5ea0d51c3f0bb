"""Answers as JSON, JSON Lines and CSV, one document after the other."""

from __future__ import annotations

import csv
import io
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import orjson

from model.classifier import ModelInfo
from model.results import DocumentResult, EntityResult, SentenceResult, Stance
from service.cells import entity_cells

NO_STANCE = "none"
_JSON_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE
_INDENTED = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_INDENT_2


class Encoder(ABC):
    """Turns results into the bytes of a file, piece by piece."""

    def head(self) -> bytes:
        """Return what stands before the first document."""
        return b""

    @abstractmethod
    def encode(self, result: DocumentResult, *, first: bool) -> bytes:
        """Return what stands for a document; an encoder may keep it back until `drain`."""

    def drain(self) -> bytes:
        """Return what was kept back."""
        return b""

    def tail(self) -> bytes:
        """Return what stands behind the last document."""
        return b""


class JsonEncoder(Encoder):
    """The answer of ``POST /classify``."""

    def __init__(self, info: ModelInfo) -> None:
        empty = orjson.dumps({"model": asdict(info), "documents": [0]}, option=_INDENTED)
        self._head, self._tail = empty.rsplit(b"    0", 1)

    def head(self) -> bytes:  # noqa: D102
        return self._head

    def encode(self, result: DocumentResult, *, first: bool) -> bytes:  # noqa: D102
        # A line break inside a text is escaped, so each one here begins a line of the layout.
        document = b"    " + orjson.dumps(result.to_dict(), option=_INDENTED).replace(b"\n", b"\n    ")
        return document if first else b",\n" + document

    def tail(self) -> bytes:  # noqa: D102
        return self._tail + b"\n"


class JsonLinesEncoder(Encoder):
    """One sentence a line, with the id of its document and its index there."""

    def encode(self, result: DocumentResult, *, first: bool) -> bytes:  # noqa: D102
        return b"".join(
            orjson.dumps({"document": result.id, "sentence": index, **sentence.to_dict()}, option=_JSON_OPTIONS)
            for index, sentence in enumerate(result.sentences)
        )


class CsvEncoder(Encoder):
    """One row per sentence, entity and stance.

    An entity without a stance has one row with the stance ``none``. Several values of one cell (mentions, offsets,
    targets) are parted by ``;``; ``score_…`` columns hold the probability of every stance of the scheme.
    """

    def __init__(self, labels: Sequence[str]) -> None:
        self._columns = [
            *("document", "sentence", "sentence_start", "sentence_end", "code", "alpha3", "name", "kind"),
            *("mentions", "mention_offsets", "stance", "score", "toward", "toward_scores"),
            *(f"score_{label}" for label in labels),
            "text",
        ]
        self._buffer = io.StringIO(newline="")
        self._writer = csv.DictWriter(self._buffer, self._columns, lineterminator="\n")

    def head(self) -> bytes:  # noqa: D102
        self._writer.writeheader()
        return self._take()

    def encode(self, result: DocumentResult, *, first: bool) -> bytes:  # noqa: D102
        for index, sentence in enumerate(result.sentences):
            for entity in sentence.entities:
                self._writer.writerows(
                    {"document": result.id, "sentence": index, **row} for row in _rows(sentence, entity)
                )
        return self._take()

    def _take(self) -> bytes:
        written = self._buffer.getvalue().encode("utf-8")
        self._buffer.seek(0)
        self._buffer.truncate()
        return written


def _rows(sentence: SentenceResult, result: EntityResult) -> Iterator[dict[str, Any]]:
    mentions = result.entity.mentions
    shared = entity_cells(sentence, result) | {
        "mentions": ";".join(mention.text for mention in mentions),
        "mention_offsets": ";".join(f"{mention.start}-{mention.end}" for mention in mentions),
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
