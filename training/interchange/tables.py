"""Tables: one row per sentence, entity and stance, as CSV, JSON Lines or Parquet.

They are written with the library datasets, and ``datasets.load_dataset`` reads them. Here they are not read with it:
from CSV and JSON Lines it makes times of texts that look like days, and nothing of the code NA, and names no lines.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

from model.annotation import AnnotatedSentence
from model.scheme import STANCES, LabelScheme
from training.interchange.collector import Collector, Reading
from training.interchange.occurrences import occurrences
from training.reading.delimited import read_delimited
from training.reading.rows import Row, read_json_lines, read_parquet
from training.reading.tables import REQUIRED, table_records

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
    match format:
        case TableFormat.CSV:
            rows = _with_columns(read_delimited(path, collector.fault), collector)
        case TableFormat.JSONL:
            rows = read_json_lines(path, collector.fault)
        case TableFormat.PARQUET:
            rows = read_parquet(path, collector.fault)
    for place, record in table_records(rows, collector.fault):
        collector.add(place, record)
    return collector.reading


def _with_columns(rows: Iterator[Row], collector: Collector) -> Iterator[Row]:
    """Yield rows if they have the columns of a table."""
    for number, row in enumerate(rows):
        if not number and (missing := REQUIRED - set(row.values)):
            collector.fault("1", f"columns are missing: {', '.join(sorted(missing))}")
            return
        yield row
