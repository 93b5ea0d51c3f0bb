"""Partitions hold every row once, whatever the file and the size."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.bulk import records
from service.bulk.places import open_place
from service.bulk.planning import Unit, plan_units
from service.bulk.reading import SUFFIXES, read_rows

CELL = st.text(st.sampled_from('ab ,;"\n\r\u00e9'), max_size=6)
ROWS = st.lists(st.tuples(CELL, CELL), max_size=30)
ROWS_IN_PARTITION = st.integers(1, 12)


def plan(path: Path, rows: int) -> list[Unit]:
    place = open_place(str(path))
    return plan_units(place, place.files(SUFFIXES), {}, rows)


def read(path: Path, units: list[Unit]) -> list[tuple[int, object]]:
    place = open_place(str(path))
    return [(row.number, row.values) for unit in units for row, _ in read_rows(place, unit.stretch, {})]


def check(path: Path, rows: int) -> list[tuple[int, object]]:
    """Check that partitions are of the size that was asked for and hold together what one partition holds."""
    whole = read(path, plan(path, 10**9))
    units = plan(path, rows)
    assert read(path, units) == whole
    assert [unit.number for unit in units] == list(range(len(units)))
    assert [unit.rows for unit in units[:-1]] == [rows] * (len(units) - 1)
    assert sum(unit.rows for unit in units) == len(whole)
    return whole


@given(ROWS, ROWS_IN_PARTITION, st.booleans())
def test_csv(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], size: int, marked: bool) -> None:
    path = _folder(tmp_path_factory) / "in.csv"
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerows([("id", "text"), *rows])
    path.write_bytes(b"\xef\xbb\xbf" * marked + text.getvalue().encode())
    found = check(path, size)
    # What is nothing but white space is no record.
    written = [row for row in rows if _line(row).strip()]
    assert [values for _, values in found] == [{"id": first, "text": second} for first, second in written]


@given(st.lists(st.text(st.sampled_from('ab",\n'), max_size=8), max_size=40), ROWS_IN_PARTITION)
def test_broken_csv(tmp_path_factory: pytest.TempPathFactory, pieces: list[str], size: int) -> None:
    """Whatever a file holds, the same rows and the same faults come out of partitions of any size."""
    path = _folder(tmp_path_factory) / "in.csv"
    path.write_text("id,text\n" + "\n".join(pieces), encoding="utf-8")
    check(path, size)


@given(st.lists(st.one_of(st.just(""), st.just("nonsense"), st.text(max_size=5).map(json.dumps))), ROWS_IN_PARTITION)
def test_lines(tmp_path_factory: pytest.TempPathFactory, lines: list[str], size: int) -> None:
    path = _folder(tmp_path_factory) / "in.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    found = check(path, size)
    assert [number for number, _ in found] == [number for number, line in enumerate(lines, 1) if line.strip()]


@given(st.integers(0, 60), st.integers(1, 17), ROWS_IN_PARTITION)
def test_parquet(tmp_path_factory: pytest.TempPathFactory, rows: int, in_group: int, size: int) -> None:
    path = _folder(tmp_path_factory) / "in.parquet"
    table = pa.table({"text": pa.array([f"t{number}" for number in range(rows)], pa.string())})
    pq.write_table(table, path, row_group_size=in_group)
    found = check(path, size)
    assert found == [(number + 1, {"text": f"t{number}"}) for number in range(rows)]


def test_a_long_line_is_skipped_without_being_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(b'{"text": "a"}\n' + b"x" * (3 << 20) + b'\n{"text": "b"}\n' + b"y" * (3 << 20))
    monkeypatch.setattr(records, "MAX_LINE", 1 << 20)
    found = check(path, 2)
    assert found == [
        (1, {"text": "a"}),
        (2, "is longer than 1,048,576 bytes"),
        (3, {"text": "b"}),
        (4, "is longer than 1,048,576 bytes"),
    ]


def _folder(factory: pytest.TempPathFactory) -> Path:
    """Return a folder for the examples of a test, which each write over the last one's file."""
    folder = factory.getbasetemp() / "partitions"
    folder.mkdir(exist_ok=True)
    return folder


def _line(row: tuple[str, str]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerow(row)
    return text.getvalue()
