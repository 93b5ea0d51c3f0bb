"""What input files hold, and reading of a stretch of one: Parquet, JSON Lines, CSV."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from service.bulk.documents import Row, RowError, choose_columns, resolve_columns
from service.bulk.places import Place, suffix
from service.bulk.records import csv_records, read_header, read_lines, too_long

LINES = frozenset({".jsonl", ".ndjson"})
TABLES = frozenset({".csv"})
PARQUET = frozenset({".parquet"})
SUFFIXES = LINES | TABLES | PARQUET

_ROWS_AT_ONCE = 256
_READ_AT_ONCE = 1 << 20


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a file.

    Attributes:
        path: The file.
        start: Its first byte, in Parquet its first row, from 0.
        stop: One past the last.
        number: Number of its first line, from 1; 0 in Parquet.
    """

    path: str
    start: int
    stop: int
    number: int


def file_columns(place: Place, path: str, size: int, given: Mapping[str, str]) -> dict[str, str] | None:
    """Return a file's columns by role; None where every row has its own.

    Raises:
        RowError: the columns that are needed are not there, or the file is not what its name says.
        OSError: it cannot be read.
    """
    kind = suffix(path)
    if kind in LINES:
        return None
    if kind in PARQUET:
        return resolve_columns(given, _parquet_names(place, path))
    if kind not in TABLES:
        raise RowError(f"is none of {', '.join(sorted(SUFFIXES))} by its name")
    with place.open(path) as file:
        names, _ = read_header(file, size)
    if isinstance(names, str):
        raise RowError(names)
    return resolve_columns(given, names)


def read_rows(place: Place, stretch: Stretch, given: Mapping[str, str]) -> Iterator[tuple[Row, Mapping[str, str]]]:
    """Yield the rows of a stretch, each with its columns by role.

    Raises:
        RowError: as for `file_columns`.
        OSError: the file cannot be read.
    """
    kind = suffix(stretch.path)
    if kind in PARQUET:
        yield from _parquet_rows(place, stretch, given)
        return
    with place.open(stretch.path) as file:
        if kind in LINES:
            yield from _line_rows(file, stretch, given)
        else:
            yield from _table_rows(file, stretch, given)


def _line_rows(file: Any, stretch: Stretch, given: Mapping[str, str]) -> Iterator[tuple[Row, Mapping[str, str]]]:
    for line in read_lines(file, stretch.start, stretch.stop, stretch.number):
        if line.content is None:
            yield Row(line.number, too_long()), {}
            continue
        if not line.content.strip():
            continue
        try:
            values = orjson.loads(line.content)
        except ValueError as error:
            yield Row(line.number, f"is not JSON: {error}"), {}
            continue
        if isinstance(values, dict):
            yield Row(line.number, values), choose_columns(given, values)
        else:
            yield Row(line.number, "should be a JSON object"), {}


def _table_rows(file: Any, stretch: Stretch, given: Mapping[str, str]) -> Iterator[tuple[Row, Mapping[str, str]]]:
    names, delimiter = read_header(file, stretch.stop)
    if isinstance(names, str):
        raise RowError(names)
    columns = resolve_columns(given, names)
    lines = read_lines(file, stretch.start, stretch.stop, stretch.number)
    for record in csv_records(lines, delimiter, len(names)):
        if isinstance(record.cells, str):
            yield Row(record.number, record.cells), {}
        else:
            yield Row(record.number, dict(zip(names, record.cells, strict=True))), columns


def open_parquet(place: Place, path: str) -> pq.ParquetFile:
    """Open a Parquet file such that a row group is read in pieces, however large it is.

    Raises:
        RowError: it is no Parquet file.
        OSError: it cannot be read.
    """
    try:
        return pq.ParquetFile(place.open(path), buffer_size=_READ_AT_ONCE, pre_buffer=False)
    except pa.ArrowInvalid as error:
        raise RowError(f"is not Parquet: {' '.join(str(error).split())}") from None


def _parquet_names(place: Place, path: str) -> list[str]:
    with open_parquet(place, path) as file:
        return list(file.schema_arrow.names)


def _parquet_rows(place: Place, stretch: Stretch, given: Mapping[str, str]) -> Iterator[tuple[Row, Mapping[str, str]]]:
    with open_parquet(place, stretch.path) as file:
        columns = resolve_columns(given, file.schema_arrow.names)
        groups, behind = _overlapping(file, stretch)
        position = behind
        names = list(dict.fromkeys(columns.values()))
        for batch in file.iter_batches(_ROWS_AT_ONCE, row_groups=groups, columns=names, use_threads=False):
            first = max(0, stretch.start - position)
            last = min(len(batch), stretch.stop - position)
            if first < last:
                for index, values in enumerate(_values(batch.slice(first, last - first)), position + first + 1):
                    yield Row(index, values), columns
            position += len(batch)
            if position >= stretch.stop:
                return


def _overlapping(file: pq.ParquetFile, stretch: Stretch) -> tuple[Sequence[int], int]:
    """Return the row groups that hold rows of a stretch, and the number of rows before these."""
    groups: list[int] = []
    before = position = 0
    for group in range(file.metadata.num_row_groups):
        rows = file.metadata.row_group(group).num_rows
        if position + rows > stretch.start and position < stretch.stop:
            before = before if groups else position
            groups.append(group)
        position += rows
    return groups, before


def _values(batch: pa.RecordBatch) -> Iterator[Mapping[str, Any] | str]:
    """Yield the rows of a record batch; one that Python cannot hold is a fault of its own."""
    try:
        rows = batch.to_pylist()
    except (ValueError, pa.ArrowException, OverflowError) as error:
        if len(batch) == 1:
            yield f"cannot be read: {' '.join(str(error).split())}"
            return
        for index in range(len(batch)):
            yield from _values(batch.slice(index, 1))
        return
    yield from rows
