"""Corrections in the database; every function works within the transaction of the connection that it is given."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, insert, select

from service.storage.cursors import decode_cursor, encode_cursor
from service.storage.ranking import sketch
from service.storage.records import NewCorrection, annotated, correction_dict, now, text_hash
from service.storage.tables import NO_STANCE, correction_labels, corrections, review_items, review_skips


@dataclass(frozen=True, slots=True)
class Filters:
    """Which corrections to list; those that fit all that is given.

    Attributes:
        user: Who made them.
        code: An entity of the correction or of what it corrects.
        stance: A stance that is taken in the correction or in what it corrects; by `code`, if both are given.
        text: A part of the sentence, in any letter case.
    """

    user: str | None = None
    code: str | None = None
    stance: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Corrections, newest first, and the cursor of the page after them."""

    items: list[dict[str, Any]]
    next: str | None


def add_correction(connection: Connection, new: NewCorrection, review_id: int | None = None) -> dict[str, Any]:
    """Store a correction and return it."""
    values = {
        "created_at": now(),
        "user_name": new.user,
        "text": new.text,
        "folded": new.text.casefold(),
        "text_hash": text_hash(new.text),
        **new.origin.columns(),
        "predicted": new.predicted,
        "entities": new.entities,
        "note": new.note,
        "sketch": sketch(annotated(new.text, new.entities)),
        "review_id": review_id,
    }
    row = connection.execute(insert(corrections).values(values).returning(corrections)).mappings().one()
    labels = [{"correction_id": row["id"], "code": code, "stance": stance} for code, stance in _labels(new)]
    if labels:
        connection.execute(insert(correction_labels), labels)
    return correction_dict(row)


def get_correction(connection: Connection, correction_id: int) -> dict[str, Any] | None:
    """Return a correction, if there is one of that id."""
    row = connection.execute(select(corrections).where(corrections.c.id == correction_id)).mappings().one_or_none()
    return None if row is None else correction_dict(row)


def list_corrections(connection: Connection, filters: Filters, limit: int, cursor: str | None = None) -> Page:
    """Return a page of corrections; rows that come or go between pages neither repeat nor hide others.

    Raises:
        CursorError: the cursor is malformed or of another listing.
    """
    conditions = _conditions(filters)
    if cursor is not None:
        conditions.append(corrections.c.id < decode_cursor(cursor, asdict(filters)))
    query = select(corrections).where(*conditions).order_by(corrections.c.id.desc()).limit(limit + 1)
    rows = connection.execute(query).mappings().all()
    following = encode_cursor(rows[limit - 1]["id"], asdict(filters)) if len(rows) > limit else None
    return Page([correction_dict(row) for row in rows[:limit]], following)


def delete_correction(connection: Connection, correction_id: int) -> bool:
    """Delete a correction; tell whether there was one."""
    return connection.execute(delete(corrections).where(corrections.c.id == correction_id)).rowcount > 0


def delete_corrections(connection: Connection, user: str | None = None, before: datetime | None = None) -> int:
    """Delete the corrections by a user, or from before a time, or both; return how many.

    Raises:
        ValueError: neither is given.
    """
    if user is None and before is None:
        raise ValueError("deleting takes a user or a time")
    conditions: list[ColumnElement[bool]] = []
    if user is not None:
        conditions.append(corrections.c.user_name == user)
    if before is not None:
        conditions.append(corrections.c.created_at < before)
    if user is not None and before is None:
        connection.execute(delete(review_skips).where(review_skips.c.user_name == user))
    return connection.execute(delete(corrections).where(and_(*conditions))).rowcount


def purge(connection: Connection, before: datetime) -> tuple[int, int]:
    """Delete all that is older than a time; return the numbers of corrections and of sentences for review."""
    deleted = delete_corrections(connection, before=before)
    items = connection.execute(delete(review_items).where(review_items.c.created_at < before)).rowcount
    return deleted, items


def _labels(new: NewCorrection) -> set[tuple[str, str]]:
    return {
        (entity["code"], stance)
        for entity in [*new.entities, *new.predicted]
        for stance in [NO_STANCE, *entity["stances"]]
    }


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.user is not None:
        conditions.append(corrections.c.user_name == filters.user)
    if filters.text is not None:
        conditions.append(corrections.c.folded.contains(filters.text.casefold(), autoescape=True))
    if filters.code is not None or filters.stance is not None:
        label = [correction_labels.c.correction_id == corrections.c.id]
        if filters.code is not None:
            label += [
                correction_labels.c.code == filters.code,
                correction_labels.c.stance == (filters.stance or NO_STANCE),
            ]
        else:
            label.append(correction_labels.c.stance == filters.stance)
        conditions.append(exists().where(*label))
    return conditions
