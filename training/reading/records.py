"""Records in the form of annotated files from data of any shape."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import Any

from model.errors import CorpusError
from model.scheme import LabelScheme
from training.reading.columns import Columns, is_pairs
from training.reading.delimited import read_delimited
from training.reading.hub import is_hub, read_hub
from training.reading.lines import Complain
from training.reading.pairs import pair_record
from training.reading.rows import Row, read_json_lines, read_parquet
from training.reading.tables import REQUIRED, table_records

SUFFIXES = (".jsonl", ".csv", ".tsv", ".parquet")


class Shape(StrEnum):
    """What the rows of a file are."""

    RECORDS = "records"
    TABLE = "table"
    PAIRS = "pairs"


@dataclass(frozen=True, slots=True)
class Found:
    """A record that was read.

    Attributes:
        place: Where it stands in its file: ``7`` for a line, ``row 7`` where there are none.
        record: The record, which may have faults.
        holders: Of a pair row, whose text may stand again with another pair: the code of the source, if it has one.
    """

    place: str
    record: Any
    holders: tuple[str, ...] | None = None


def read_records(path: Path, name: str, scheme: LabelScheme, columns: Columns, complain: Complain) -> Iterator[Found]:
    """Yield the records of a file or of a data set of the hub.

    The first row says what the rows are, see `shape_of`.

    Args:
        path: A file by its suffix, any other than those known as JSON Lines; or ``hf:NAME:SPLIT``.
        name: What to call it in the ids of rows without one.
        scheme: The labels.
        columns: Names of the columns of pair rows.
        complain: Takes the faults.

    Raises:
        CorpusError: the file or data set cannot be read.
        ModuleNotFoundError: a package that reads it is not installed.
    """
    rows = read_rows(path, complain)
    first = next(rows, None)
    if first is None:
        return
    names = first.values.keys() if isinstance(first.values, Mapping) else frozenset[str]()
    lines = path.suffix.lower() not in SUFFIXES[1:] and not is_hub(path)
    try:
        shape = shape_of(names, columns, lines=lines)
    except CorpusError as error:
        complain(first.place if lines else "1", str(error))
        return
    rows = chain([first], rows)
    match shape:
        case Shape.TABLE:
            yield from (Found(place, record) for place, record in table_records(rows, complain))
        case Shape.PAIRS:
            yield from _pairs(rows, name, scheme, columns.resolve(names), complain)
        case Shape.RECORDS:
            yield from (Found(row.place, row.values if lines else _without_none(row.values)) for row in rows)


def shape_of(names: Set[str], columns: Columns, *, lines: bool) -> Shape:
    """Tell from the columns of the first row what the rows are; lines of JSON are records if in doubt.

    Raises:
        CorpusError: columns are missing.
    """
    given = set(columns.given.values())
    if "entities" in names:
        return Shape.RECORDS
    if names >= REQUIRED and not (given and names >= given):
        return Shape.TABLE
    if is_pairs(columns.resolve(names)):
        return Shape.PAIRS
    if lines and not given:
        return Shape.RECORDS
    raise CorpusError(
        "no table and no pair rows: expected the columns id, text, code and stance, or text or marked_sentence "
        f"and label (--columns maps others); there are {', '.join(filter(None, names))}"
    )


def _pairs(
    rows: Iterable[Row], name: str, scheme: LabelScheme, roles: Mapping[str, str], complain: Complain
) -> Iterator[Found]:
    for row in rows:
        try:
            record, holders = pair_record(row.values, roles, scheme, f"{name}:{row.number}")
            yield Found(row.place, record, holders)
        except ValueError as error:
            complain(row.place, str(error))


def _without_none(value: Any) -> Any:
    """Leave out the fields of objects that only other rows have, which typed storage fills with nothing."""
    if isinstance(value, dict):
        return {name: _without_none(item) for name, item in value.items() if item is not None}
    return [_without_none(item) for item in value] if isinstance(value, list) else value


def read_rows(path: Path, complain: Complain) -> Iterator[Row]:
    """Yield the rows of a file or of a data set of the hub; errors as of `read_records`."""
    if is_hub(path):
        return read_hub(path)
    match path.suffix.lower():
        case ".csv" | ".tsv":
            return read_delimited(path, complain)
        case ".parquet":
            return read_parquet(path, complain)
        case _:
            return read_json_lines(path, complain)
