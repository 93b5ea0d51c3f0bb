"""Lines and CSV records of a stretch of a file, in bounded memory, with their numbers and offsets."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

MAX_LINE = 16 << 20
"""Bytes of a line at most; a longer one is skipped without being held."""

MAX_RECORD_LINES = 1_000
"""Lines after which a quotation mark that was opened counts as never closed."""

UNCLOSED = "a quotation mark opens a cell that is not closed, or only where the columns do not fit"
"""What is wrong with a record that swallows the lines behind it; the same wherever a partition ends."""

_PIECE = 1 << 20
_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a file.

    Attributes:
        number: Its number in the file, from 1.
        offset: Where it begins, in bytes.
        content: Its bytes without the line feed; None if there are more than `MAX_LINE`.
    """

    number: int
    offset: int
    content: bytes | None


@dataclass(frozen=True, slots=True)
class Record:
    """A record of a CSV file.

    Attributes:
        number: The number of its first line, from 1.
        offset: Where it begins, in bytes.
        cells: Its cells, or what is wrong with it.
    """

    number: int
    offset: int
    cells: list[str] | str


def read_lines(file: Any, start: int, stop: int, number: int) -> Iterator[Line]:
    """Yield the lines of a stretch, empty ones too.

    Args:
        file: A file that can seek.
        start: Offset of the first line.
        stop: Offset behind the last line.
        number: Number of the first line.
    """
    file.seek(start)
    held, offset, overlong, at = bytearray(), start, False, start
    while at < stop and (piece := file.read(min(_PIECE, stop - at))):
        *ended, rest = piece.split(b"\n")
        for end in ended:
            if overlong or len(held) + len(end) > MAX_LINE:
                yield Line(number, offset, None)
            else:
                yield _line(number, offset, bytes(held) + end)
            at += len(end) + 1
            number, offset, overlong = number + 1, at, False
            held.clear()
        at += len(rest)
        if overlong or len(held) + len(rest) > MAX_LINE:
            overlong = True
            held.clear()
        else:
            held += rest
    if overlong:
        yield Line(number, offset, None)
    elif held:
        yield _line(number, offset, bytes(held))


def _line(number: int, offset: int, content: bytes) -> Line:
    return Line(number, offset, content if offset else content.removeprefix(_MARK))


def read_header(file: Any, stop: int) -> tuple[list[str] | str, str]:
    """Return the names of a CSV file's columns, or what is wrong with them, and its delimiter.

    The delimiter is a comma, or a semicolon where the first line has no comma.
    """
    lines = read_lines(file, 0, stop, 1)
    first = next(lines, None)
    if first is None:
        return [], ","
    start = first.content or b""
    delimiter = ";" if b";" in start and b"," not in start else ","
    record = next(csv_records(chain([first], lines), delimiter, 0), None)
    if record is None:
        return [], ","
    names = record.cells
    if not isinstance(names, str) and (twice := [name for name in names if name and names.count(name) > 1]):
        return f"the column {twice[0]!r} stands twice", delimiter
    return names, delimiter


def csv_records(lines: Iterator[Line], delimiter: str, width: int) -> Iterator[Record]:
    """Yield the records of a CSV file; after a bad one it goes on with the next line.

    Args:
        lines: Lines from the beginning of a record on.
        delimiter: What parts the cells.
        width: How many cells a record has; 0 for any number.
    """
    ahead: deque[Line] = deque()
    while True:
        if not ahead:
            following = next(lines, None)
            if following is None:
                return
            ahead.append(following)
        first, taken = ahead[0], 1
        cells: list[str] | str
        if first.content is None:
            cells = too_long()
        elif not first.content.strip():
            ahead.popleft()
            continue
        else:
            cells, taken = _parse(_Lookahead(ahead, lines), delimiter)
            if width and not isinstance(cells, str) and len(cells) != width:
                # A wrong quotation mark that swallowed lines must not cost these.
                cells = UNCLOSED if taken > 1 else f"{len(cells)} columns, but the first line has {width}"
                taken = 1
        for _ in range(taken):
            ahead.popleft()
        yield Record(first.number, first.offset, cells)


def too_long() -> str:
    """Say that a line is longer than what is read."""
    return f"is longer than {MAX_LINE:,} bytes"


class _Lookahead:
    """Hands out the text of lines, keeps them, and counts what it handed out."""

    def __init__(self, ahead: deque[Line], lines: Iterator[Line]) -> None:
        self.taken = 0
        self._bytes = 0
        self._ahead = ahead
        self._lines = lines

    def __iter__(self) -> _Lookahead:
        return self

    def __next__(self) -> str:
        if self.taken >= MAX_RECORD_LINES or self._bytes > MAX_LINE:
            raise StopIteration
        if self.taken == len(self._ahead):
            self._ahead.append(next(self._lines))
        content = self._ahead[self.taken].content
        if content is None:
            raise StopIteration
        text = content.decode("utf-8")
        self.taken += 1
        self._bytes += len(content)
        return f"{text}\n"


def _parse(source: _Lookahead, delimiter: str) -> tuple[list[str] | str, int]:
    """Return the cells of the next record, or what is wrong with it, and how many lines it takes."""
    # The standard limit of a cell is 128 kB, less than a long report.
    csv.field_size_limit(MAX_LINE)
    try:
        return next(csv.reader(source, delimiter=delimiter, strict=True)), source.taken
    except UnicodeDecodeError as error:
        if not source.taken:
            return f"is not UTF-8 text (byte {error.start}); convert it first", 1
    except csv.Error as error:
        if source.taken == 1 and "end of data" not in str(error):
            return f"is not CSV: {error}", 1
    return UNCLOSED, 1
