"""Files and folders by path or URL, read in pieces and written whole or not at all."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from pyarrow import fs as pafs

from service.cli.journal import sync, sync_folder

TEMPORARY = "_temporary"
"""Folder of an output on a file system for what is not yet whole."""

_BUFFER = 8 << 20
_QUESTIONS = 16
_ARROW_SCHEMES = frozenset({"abfs", "abfss", "gcs", "gs", "hdfs", "viewfs"})


class PlaceError(Exception):
    """A path or URL does not lead anywhere; the message says why."""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file of a place.

    Attributes:
        path: Its path in the file system.
        size: Its bytes.
        identity: A text that changes when the file does.
    """

    path: str
    size: int
    identity: str


@dataclass(frozen=True, slots=True)
class Place:
    """A file or a folder in a file system, which may be an object store.

    Attributes:
        system: The file system.
        path: The path in it, without a slash at the end.
        url: The path or URL that leads to it from anywhere.
        local: Whether it is on a file system of this machine.
    """

    system: pafs.FileSystem
    path: str
    url: str
    local: bool = False

    def __str__(self) -> str:
        """Return the path or URL."""
        return self.url

    def name(self, path: str) -> str:
        """Return the path or URL of a file of this place."""
        return f"{self.url}{path.removeprefix(self.path)}"

    def files(self, suffixes: frozenset[str]) -> list[FoundFile]:
        """Return the file itself, or the files of the folder with these suffixes, however deep, in a fixed order.

        Names that begin with a dot or an underscore are passed over, and so is what lies in folders of such names.

        Raises:
            PlaceError: there is neither a file nor a folder.
            OSError: it cannot be read.
        """
        info = self.system.get_file_info(self.path)
        if info.type == pafs.FileType.NotFound:
            raise PlaceError(f"{self}: there is no such file or folder")
        if info.type == pafs.FileType.File:
            return [self._found(info)]
        found = self.system.get_file_info(pafs.FileSelector(self.path, recursive=True))
        wanted = [item for item in found if item.type == pafs.FileType.File and self._is_data(item.path, suffixes)]
        # An object store is asked for each file's tag, which takes a round trip.
        with ThreadPoolExecutor(1 if self.local else _QUESTIONS) as pool:
            return list(pool.map(self._found, sorted(wanted, key=lambda item: item.path)))

    def find(self, path: str) -> FoundFile | None:
        """Return what stands at a path of the file system now, if it is a file."""
        info = self.system.get_file_info(path)
        return self._found(info) if info.type == pafs.FileType.File else None

    def open(self, path: str) -> Any:
        """Open a file of the file system, for reading at any offset, as a ``pyarrow.NativeFile``.

        Raises:
            OSError: it cannot be opened.
        """
        return self.system.open_input_file(path)

    def names(self, folder: str = "") -> list[str]:
        """Return the names of the files in a folder of this place; none if there is no such folder."""
        selector = pafs.FileSelector(self._at(folder), allow_not_found=True)
        return sorted(item.base_name for item in self.system.get_file_info(selector) if item.is_file)

    def is_empty(self) -> bool:
        """Tell whether there is nothing yet.

        Raises:
            PlaceError: there is a file.
        """
        info = self.system.get_file_info(self.path)
        if info.type == pafs.FileType.File:
            raise PlaceError(f"{self}: is a file; the output is a folder")
        return not self.system.get_file_info(pafs.FileSelector(self.path, allow_not_found=True))

    def read(self, name: str) -> bytes | None:
        """Return what a file of this place holds; None if there is none."""
        try:
            with self.system.open_input_stream(self._at(name)) as stream:
                return bytes(stream.read())
        except FileNotFoundError:
            return None

    def put(self, name: str, data: bytes) -> None:
        """Write a file of this place; see `put_with`."""
        self.put_with(name, lambda file: file.write(data))

    def put_with(self, name: str, write: Callable[[BinaryIO], object]) -> None:
        """Have a function write a file of this place, which appears whole or not at all, in place of an older one.

        On a file system it is written beside and renamed once it is on the disk; an object store gets one upload,
        which such a store makes visible when it is complete.

        Raises:
            OSError: it cannot be written.
        """
        if self.local:
            self._rename_into(name, write)
        else:
            self._upload(name, write)

    def remove_folder(self, name: str) -> None:
        """Remove a folder of this place with all that is in it, if there is one."""
        with suppress(FileNotFoundError):
            self.system.delete_dir(self._at(name))

    def _rename_into(self, name: str, write: Callable[[BinaryIO], object]) -> None:
        target = Path(self.path) / name
        waiting = Path(self.path) / TEMPORARY
        target.parent.mkdir(parents=True, exist_ok=True)
        waiting.mkdir(exist_ok=True)
        fresh = waiting / f"{target.name}.{os.getpid()}.{secrets.token_hex(4)}"
        try:
            with fresh.open("wb") as file:
                write(file)
                sync(file)
            fresh.replace(target)
        except BaseException:
            with suppress(OSError):
                fresh.unlink()
            raise
        sync_folder(target)

    def _upload(self, name: str, write: Callable[[BinaryIO], object]) -> None:
        with tempfile.SpooledTemporaryFile(_BUFFER) as whole:
            write(whole)  # type: ignore[arg-type]
            whole.seek(0)
            with self.system.open_output_stream(self._at(name), buffer_size=None) as stream:
                while piece := whole.read(_BUFFER):
                    stream.write(piece)

    def _at(self, name: str) -> str:
        return f"{self.path}/{name}" if name else self.path

    def _is_data(self, path: str, suffixes: frozenset[str]) -> bool:
        inside = path.removeprefix(self.path).strip("/")
        return suffix(path) in suffixes and not any(part.startswith(("_", ".")) for part in inside.split("/"))

    def _found(self, info: pafs.FileInfo) -> FoundFile:
        identity = f"{info.size:,} bytes, changed at {(info.mtime_ns or 0) / 1e9:.6f}"
        if not self.local:
            identity += self._tag(info.path)
        return FoundFile(info.path, info.size, identity)

    def _tag(self, path: str) -> str:
        """Return the tag that an object store gives the content, if it does."""
        with suppress(OSError, NotImplementedError), self.system.open_input_stream(path) as stream:
            if tag := (stream.metadata() or {}).get("ETag"):
                return f", ETag {tag.decode()}"
        return ""


def suffix(path: str) -> str:
    """Return the suffix of a file name, in lower case."""
    return Path(path).suffix.lower()


def open_place(url: str) -> Place:
    """Return the place that a path or URL names; relative paths count from the working directory.

    ``s3://`` honours ``AWS_ENDPOINT_URL`` and ``AWS_ENDPOINT_URL_S3``; what pyarrow does not know goes to fsspec.

    Raises:
        PlaceError: nobody knows such URLs, or what serves them is not installed.
    """
    scheme, sign, rest = url.partition("://")
    if not sign or scheme == "file":
        path = os.path.abspath(rest if sign else url)  # noqa: PTH100 - resolve would follow links
        return Place(pafs.LocalFileSystem(), path, path, local=True)
    try:
        if scheme == "s3":
            return Place(_s3(rest.partition("/")[0]), rest.rstrip("/"), url.rstrip("/"))
        if scheme in _ARROW_SCHEMES:
            system, path = pafs.FileSystem.from_uri(url)
            return Place(system, path.rstrip("/"), url.rstrip("/"))
        return _fsspec_place(url)
    except (OSError, ValueError, ImportError) as error:
        raise PlaceError(f"{url}: {' '.join(str(error).split())}") from None


def _s3(bucket: str) -> pafs.S3FileSystem:
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if region is None and endpoint is None:
        region = pafs.resolve_s3_region(bucket)
    # A small object then takes one request; a large one is uploaded in pieces and appears with the last.
    return pafs.S3FileSystem(endpoint_override=endpoint, region=region, allow_delayed_open=True)


def _fsspec_place(url: str) -> Place:
    from fsspec.core import url_to_fs  # noqa: PLC0415

    system, path = url_to_fs(url)
    return Place(pafs.PyFileSystem(pafs.FSSpecHandler(system)), path.rstrip("/"), url.rstrip("/"))
