"""What could not be classified: on standard error, and as JSON Lines in a file."""

from __future__ import annotations

import json
from pathlib import Path

from service.cli.exits import FAILED, complain
from service.cli.inputs import InputFault
from service.cli.outputs import FileOutput


class FaultLog:
    """Counts faults and writes them down.

    Attributes:
        count: How many there are.
        code: Exit code of a command none of whose input could be classified.
    """

    def __init__(self, path: Path | None, size: int = 0, count: int = 0) -> None:
        """Write to a file behind its first ``size`` bytes, after ``count`` faults; without a path to none.

        Raises:
            OSError, ValueError: as `FileOutput`.
        """
        self.count = count
        self.code = 0
        self._file = None if path is None else FileOutput(path, size)
        if path is not None and not size:
            path.write_bytes(b"")

    @property
    def size(self) -> int:
        """Bytes written to the file."""
        return 0 if self._file is None else self._file.size

    def report(self, fault: InputFault) -> None:
        """Write one fault down.

        Raises:
            OSError: the file cannot be written.
        """
        complain(str(fault))
        self.count += 1
        self.code = max(self.code, fault.code)
        if self._file is not None:
            data = {"file": fault.file, "line": fault.line, "id": fault.id, "reason": fault.reason}
            self._file.write(json.dumps(data).encode() + b"\n")

    def sync(self) -> None:
        """Bring what is written to the disk."""
        if self._file is not None:
            self._file.sync()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def exit_code(self, documents: int) -> int:
        """Return how the command ends after so many documents were classified."""
        if not documents:
            return self.code or FAILED
        return FAILED if self.count else 0
