"""Reading of the texts that a command is given."""

from __future__ import annotations

import sys
from pathlib import Path

from service.cli.exits import FAILED, USAGE

STANDARD_INPUT = "-"


class InputFault(Exception):
    """A file that cannot be classified.

    Attributes:
        code: Exit code of a command that was given only such files.
    """

    def __init__(self, message: str, code: int) -> None:
        """Keep one line that names the file and says what is wrong."""
        super().__init__(message)
        self.code = code


def read_text(name: str) -> str:
    """Read a UTF-8 file, or standard input when its name is ``-``; line ends stay as they are.

    Raises:
        InputFault: it does not exist, is a directory, cannot be read or is not UTF-8.
    """
    try:
        raw = sys.stdin.buffer.read() if name == STANDARD_INPUT else Path(name).read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InputFault(f"{name}: {reason or 'cannot be read'}", USAGE) from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputFault(f"{name}: is not UTF-8 text (byte {error.start}); convert it first", FAILED) from None
