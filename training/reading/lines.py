"""Numbered lines of text files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from model.errors import CorpusError

Complain = Callable[[str, str], None]
"""Takes a fault: the place in the file, such as ``7`` or ``row 7``, and what is wrong there."""


def raw_lines(path: Path, complain: Complain) -> Iterator[tuple[int, str]]:
    """Yield all numbered lines without their line feed; a line that is not UTF-8 is a fault of its own.

    Raises:
        CorpusError: the file cannot be read.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise CorpusError(f"{path}: {error.strerror}") from None
    for number, line in enumerate(raw.split(b"\n"), 1):
        try:
            yield number, line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            complain(str(number), f"not UTF-8 at byte {error.start}")


def numbered_lines(path: Path, complain: Complain) -> Iterator[tuple[int, str]]:
    """Yield the numbered lines that hold something, without the white space around it.

    Raises:
        CorpusError: the file cannot be read.
    """
    for number, line in raw_lines(path, complain):
        if text := line.strip():
            yield number, text
