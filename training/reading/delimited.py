"""CSV and TSV, line by line, with quotation marks as they come.

Files of tables quote their cells in two ways: by the rules of CSV, where a cell in quotation marks may hold the
delimiter and line breaks, or not at all, so that a quotation mark is a character as any other. TSV files of published
corpora are often of the second kind. One bad row costs no other.
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from training.reading.lines import Complain, raw_lines
from training.reading.rows import Row

Parsed = tuple[int, list[str] | str]
"""The line that a record begins in, and its cells, or what is wrong with it."""

LINES_PER_RECORD = 1000
"""Lines after which a quotation mark that was opened counts as never closed."""

QUOTED = re.compile(r'"((?:[^"]|"")*)"')


def read_delimited(path: Path, complain: Complain) -> Iterator[Row]:
    """Yield the rows of a CSV or TSV file with the names of the first line; rows of another length are faults.

    The delimiter is a tab in ``.tsv`` files, else a comma, or a semicolon where the first line has no comma.

    Raises:
        CorpusError: the file cannot be read.
    """
    lines = [(number, line) for number, line in raw_lines(path, complain)]
    header = next((line for _, line in lines if line.strip()), "")
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ";" if ";" in header and "," not in header else ","
    records = _tab_separated(lines) if delimiter == "\t" else list(_quoted(lines, delimiter))
    names: list[str] | None = None
    for number, cells in records:
        if isinstance(cells, str):
            complain(str(number), cells)
        elif names is None:
            names = cells
            if twice := [name for name in names if name and names.count(name) > 1]:
                complain(str(number), f"the column {twice[0]!r} stands twice")
                return
        elif len(cells) != len(names):
            complain(str(number), f"{len(cells)} columns, but the first line has {len(names)}")
        else:
            yield Row(str(number), number, dict(zip(names, cells, strict=True)))


def _tab_separated(lines: Sequence[tuple[int, str]]) -> list[Parsed]:
    """Read both ways and take the one that leaves fewer bad rows; if in doubt, a line is a row."""
    plain, quoted = list(_plain(lines)), list(_quoted(lines, "\t"))
    return quoted if _bad(quoted) < _bad(plain) else plain


def _bad(records: Sequence[Parsed]) -> int:
    width = len(records[0][1]) if records else 0
    return sum(isinstance(cells, str) or len(cells) != width for _, cells in records)


def _plain(lines: Sequence[tuple[int, str]]) -> Iterator[Parsed]:
    """Yield one record a line; quotation marks are taken off if all cells that begin with one are quoted in full."""
    rows = [(number, line.rstrip("\r").split("\t")) for number, line in lines if line.strip()]
    begun = (cell for _, cells in rows for cell in cells if cell.startswith('"'))
    pair = all(QUOTED.fullmatch(cell) for cell in begun)
    for number, cells in rows:
        yield number, [_unquoted(cell) for cell in cells] if pair else cells


def _unquoted(cell: str) -> str:
    return cell[1:-1].replace('""', '"') if QUOTED.fullmatch(cell) else cell


def _quoted(lines: Sequence[tuple[int, str]], delimiter: str) -> Iterator[Parsed]:
    """Yield the records of a file that is quoted by the rules; after a bad one it goes on with the next line."""
    csv.field_size_limit(sys.maxsize)
    width = place = 0
    while place < len(lines):
        number, line = lines[place]
        if not line.strip():
            place += 1
            continue
        source = _Lines(lines, place)
        try:
            cells = next(csv.reader(source, delimiter=delimiter, strict=True))
        except csv.Error as error:
            yield number, f"not CSV: {error}" if source.taken == 1 else "a quotation mark opens a cell and closes none"
            place += 1
            continue
        width = width or len(cells)
        yield number, cells
        # A wrong quotation mark that swallowed lines must not cost these.
        place += source.taken if len(cells) == width else 1


class _Lines:
    """Hands out lines from one place on, and counts them."""

    def __init__(self, lines: Sequence[tuple[int, str]], place: int) -> None:
        self.taken = 0
        self._lines, self._place = lines, place

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        at = self._place + self.taken
        if at >= len(self._lines) or self.taken >= LINES_PER_RECORD:
            raise StopIteration
        self.taken += 1
        return self._lines[at][1] + "\n"
