"""The journal beside an output: how much of it is safely written, so that an interrupted run can go on."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Self

from service.cli.reading import Place

SUFFIX = ".progress"


class JournalError(Exception):
    """A run cannot go on where another stopped; the message says why."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A state that is on the disk completely.

    Attributes:
        place: How far the input is done.
        output: Bytes of the output.
        errors: Bytes of the file of errors.
        documents: Documents answered.
        faults: Faults reported.
    """

    place: Place = field(default_factory=Place)
    output: int = 0
    errors: int = 0
    documents: int = 0
    faults: int = 0

    @classmethod
    def from_json(cls, line: str) -> Self:
        """Read what `asdict` gave as JSON.

        Raises:
            ValueError, TypeError, KeyError: it is something else, or torn off.
        """
        data = json.loads(line)
        return cls(**data | {"place": Place(**data["place"])})


class Journal:
    """A file of lines: what the run is, then one checkpoint a line, each written when all it counts is on the disk."""

    def __init__(self, path: Path, run: Mapping[str, str], checkpoint: Checkpoint | None = None) -> None:
        """Start a journal, in the place of one that was there.

        Args:
            path: Where it stands.
            run: What must be the same for the run to be continued, by names that people understand.
            checkpoint: Where the run goes on, if it does.

        Raises:
            OSError: it cannot be written.
        """
        self.path = path
        fresh = path.with_name(path.name + ".new")
        with fresh.open("w", encoding="utf-8") as file:
            file.write(_line(run) + (_line(asdict(checkpoint)) if checkpoint else ""))
            sync(file)
        fresh.replace(path)
        sync_folder(path)
        self._file = path.open("a", encoding="utf-8")

    @classmethod
    def resume(cls, path: Path, run: Mapping[str, str]) -> tuple[Self, Checkpoint]:
        """Go on with the journal of an interrupted run, and return its last checkpoint with it.

        Raises:
            JournalError: that run was another one, or the journal cannot be read.
            OSError: it cannot be read or written.
        """
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
        try:
            different = differences(json.loads(lines[0]), run)
        except (ValueError, AttributeError):
            raise JournalError(f"{path} is no journal of a run; remove it to start over") from None
        if different:
            raise JournalError(
                f"this is not the run that was interrupted: {'; '.join(different)}. Remove {path} to start over"
            )
        checkpoint = _last_checkpoint(lines[1:])
        return cls(path, run, checkpoint), checkpoint

    def add(self, checkpoint: Checkpoint) -> None:
        """Record a checkpoint; what it counts must be on the disk already."""
        self._file.write(_line(asdict(checkpoint)))
        sync(self._file)

    def close(self) -> None:
        """Close the file and leave it."""
        self._file.close()

    def remove(self) -> None:
        """Remove the file: the run is complete."""
        self._file.close()
        self.path.unlink()


def differences(recorded: Mapping[str, str], run: Mapping[str, str]) -> list[str]:
    """Say what differs between the run that was recorded and this one."""
    return [
        f"{key} was {recorded.get(key, 'not given')}, now it is {run.get(key, 'not given')}"
        for key in {**recorded, **run}
        if recorded.get(key) != run.get(key)
    ]


def sync(file: IO[str] | IO[bytes]) -> None:
    """Write a file to the disk."""
    file.flush()
    os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Write to the disk that a file has been made or renamed."""
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _line(data: Mapping[str, object]) -> str:
    return json.dumps(dict(data)) + "\n"


def _last_checkpoint(lines: list[str]) -> Checkpoint:
    last = Checkpoint()
    for line in lines:
        try:
            last = Checkpoint.from_json(line)
        except (ValueError, TypeError, KeyError):
            break
    return last
