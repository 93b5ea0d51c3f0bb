"""Labels that somebody else's system gave, from a file, so that a published system can stand in the report.

A file has a line or row a record, or several: ``id``, the label or several of them (separated by ``|`` or, in JSON, as
a list; empty or ``none`` where there is none) and, where a record asks about several entities, ``code`` and ``toward``.
JSON Lines may hold whole annotated records instead, with ``entities``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model.annotation import AnnotatedSentence
from model.errors import CorpusError
from model.scheme import LabelScheme
from training.evaluation.metrics import NONE
from training.evaluation.records import Prediction
from training.reading.records import read_rows

LABEL_COLUMNS = ("label", "labels", "stance", "stances", "prediction", "predicted")
SUFFIXES = (".csv", ".tsv", ".jsonl", ".parquet")
SOURCE, TARGET = "source", "target"
"""Codes of the two entities of a record that asks about one pair."""

Labels = dict[str, dict[str, frozenset[str]]]


@dataclass(frozen=True, slots=True)
class PredictionFile:
    """Where labels stand.

    Attributes:
        path: The file: ``.csv``, ``.tsv``, ``.jsonl`` or ``.parquet``.
        column: Name of the column or field with the labels; None for the first of the usual ones.
    """

    path: Path
    column: str | None = None

    @classmethod
    def parse(cls, text: str) -> PredictionFile:
        """Read ``FILE`` or ``FILE:COLUMN``; a file of the whole name wins."""
        path, colon, column = text.rpartition(":")
        return cls(Path(text)) if Path(text).exists() or not colon else cls(Path(path), column)


def read_predictions(
    file: PredictionFile, sentences: Sequence[AnnotatedSentence], scheme: LabelScheme
) -> list[Prediction]:
    """Read the labels of annotated sentences, one prediction a sentence.

    Records are matched by the column ``id``: the record's id, or the number that its id ends with behind a colon.
    Without such a column line N stands for the record ``name of the file:N``, which is how rows without an id are
    called; where there is none, the rows stand for as many sentences, in their order.

    Raises:
        CorpusError: the file cannot be read, a line has a fault, or a record has no line.
    """
    rows = list(_rows(file.path))
    column = _label_column(file, rows[0][1]) if rows else ""
    reader = _Reader(file, column, scheme, sentences)
    known = {sentence.id: place for place, sentence in enumerate(sentences)}
    found: dict[int, Labels] = {}
    by_line = any(f"{file.path.name}:{line}" in known for line, _ in rows)
    for index, (line, row) in enumerate(rows):
        if row.get("id") not in (None, ""):
            place = _by_id(str(row["id"]), known)
        elif by_line:
            place = known.get(f"{file.path.name}:{line}")
        elif len(rows) != len(sentences):
            raise CorpusError(
                f"{file.path}: has no column 'id', and {len(rows):,} rows for {len(sentences):,} sentences"
            )
        else:
            place = index
        if place is not None:
            labels = found.setdefault(place, {})
            _merge(labels, reader.labels(line, row, sentences[place]))
            if not scheme.multi_label and any(len(taken) > 1 for taken in labels.values()):
                raise CorpusError(f"{file.path}:{line}: a second label, but the scheme {scheme.name!r} allows one")
    missing = [sentence.id for place, sentence in enumerate(sentences) if place not in found]
    if missing:
        raise CorpusError(f"{file.path}: no line for {missing[0]!r}, nor for {len(missing) - 1} other records")
    nothing: list[Labels] = [{entity.code: {} for entity in sentence.entities} for sentence in sentences]
    return [Prediction(empty | found[place]) for place, empty in enumerate(nothing)]


def _rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield rows with their places."""
    if path.suffix.lower() not in SUFFIXES:
        raise CorpusError(f"{path}: labels are read from {', '.join(SUFFIXES)}")

    def complain(place: str, fault: str) -> None:
        raise CorpusError(f"{path}:{place}: {fault}")

    for row in read_rows(path, complain):
        if not isinstance(row.values, dict):
            complain(row.place, "not a JSON object")
        yield row.place, row.values


def _label_column(file: PredictionFile, row: Mapping[str, Any]) -> str:
    if file.column is not None:
        if file.column not in row:
            raise CorpusError(f"{file.path}: no column {file.column!r}; there are {', '.join(map(repr, row))}")
        return file.column
    if "entities" in row:
        return "entities"
    column = next((name for name in LABEL_COLUMNS if name in row), None)
    if column is None:
        names = ", ".join(map(repr, row))
        raise CorpusError(f"{file.path}: which column holds the labels? Name it as FILE:COLUMN; there are {names}")
    return column


def _by_id(name: str, known: Mapping[str, int]) -> int | None:
    """Return which sentence an id means; None for one that is not evaluated."""
    if name in known or not name.isdigit():
        return known.get(name)
    numbered = [place for known_id, place in known.items() if known_id.endswith(f":{name}")]
    return numbered[0] if len(numbered) == 1 else None


@dataclass(frozen=True, slots=True)
class _Reader:
    file: PredictionFile
    column: str
    scheme: LabelScheme
    sentences: Sequence[AnnotatedSentence]

    def labels(self, line: str, row: Mapping[str, Any], sentence: AnnotatedSentence) -> Labels:
        """Return what a row says of its sentence."""
        place = f"{self.file.path}:{line}"
        if self.column == "entities":
            return self._entities(place, row["entities"])
        names = self._names(place, row.get(self.column))
        code = row.get("code") or _holder(sentence)
        if code is None:
            raise CorpusError(f"{place}: {sentence.id!r} has {len(sentence.entities)} entities; which one? Give 'code'")
        toward = _values(row.get("toward")) or _targets(sentence, str(code))
        return {str(code): dict.fromkeys(names, frozenset(toward) if self.scheme.directed else frozenset())}

    def _entities(self, place: str, entities: Any) -> Labels:
        try:
            found = {entity["code"]: dict(entity["stances"]) for entity in entities}
        except (TypeError, KeyError, ValueError):
            raise CorpusError(f"{place}: entities: not a list of objects with code and stances") from None
        return {
            str(code): {name: frozenset(map(str, taken[name])) for name in self._names(place, list(taken))}
            for code, taken in found.items()
        }

    def _names(self, place: str, value: Any) -> list[str]:
        names = [name for name in _values(value) if name.casefold() != NONE]
        for name in names:
            if name not in self.scheme.names:
                raise CorpusError(f"{place}: unknown label {name!r} (known: {', '.join(self.scheme.names)})")
        if not self.scheme.multi_label and len(names) > 1:
            raise CorpusError(f"{place}: several labels, but the scheme {self.scheme.name!r} allows one")
        return names


def _values(value: Any) -> list[str]:
    """Return a list of a list, of a JSON list, or of what ``|`` separates."""
    if value is None:
        return []
    if isinstance(value, str):
        if value.startswith("["):
            try:
                return _values(json.loads(value))
            except ValueError:
                return [value]
        value = value.split("|")
    return [str(item).strip() for item in value if str(item).strip()]


def _holder(sentence: AnnotatedSentence) -> str | None:
    """Return the entity that a record of one pair asks about: the annotated holder, the source, or the first one."""
    codes = [entity.code for entity in sentence.entities]
    holders = [entity.code for entity in sentence.entities if entity.stances]
    if not codes or len(codes) > 2 or len(holders) > 1:
        return None
    return holders[0] if holders else SOURCE if SOURCE in codes else codes[0]


def _targets(sentence: AnnotatedSentence, holder: str) -> list[str]:
    codes = [entity.code for entity in sentence.entities]
    if TARGET in codes:
        return [TARGET]
    return [code for code in codes if code != holder] if len(codes) == 2 else []


def _merge(labels: Labels, more: Labels) -> None:
    for code, taken in more.items():
        into = labels.setdefault(code, {})
        for name, targets in taken.items():
            into[name] = into.get(name, frozenset()) | targets
