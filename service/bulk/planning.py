"""Division of the input into partitions: numbered stretches of files that together hold every row once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from service.bulk.documents import RowError
from service.bulk.places import FoundFile, Place, suffix
from service.bulk.reading import LINES, PARQUET, Stretch, file_columns, open_parquet
from service.bulk.records import csv_records, read_header, read_lines


@dataclass(frozen=True, slots=True)
class Unit:
    """A partition of the input, and so a unit of work.

    Attributes:
        number: Its number, from 0, in the order of files and rows.
        file: Number of its file.
        stretch: What of the file belongs to it.
        rows: How many rows that are.
        fault: Why the file cannot be read at all, if it cannot; then it has no rows.
    """

    number: int
    file: int
    stretch: Stretch
    rows: int
    fault: str | None = None


def plan_units(place: Place, files: Sequence[FoundFile], columns: Mapping[str, str], rows: int) -> list[Unit]:
    """Divide files into partitions of so many rows; the last of a file may have fewer.

    Text files are read through once, since only that shows where a row begins and how many lines stand before it. A
    file that cannot be read is a partition of its own with its fault.

    Args:
        place: Where the files lie.
        files: What to divide.
        columns: Names of columns that were given, by role.
        rows: Rows of a partition.

    Raises:
        OSError: a file cannot be read.
    """
    numbers = count()
    units = []
    for index, file in enumerate(files):
        try:
            file_columns(place, file.path, file.size, columns)
            stretches = list(_stretches(place, file, rows))
        except RowError as error:
            units.append(Unit(next(numbers), index, Stretch(file.path, 0, 0, 0), 0, str(error)))
            continue
        units.extend(Unit(next(numbers), index, stretch, size) for stretch, size in stretches)
    return units


def _stretches(place: Place, file: FoundFile, rows: int) -> Iterator[tuple[Stretch, int]]:
    kind = suffix(file.path)
    if kind in PARQUET:
        with open_parquet(place, file.path) as opened:
            total = opened.metadata.num_rows
        for start in range(0, total, rows):
            stop = min(start + rows, total)
            yield Stretch(file.path, start, stop, 0), stop - start
        return
    with place.open(file.path) as opened:
        begins = _line_begins(opened, file.size) if kind in LINES else _record_begins(opened, file.size)
        yield from _cut(file, begins, rows)


def _cut(file: FoundFile, begins: Iterator[tuple[int, int]], rows: int) -> Iterator[tuple[Stretch, int]]:
    """Yield the stretches of a text file, given the offset and the number of each row's first line."""
    start = number = held = 0
    for offset, line in begins:
        if held == rows:
            yield Stretch(file.path, start, offset, number), held
            held = 0
        if not held:
            start, number = offset, line
        held += 1
    if held:
        yield Stretch(file.path, start, file.size, number), held


def _line_begins(file: Any, size: int) -> Iterator[tuple[int, int]]:
    for line in read_lines(file, 0, size, 1):
        if line.content is None or line.content.strip():
            yield line.offset, line.number


def _record_begins(file: Any, size: int) -> Iterator[tuple[int, int]]:
    """Yield where the records behind the header begin."""
    names, delimiter = read_header(file, size)
    records = csv_records(read_lines(file, 0, size, 1), delimiter, len(names))
    next(records, None)
    for record in records:
        yield record.offset, record.number
