"""Files to documents: a text file is one, a file of JSON Lines holds one a line."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, BinaryIO

from service.cli.inputs import STANDARD_INPUT, InputFault, decode, read_bytes, unreadable
from service.cli.listing import Inputs

if TYPE_CHECKING:
    from model.documents import Document

LINE_SUFFIXES = frozenset([".jsonl", ".ndjson"])


class InputFormat(StrEnum):
    """What the files hold."""

    AUTO = "auto"
    TEXT = "text"
    JSONL = "jsonl"


@dataclass(frozen=True, slots=True)
class Place:
    """How far the input has been read; reading can go on from here.

    Attributes:
        file: Number of the next file to read from, in the order of `Inputs.files`.
        offset: Bytes of it that are read.
        line: Lines of it that are read.
        done: Bytes read of all files.
    """

    file: int = 0
    offset: int = 0
    line: int = 0
    done: int = 0


class DocumentReader:
    """Reads documents one after the other; what cannot be read is reported, and the rest goes on."""

    def __init__(
        self, inputs: Inputs, format: InputFormat, day: date | None, report: Callable[[InputFault], None]
    ) -> None:
        """Take the inputs.

        Args:
            inputs: What to read.
            format: What the files hold; ``auto`` goes by their names.
            day: Day of writing of documents that do not say so themselves.
            report: Called with each fault, in the order of reading.
        """
        self._inputs = inputs
        self._format = format
        self._day = day
        self._report = report

    def read(self, start: Place) -> Iterator[tuple[Document, Place]]:
        """Yield the documents behind a place, each with the place behind it."""
        here = start
        for number, name in enumerate(self._inputs.files()):
            if number < start.file:
                continue
            if isinstance(name, InputFault):
                self._report(name)
                continue
            try:
                for document, behind in self._read_file(name, replace(here, file=number)):
                    here = behind
                    yield document, behind
            except InputFault as fault:
                self._report(fault)
            here = Place(done=here.done)

    def _read_file(self, name: str, place: Place) -> Iterator[tuple[Document, Place]]:
        if self._holds_lines(name):
            yield from self._read_lines(name, place)
            return
        raw = read_bytes(name)
        # A file name need not be text: bytes that are not UTF-8 would make the answer unwritable.
        id = os.fsencode(name).decode("utf-8", "replace")
        yield self._text_document(name, id, decode(name, raw)), Place(place.file + 1, done=place.done + len(raw))

    def _holds_lines(self, name: str) -> bool:
        if self._format is InputFormat.AUTO:
            return PurePath(name).suffix.lower() in LINE_SUFFIXES
        return self._format is InputFormat.JSONL

    def _read_lines(self, name: str, place: Place) -> Iterator[tuple[Document, Place]]:
        try:
            with _open(name) as stream:
                if place.offset:
                    stream.seek(place.offset)
                for raw in stream:
                    size = len(raw)
                    place = Place(place.file, place.offset + size, place.line + 1, place.done + size)
                    document = self._read_line(name, place.line, raw)
                    if document is not None:
                        yield document, place
        except OSError as error:
            raise unreadable(name, error) from None

    def _read_line(self, name: str, number: int, raw: bytes) -> Document | None:
        try:
            data = _parse(name, number, raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw)
            return None if data is None else self._line_document(name, number, data)
        except InputFault as fault:
            self._report(fault)
            return None

    def _line_document(self, name: str, number: int, data: Any) -> Document:
        """Make a document of a line; one without an id goes by its file and line."""
        from pydantic import ValidationError  # noqa: PLC0415

        from service.problems import describe  # noqa: PLC0415
        from service.schemas import DocumentIn  # noqa: PLC0415
        from service.validation import schema_faults, usable_id  # noqa: PLC0415

        try:
            document = DocumentIn.model_validate(data).to_document()
        except ValidationError as error:
            reason = describe(schema_faults(error, DocumentIn))
            raise InputFault(name, reason, line=number, id=usable_id(data)) from None
        _check(document, name, number)
        fallback = f"{os.fsencode(name).decode('utf-8', 'replace')}:{number}"
        return replace(document, id=fallback if document.id is None else document.id, date=document.date or self._day)

    def _text_document(self, name: str, id: str, text: str) -> Document:
        from model.documents import Document  # noqa: PLC0415

        document = Document(text=text, id=id, date=self._day)
        _check(document, name, None)
        return document


def _open(name: str) -> AbstractContextManager[BinaryIO]:
    try:
        return nullcontext(sys.stdin.buffer) if name == STANDARD_INPUT else Path(name).open("rb")
    except (OSError, ValueError) as error:
        raise unreadable(name, error) from None


def _parse(name: str, number: int, raw: bytes) -> Any:
    """Return what a line of JSON says; None for an empty one."""
    import orjson  # noqa: PLC0415

    if not raw.strip():
        return None
    try:
        data = orjson.loads(raw)
    except ValueError as error:
        raise InputFault(name, f"is not JSON: {error}", line=number) from None
    if data is None:
        raise InputFault(name, "should be a JSON object, not null", line=number)
    return data


def _check(document: Document, name: str, line: int | None) -> None:
    from model.documents import check_document  # noqa: PLC0415
    from model.errors import DocumentError  # noqa: PLC0415

    try:
        check_document(document)
    except DocumentError as error:
        raise InputFault(name, str(error), line=line, id=document.id if line is not None else None) from None
