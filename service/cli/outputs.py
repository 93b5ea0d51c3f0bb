"""Where answers go: a stream, a file that can be continued, or a Parquet file made of one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Protocol

from service.cli.journal import sync, sync_folder


class Output(Protocol):
    """A place to which bytes are written in order."""

    @property
    def size(self) -> int:
        """Bytes written."""

    def write(self, data: bytes) -> None:
        """Append bytes."""

    def sync(self) -> None:
        """Bring what is written to the disk."""

    def complete(self) -> None:
        """Turn what is written into what was asked for."""

    def close(self) -> None:
        """Let go of it."""

    def clear(self) -> None:
        """Remove what was only needed on the way."""


class StreamOutput:
    """Standard output; whoever reads it sees each document as soon as it is written."""

    def __init__(self, stream: BinaryIO) -> None:
        self.size = 0
        self._stream = stream

    def write(self, data: bytes) -> None:
        """Append bytes."""
        self._stream.write(data)
        self._stream.flush()
        self.size += len(data)

    def sync(self) -> None:
        """Do nothing: a stream is not on a disk."""

    def complete(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Leave it open, it is not ours."""

    def clear(self) -> None:
        """Do nothing."""


class FileOutput:
    """A file; made when the first bytes are written, so that a run without any leaves none."""

    def __init__(self, path: Path, size: int = 0) -> None:
        """Write to a file behind its first ``size`` bytes; what follows them is cut off.

        Raises:
            OSError: it cannot be opened.
            ValueError: it is shorter than that, or missing.
        """
        self.path = path
        self.size = size
        self._file: BinaryIO | None = None
        if size:
            if not path.is_file() or path.stat().st_size < size:
                raise ValueError(f"{path} is missing or shorter than it was")
            self._file = path.open("r+b")
            self._file.truncate(size)
            self._file.seek(size)

    def write(self, data: bytes) -> None:
        """Append bytes."""
        if not data:
            return
        with self._named():
            if self._file is None:
                self._file = self.path.open("wb")
            self._file.write(data)
        self.size += len(data)

    def sync(self) -> None:
        """Bring what is written to the disk."""
        if self._file is not None:
            with self._named():
                sync(self._file)

    def complete(self) -> None:
        """Bring everything to the disk."""
        self.sync()

    def close(self) -> None:
        """Close the file, whatever of it could be written."""
        if self._file is not None:
            # On a full disk closing fails as writing did, which has been reported.
            with suppress(OSError):
                self._file.close()

    def clear(self) -> None:
        """Do nothing: all of it is wanted."""

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Name the file in errors of writing, which do not say it themselves."""
        try:
            yield
        except OSError as error:
            error.filename = error.filename or str(self.path)
            raise


class ParquetOutput(FileOutput):
    """A Parquet file, and beside it, until that is complete, a file with its rows."""

    def __init__(self, path: Path, schema: object, size: int = 0) -> None:
        """Write rows beside a Parquet file; arguments and errors as for `FileOutput`."""
        super().__init__(path.with_name(path.name + ".rows"), size)
        self._target = path
        self._schema = schema

    def complete(self) -> None:
        """Write the Parquet file."""
        from service.cli.parquet import write_parquet  # noqa: PLC0415

        self.sync()
        fresh = self._target.with_name(self._target.name + ".new")
        write_parquet(self.path, self._schema, fresh)
        with fresh.open("rb") as file:
            sync(file)
        fresh.replace(self._target)
        sync_folder(self._target)

    def clear(self) -> None:
        """Remove the file with the rows."""
        self.path.unlink()
