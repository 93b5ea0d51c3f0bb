"""From the values of a row to a document, or to what is wrong with it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from model.documents import Document, check_document
from model.errors import DocumentError
from service.days import parse_day

ROLES = {"id": ("id",), "text": ("text", "sentence"), "date": ("date",)}
"""What columns are for, and names that they commonly have; the first one that there is counts."""

MAX_ID = 256
MAX_TEXT = 4_000_000
"""Characters of a text at most: what a partition holds in memory is bounded by a few of them."""


class RowError(Exception):
    """A row is no document; the message names the field and says what is wrong."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of an input.

    Attributes:
        number: Its line, or in Parquet its row, from 1.
        values: Its values by the names of their columns; or what is wrong with it.
    """

    number: int
    values: Mapping[str, Any] | str


def parse_columns(text: str) -> dict[str, str]:
    """Read ``role=name,role=name``.

    Raises:
        ValueError: a part is no such pair, or a role is unknown or stands twice.
    """
    columns: dict[str, str] = {}
    for part in text.split(","):
        role, sign, name = (piece.strip() for piece in part.partition("="))
        if not sign or not name or role not in ROLES:
            raise ValueError(f"{part.strip()!r}: expected ROLE=NAME with one of {', '.join(ROLES)}")
        if role in columns:
            raise ValueError(f"{role} stands twice")
        columns[role] = name
    return columns


def resolve_columns(given: Mapping[str, str], present: Collection[str]) -> dict[str, str]:
    """Return the columns of a table by role.

    Raises:
        RowError: a column that was named is not there, or there is none for the text.
    """
    shown = ", ".join(filter(None, present))
    for role, name in given.items():
        if name not in present:
            raise RowError(f"no column {name!r} for {role}; there are {shown}")
    found = dict(given) | {
        role: next((name for name in names if name in present), "")
        for role, names in ROLES.items()
        if role not in given
    }
    if not found["text"]:
        raise RowError(f"no column for the text; name it with --columns text=NAME; there are {shown or 'none'}")
    return {role: name for role, name in found.items() if name}


def choose_columns(given: Mapping[str, str], values: Mapping[str, Any]) -> dict[str, str]:
    """Return the columns of a row whose fields may differ from those of its neighbours; what is missing is left out."""
    return {
        role: name
        for role, names in ROLES.items()
        if (name := given.get(role) or next((common for common in names if common in values), ""))
    }


def make_document(values: Mapping[str, Any], columns: Mapping[str, str], fallback: str, day: date | None) -> Document:
    """Make a document of the values of a row.

    Args:
        values: By the names of their columns.
        columns: The columns by role.
        fallback: Id of a row without one.
        day: Day of writing of a row that does not say its own.

    Raises:
        RowError: the row is no document.
    """
    cells = {role: values.get(name) for role, name in columns.items()}
    text = cells.get("text")
    if text is None:
        raise RowError("text: is required")
    if not isinstance(text, str):
        raise RowError(f"text: should be a text, not {type(text).__name__}")
    if len(text) > MAX_TEXT:
        raise RowError(f"text: should have at most {MAX_TEXT:,} characters, not {len(text):,}")
    document = Document(text=text, id=_id(cells.get("id")) or fallback, date=_day(cells.get("date")) or day)
    try:
        check_document(document)
    except DocumentError as error:
        raise RowError(str(error)) from None
    return document


def usable_id(values: Mapping[str, Any], columns: Mapping[str, str]) -> str | None:
    """Return the id of a faulty row, if it has one."""
    try:
        return _id(values.get(columns["id"])) or None
    except (RowError, KeyError):
        return None


def _id(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool) or not isinstance(cell, (str, int)):
        raise RowError(f"id: should be a text or a whole number, not {type(cell).__name__}")
    text = str(cell).strip()
    if len(text) > MAX_ID:
        raise RowError(f"id: should have at most {MAX_ID} characters, not {len(text):,}")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise RowError(f"id: holds a lone surrogate at offset {error.start}") from None
    return text


def _day(cell: Any) -> date | None:
    """Return the day of a cell: a day, a point in time, or either as ISO 8601 writes it."""
    match cell:
        case None | "":
            return None
        case datetime():
            return cell.date()
        case date():
            return cell
        case str():
            return _written_day(cell.strip())
    raise RowError(f"date: should be a day as YYYY-MM-DD, not {type(cell).__name__}")


def _written_day(text: str) -> date:
    try:
        # A point in time counts by the day that stands there, whatever its zone.
        if len(text) > 10 and text[10] in "T ":
            return datetime.fromisoformat(text).date()
        return parse_day(text)
    except ValueError as error:
        reason = str(error)
        raise RowError(
            f"date: {reason if reason.startswith(('should', 'is no day')) else 'is no point in time'}"
        ) from None
