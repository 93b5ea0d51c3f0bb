"""Files and folders to the files to read, in a fixed order, and what tells one set of them from another."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG

from service.cli.exits import USAGE
from service.cli.inputs import STANDARD_INPUT, InputFault, unreadable

PATTERNS = ("*.txt", "*.jsonl", "*.ndjson")
"""Which files of a folder are read."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a command was asked to read.

    Attributes:
        names: Files, folders, and ``-`` for standard input.
        patterns: Which files of the folders to read, however deep they lie.
    """

    names: Sequence[str]
    patterns: Sequence[str] = PATTERNS

    def files(self) -> Iterator[str | InputFault]:
        """Yield the names of the files in the order of reading, and in their places what cannot be read.

        Holds the names of one folder at a time in memory, not those of all files.
        """
        for name in self.names:
            yield from self._of(name)

    def _of(self, name: str) -> Iterator[str | InputFault]:
        if name == STANDARD_INPUT or not _is_folder(name):
            yield name
            return
        empty = True
        for found in self._walk(Path(name), Path(name)):
            empty = False
            yield found
        if empty:
            yield InputFault(name, f"this directory holds no file that is named {' or '.join(self.patterns)}", USAGE)

    def _walk(self, folder: Path, root: Path) -> Iterator[str | InputFault]:
        try:
            entries = sorted(folder.iterdir())
        except OSError as error:
            yield unreadable(str(folder), error)
            return
        for entry in entries:
            if entry.is_dir():
                # A link to a folder may lead back up.
                if not entry.is_symlink():
                    yield from self._walk(entry, root)
            elif self._matches(entry.relative_to(root)) and (entry.is_file() or entry.is_symlink()):
                yield str(entry)

    def _matches(self, path: Path) -> bool:
        return any(path.match(pattern) for pattern in self.patterns)

    def reads(self, path: Path) -> bool:
        """Say whether a file, that need not exist yet, is or would be among the inputs."""
        return any(name != STANDARD_INPUT and self._covers(Path(name), path) for name in self.names)

    def _covers(self, given: Path, path: Path) -> bool:
        try:
            if not given.is_dir():
                return given.samefile(path)
            inside = path.resolve().relative_to(given.resolve())
        except (OSError, ValueError):
            return False
        return self._matches(inside)

    def identify(self) -> list[Identity]:
        """Say of each name what stands there now."""
        return [self._identify(name) for name in self.names]

    def _identify(self, name: str) -> Identity:
        if name == STANDARD_INPUT:
            return Identity(name, "a stream", None)
        if not _is_folder(name):
            return _identify_file(name)
        digest = hashlib.sha256()
        count = size = 0
        for file in self._of(name):
            identity = Identity(file.file, str(file), 0) if isinstance(file, InputFault) else _identify_file(file)
            digest.update(f"{identity.name}\0{identity.content}\n".encode("utf-8", "surrogateescape"))
            count += 1
            size += identity.size or 0
        content = f"{count:,} files of {size:,} bytes, hash of names, sizes and times {digest.hexdigest()[:16]}"
        return Identity(name, content, size)


@dataclass(frozen=True, slots=True)
class Identity:
    """What stands in one place.

    Attributes:
        name: File or folder.
        content: A text that changes when the file, or any file of the folder, changes.
        size: Bytes to read; None where that is not known, and where reading again would not give the same.
    """

    name: str
    content: str
    size: int | None


def _identify_file(name: str) -> Identity:
    try:
        found = Path(name).stat()
    except (OSError, ValueError) as error:
        return Identity(name, unreadable(name, error).reason, 0)
    if not S_ISREG(found.st_mode):
        return Identity(name, "a stream", None)
    return Identity(name, f"{found.st_size:,} bytes, changed at {found.st_mtime_ns / 1e9:.6f}", found.st_size)


def _is_folder(name: str) -> bool:
    try:
        return Path(name).is_dir()
    except (OSError, ValueError):
        return False
