"""Tables: one row per sentence, entity and stance, as CSV, JSON Lines or Parquet.

They are written with the library datasets, and ``datasets.load_dataset`` reads them. Here they are not read with it:
from CSV and JSON Lines it makes times of texts that look like days, and nothing of the code NA, and names no lines.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from model.annotation import AnnotatedSentence
from model.scheme import STANCES, LabelScheme
from training.corpus import numbered_lines
from training.interchange.occurrences import Collector, Reading, occurrences

COLUMNS = ("id", "text", "code", "mentions", "starts", "ends", "stance", "toward")
LISTS = ("mentions", "starts", "ends", "toward")
"""Columns that hold several values; in CSV, as JSON."""


class TableFormat(StrEnum):
    """How a table is stored."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


def write_table(sentences: Iterable[AnnotatedSentence], path: Path, format: TableFormat) -> None:
    """Write a table.

    ``mentions`` are the distinct forms, ``starts`` and ``ends`` the offsets of all places where they stand. An entity
    without a stance has one row whose ``stance`` is empty; a sentence without entities has one whose ``code`` is, too.

    Raises:
        OSError: the file cannot be written.
    """
    from datasets import Dataset, Features, List, Value  # noqa: PLC0415
    from datasets.utils import disable_progress_bars  # noqa: PLC0415

    disable_progress_bars()
    string = Value("string")
    lists = {
        "mentions": List(string),
        "starts": List(Value("int32")),
        "ends": List(Value("int32")),
        "toward": List(string),
    }
    rows = [row for sentence in sentences for row in to_rows(sentence)]
    if format is TableFormat.CSV:
        rows = [{name: _cell(value) for name, value in row.items()} for row in rows]
        lists = {}
    features = Features({name: lists.get(name, string) for name in COLUMNS})
    columns = {name: [row[name] for row in rows] for name in COLUMNS}
    dataset = Dataset.from_dict(columns, features=features)
    match format:
        case TableFormat.CSV:
            dataset.to_csv(str(path), index=False)
        case TableFormat.JSONL:
            dataset.to_json(str(path), lines=True, force_ascii=False)
        case TableFormat.PARQUET:
            dataset.to_parquet(str(path))


def to_rows(sentence: AnnotatedSentence) -> Iterator[dict[str, Any]]:
    """Yield the rows of a sentence."""
    empty: dict[str, Any] = dict.fromkeys(COLUMNS) | {"id": sentence.id, "text": sentence.text}
    if not sentence.entities:
        yield empty
    places = occurrences(sentence)
    for entity in sentence.entities:
        own = sorted((place.start, place.end) for place in places if place.code == entity.code)
        shared = empty | {
            "code": entity.code,
            "mentions": list(entity.mentions),
            "starts": [start for start, _ in own],
            "ends": [end for _, end in own],
        }
        for stance, toward in entity.stances.items():
            yield shared | {"stance": stance, "toward": list(toward)}
        if not entity.stances:
            yield shared


def _cell(value: Any) -> str | None:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value


def read_table(path: Path, format: TableFormat, scheme: LabelScheme = STANCES) -> Reading:
    """Read a table; of its columns, ``starts`` and ``ends`` may be missing, or else ``mentions``.

    Raises:
        OSError: the file cannot be read.
        CorpusError: the same.
    """
    collector = Collector(path, scheme)
    table = _Table(collector)
    match format:
        case TableFormat.CSV:
            _read_csv(path, table)
        case TableFormat.JSONL:
            _read_lines(path, table)
        case TableFormat.PARQUET:
            _read_parquet(path, table)
    table.finish()
    return collector.reading


class _Table:
    """Puts the rows of each sentence together; a sentence with a faulty row is left out."""

    def __init__(self, collector: Collector) -> None:
        self.collector = collector
        self._records: dict[str, dict[str, Any]] = {}
        self._places: dict[str, str] = {}
        self._faulty: set[str] = set()

    def add(self, place: str, row: Any) -> None:
        id = str(row.get("id") or "") if isinstance(row, Mapping) else ""
        try:
            self._add(place, id, row)
        except (ValueError, TypeError) as error:
            self.collector.fault(place, str(error))
            self._faulty.add(id)

    def _add(self, place: str, id: str, row: Any) -> None:
        if not isinstance(row, Mapping):
            raise ValueError("not a JSON object")
        if not id:
            raise ValueError("id: missing or empty")
        text = row.get("text")
        record = self._records.setdefault(id, {"id": id, "text": text, "entities": {}})
        first = self._places.setdefault(id, place)
        if record["text"] != text:
            raise ValueError(f"text: not the one that the sentence {id!r} has at {first}")
        code = row.get("code")
        if not code:
            return
        entity = record["entities"].setdefault(code, {"code": code, "mentions": [], "stances": {}})
        entity["mentions"] += (form for form in _forms(row, text) if form not in entity["mentions"])
        if row.get("stance"):
            targets = entity["stances"].setdefault(row["stance"], [])
            targets += (target for target in _list(row, "toward") if target not in targets)

    def finish(self) -> None:
        for id, record in self._records.items():
            if id not in self._faulty:
                self.collector.add(self._places[id], record | {"entities": list(record["entities"].values())})


def _forms(row: Mapping[str, Any], text: Any) -> list[str]:
    """Return the forms of a row's mentions, and see that offsets, if there are any, are theirs."""
    forms, starts, ends = (_list(row, name) for name in ("mentions", "starts", "ends"))
    if len(starts) != len(ends):
        raise ValueError(f"starts and ends: {len(starts)} of the one, {len(ends)} of the other")
    found = [str(text)[int(start) : int(end)] for start, end in zip(starts, ends, strict=True)]
    stray = [form for form in found if forms and form not in forms]
    if stray:
        raise ValueError(f"starts and ends: {stray[0]!r} stands there, which is none of the mentions")
    return forms or list(dict.fromkeys(found))


def _list(row: Mapping[str, Any], name: str) -> list[Any]:
    """Return a list of a row, written as JSON if it comes from CSV."""
    value = row.get(name)
    if isinstance(value, str):
        try:
            value = json.loads(value) if value else None
        except ValueError as error:
            raise ValueError(f"{name}: not a list as JSON: {error}") from None
    if value is None:
        return []
    if not isinstance(value, list):
        raise ValueError(f"{name}: not a list")
    return value


def _read_csv(path: Path, table: _Table) -> None:
    csv.field_size_limit(sys.maxsize)
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        line = 1
        try:
            missing = {"id", "text", "code", "stance"} - set(reader.fieldnames or ())
            if missing:
                raise ValueError(f"columns are missing: {', '.join(sorted(missing))}")
            for row in reader:
                table.add(str(line + 1), row)
                line = reader.line_num
        except (csv.Error, ValueError) as error:
            table.collector.fault(str(line + 1 if reader.fieldnames else 1), f"not CSV as it is written here: {error}")


def _read_lines(path: Path, table: _Table) -> None:
    broken: list[str] = []
    for number, line in numbered_lines(path, broken):
        try:
            row = json.loads(line)
        except ValueError as error:
            table.collector.fault(str(number), f"not JSON: {error}")
        else:
            table.add(str(number), row)
    table.collector.reading.faults += broken


def _read_parquet(path: Path, table: _Table) -> None:
    from pyarrow import ArrowException  # noqa: PLC0415
    from pyarrow.parquet import ParquetFile  # noqa: PLC0415

    try:
        with ParquetFile(path) as file:
            rows = (row for batch in file.iter_batches() for row in batch.to_pylist())
            for number, row in enumerate(rows, 1):
                table.add(f"row {number}", row)
    except ArrowException as error:
        table.collector.fault("1", f"not Parquet: {error}")
