"""Corrections as records of an annotated file: one for each sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, RowMapping, exists, func, select

from service.storage.database import Database
from service.storage.records import seed_record
from service.storage.tables import corrections, imported_sentences

PAGE = 500


@dataclass(frozen=True, slots=True)
class ExportPage:
    """Records, and the hash of the last sentence of the page; None after the last page."""

    records: list[dict[str, Any]]
    last: str | None


def newest_correction(connection: Connection) -> int:
    """Return the id of the newest correction; 0 if there is none."""
    return connection.execute(select(func.max(corrections.c.id))).scalar() or 0


def export_page(
    connection: Connection, after: str = "", *, newest: int, agreed: bool = False, limit: int = PAGE
) -> ExportPage:
    """Return the records of the next sentences, in the order of their ids.

    Args:
        connection: A transaction.
        after: Hash of the last sentence of the page before.
        newest: Corrections that came later are left out, so that an export is of one moment.
        agreed: Only sentences on which two users agree.
        limit: Sentences to look at.
    """
    known = exists().where(imported_sentences.c.text_hash == corrections.c.text_hash)
    hashes = connection.execute(
        select(corrections.c.text_hash)
        .where(corrections.c.text_hash > after, corrections.c.id <= newest, ~known)
        .distinct()
        .order_by(corrections.c.text_hash)
        .limit(limit)
    ).scalars()
    wanted = list(hashes)
    columns = corrections.c
    rows = connection.execute(
        select(columns.text_hash, columns.id, columns.user_name, columns.text, columns.entities)
        .where(columns.text_hash.in_(wanted), columns.id <= newest)
        .order_by(columns.text_hash, columns.id.desc())
    ).mappings()
    chosen = (_choose(list(group), agreed) for _, group in groupby(rows, lambda row: row["text_hash"]))
    records = [seed_record(row["text"], row["entities"]) for row in chosen if row is not None]
    return ExportPage(records, wanted[-1] if len(wanted) == limit else None)


def export(database: Database, *, agreed: bool = False) -> Iterator[dict[str, Any]]:
    """Yield all records, page by page, each page in a short transaction.

    Raises:
        StorageError: the database cannot be used.
        StorageDownError: the database does not answer.
    """
    with database.read() as connection:
        newest = newest_correction(connection)
    last: str | None = ""
    while last is not None:
        transaction: AbstractContextManager[Connection] = database.read()
        with transaction as connection:
            page = export_page(connection, last, newest=newest, agreed=agreed)
        yield from page.records
        last = page.last


def _choose(newest_first: Sequence[RowMapping], agreed: bool) -> RowMapping | None:
    """Return the latest correction of a sentence; if wanted, the latest that another user agrees with."""
    if not agreed:
        return newest_first[0]
    opinions: dict[str, RowMapping] = {}
    for row in newest_first:
        opinions.setdefault(row["user_name"], row)
    for row in opinions.values():
        alike = [other for other in opinions.values() if _meaning(other) == _meaning(row)]
        if len(alike) > 1:
            return row
    return None


def _meaning(row: RowMapping) -> object:
    return {
        entity["code"]: (
            frozenset(entity["mentions"]),
            {stance: frozenset(toward) for stance, toward in entity["stances"].items()},
        )
        for entity in row["entities"]
    }
