"""What can be wrong with an input, and reading of one text."""

from __future__ import annotations

import sys
from pathlib import Path

from service.cli.exits import FAILED, USAGE

STANDARD_INPUT = "-"


class InputFault(Exception):
    """A file, or a line of one, that cannot be classified.

    Attributes:
        file: Name of the file.
        reason: What is wrong with it.
        code: Exit code of a command that was given only such input.
        line: Number of the faulty line, from 1; None if the whole file is faulty.
        id: Id of the faulty document, if it has one.
    """

    def __init__(
        self, file: str, reason: str, code: int = FAILED, *, line: int | None = None, id: str | None = None
    ) -> None:
        """Make one line of it that names the file and the line, and says what is wrong."""
        super().__init__(f"{file if line is None else f'{file}:{line}'}: {reason}")
        self.file = file
        self.reason = reason
        self.code = code
        self.line = line
        self.id = id


def read_text(name: str) -> str:
    """Read a UTF-8 file, or standard input when its name is ``-``; line ends stay as they are.

    Raises:
        InputFault: it does not exist, is a directory, cannot be read or is not UTF-8.
    """
    return decode(name, read_bytes(name))


def read_bytes(name: str) -> bytes:
    """Read a file, or standard input when its name is ``-``.

    Raises:
        InputFault: it does not exist, is a directory or cannot be read.
    """
    try:
        return sys.stdin.buffer.read() if name == STANDARD_INPUT else Path(name).read_bytes()
    except (OSError, ValueError) as error:
        raise unreadable(name, error) from None


def decode(name: str, raw: bytes) -> str:
    """Read the text of a file.

    Raises:
        InputFault: it is not UTF-8.
    """
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputFault(name, f"is not UTF-8 text (byte {error.start}); convert it first") from None


def unreadable(name: str, error: OSError | ValueError) -> InputFault:
    """Return the fault of a file that the system does not give."""
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return InputFault(name, reason or "cannot be read", USAGE)
