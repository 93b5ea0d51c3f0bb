"""The queue of sentences for review; every function works within the transaction of its connection."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    Table,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from model.agreement import agreement
from model.annotation import AnnotatedSentence
from model.scheme import LabelScheme
from service.storage.corrections import add_correction
from service.storage.ranking import Judged, priority, sketch, uncertainty
from service.storage.records import (
    NewCorrection,
    NewReviewItem,
    annotated,
    annotated_form,
    document_dict,
    now,
    text_hash,
)
from service.storage.tables import corrections, imported_sentences, review_items, review_skips

OPINIONS = 2
"""So many users judge a sentence; then it is done."""

CANDIDATES = 200
"""Sentences whose novelty is measured anew when some are asked for."""

JUDGED = 3_000
"""Judged sentences, the newest corrected and as many imported ones, that others are compared with."""

MEASURED = 5_000
"""Sentences, the newest, over which agreement is measured."""

ROWS_AT_ONCE = 200
"""Rows in one statement."""


class OpinionError(ValueError):
    """A user has judged the sentence already."""


def add_items(
    connection: Connection, items: Sequence[NewReviewItem], thresholds: Mapping[str, Mapping[str, float]]
) -> int:
    """Add sentences to the queue; those that it has, or that are judged in imported files, are left out.

    Args:
        connection: A transaction that writes.
        items: The sentences.
        thresholds: By the hash of a model's weights, the probability from which it takes each label.

    Returns:
        How many were added.
    """
    new = {text_hash(item.text): item for item in items}
    known = select(imported_sentences.c.text_hash).where(imported_sentences.c.text_hash.in_(new))
    for key in connection.execute(known).scalars():
        del new[key]
    if not new:
        return 0
    forms = {key: annotated_form(item.answered) for key, item in new.items()}
    sketches = [sketch(annotated(item.text, forms[key])) for key, item in new.items()]
    rows = []
    for (key, item), own, novel in zip(new.items(), sketches, _judged(connection).novelties(sketches), strict=True):
        uncertain = uncertainty(item.answered, thresholds.get(item.origin.model["sha256"], {}))
        rows.append(
            {
                "created_at": now(),
                "text": item.text,
                "text_hash": key,
                **item.origin.columns(),
                "predicted": forms[key],
                "answered": item.answered,
                "sketch": own,
                "uncertainty": uncertain,
                "novelty": novel,
                "priority": priority(uncertain, novel),
            }
        )
    return _insert_new(connection, review_items, rows)


def next_items(connection: Connection, user: str, limit: int, second_share: float) -> list[dict[str, Any]]:
    """Return sentences that a user has not judged, the most worthwhile first.

    Novelty only falls as more is judged, so the stored priority is an upper bound: it picks the candidates, which are
    then measured again. Sentences that one other user has judged come in between, for their share.

    Args:
        connection: A transaction.
        user: Who asks.
        limit: Most sentences to return.
        second_share: Share of sentences that get a second opinion, in [0, 1].
    """
    judged = _judged(connection)
    fresh = _ranked(connection, _open_to(user).where(_opinions() == 0), judged)
    second = _ranked(connection, _open_to(user).where(_opinions() == 1), judged)
    mine = connection.execute(
        select(func.count()).where(corrections.c.user_name == user, corrections.c.review_id.is_not(None))
    ).scalar_one()
    chosen: list[dict[str, Any]] = []
    for turn in range(mine, mine + limit):
        # The share is kept over all that a user is given, whatever the size of the pages.
        due = int((turn + 1) * second_share) > int(turn * second_share)
        queues = (second, fresh) if due else (fresh, second)
        queue = next((queue for queue in queues if queue), None)
        if queue is None:
            break
        chosen.append(queue.pop(0))
    return chosen


def count_open(connection: Connection, user: str) -> int:
    """Return how many sentences a user could still judge."""
    query = _open_to(user).where(_opinions() < OPINIONS).subquery()
    return connection.execute(select(func.count()).select_from(query)).scalar_one()


def get_item(connection: Connection, item_id: int) -> RowMapping | None:
    """Return a sentence of the queue, if there is one of that id."""
    return connection.execute(select(review_items).where(review_items.c.id == item_id)).mappings().one_or_none()


def delete_item(connection: Connection, item_id: int) -> bool:
    """Delete a sentence from the queue; tell whether there was one."""
    return connection.execute(delete(review_items).where(review_items.c.id == item_id)).rowcount > 0


def add_opinion(connection: Connection, item_id: int, opinion: NewCorrection) -> dict[str, Any]:
    """Store what a user says of a sentence, and return it as the correction that it is.

    Raises:
        OpinionError: the user has judged it already.
    """
    try:
        return add_correction(connection, opinion, item_id)
    except IntegrityError:
        reason = "has judged this sentence already; delete that correction to judge it anew"
        raise OpinionError(f"{opinion.user} {reason}") from None


def skip_item(connection: Connection, item_id: int, user: str) -> None:
    """Do not offer a sentence to a user any more."""
    _insert_new(connection, review_skips, [{"review_id": item_id, "user_name": user, "created_at": now()}])


def measure_agreement(connection: Connection, scheme: LabelScheme) -> dict[str, Any]:
    """Return Krippendorff's alpha over the sentences that two or more users have judged, the newest ones."""
    several = (
        select(corrections.c.review_id)
        .where(corrections.c.review_id.is_not(None))
        .group_by(corrections.c.review_id)
        .having(func.count() > 1)
        .order_by(corrections.c.review_id.desc())
        .limit(MEASURED)
    ).subquery()
    rows = connection.execute(
        select(corrections.c.review_id, corrections.c.user_name, corrections.c.text, corrections.c.entities)
        .join(several, several.c.review_id == corrections.c.review_id)
        .order_by(corrections.c.review_id, corrections.c.user_name)
    ).all()
    sentences: list[list[AnnotatedSentence]] = [
        [annotated(row.text, row.entities) for row in group] for _, group in groupby(rows, lambda row: row.review_id)
    ]
    return {
        "sentences": len(sentences),
        "annotators": len({row.user_name for row in rows}),
        "alpha": {item.name: item.alpha for item in agreement(sentences, scheme, resamples=0)},
    }


def import_judged(connection: Connection, sentences: Sequence[AnnotatedSentence]) -> int:
    """Note sentences of annotated files as judged, by hash and sketch, without their text; return how many are new."""
    rows = {
        text_hash(sentence.text): {
            "text_hash": text_hash(sentence.text),
            "sketch": sketch(sentence),
            "imported_at": now(),
        }
        for sentence in sentences
    }
    return _insert_new(connection, imported_sentences, list(rows.values()))


def _insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert rows, but for those whose key is there already; return how many."""
    make: Callable[[Table], Any] = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    added = 0
    for start in range(0, len(rows), ROWS_AT_ONCE):
        chunk = make(table).values(list(rows[start : start + ROWS_AT_ONCE]))
        # Drivers count rows differently where some are passed over; what is returned was inserted.
        added += len(connection.execute(chunk.on_conflict_do_nothing().returning(literal(1))).all())
    return added


def _judged(connection: Connection) -> Judged:
    corrected = select(corrections.c.sketch).order_by(corrections.c.id.desc()).limit(JUDGED).subquery()
    imported = select(imported_sentences.c.sketch).order_by(imported_sentences.c.id.desc()).limit(JUDGED).subquery()
    return Judged(list(connection.execute(union_all(select(corrected), select(imported))).scalars().all()))


def _opinions() -> ColumnElement[int]:
    query = select(func.count()).where(corrections.c.review_id == review_items.c.id)
    return query.correlate(review_items).scalar_subquery()


def _open_to(user: str) -> Select[Any]:
    """Select the sentences that a user has neither judged nor skipped, and that no imported file has judged."""
    mine = exists().where(corrections.c.text_hash == review_items.c.text_hash, corrections.c.user_name == user)
    skipped = exists().where(review_skips.c.review_id == review_items.c.id, review_skips.c.user_name == user)
    imported = exists().where(imported_sentences.c.text_hash == review_items.c.text_hash)
    return select(review_items, _opinions().label("opinions")).where(~or_(mine, skipped, imported))


def _ranked(connection: Connection, query: Select[Any], judged: Judged) -> list[dict[str, Any]]:
    query = query.order_by(review_items.c.priority.desc(), review_items.c.id.desc()).limit(CANDIDATES)
    rows = connection.execute(query).mappings().all()
    found = [
        _item_dict(row, novel) for row, novel in zip(rows, judged.novelties([r["sketch"] for r in rows]), strict=True)
    ]
    return sorted(found, key=lambda item: -priority(item["uncertainty"], item["novelty"]))


def _item_dict(row: RowMapping, novelty: float) -> dict[str, Any]:
    return {
        "id": row["id"],
        "text": row["text"],
        "document": document_dict(row),
        "predicted": row["predicted"],
        "entities": row["answered"],
        "uncertainty": round(row["uncertainty"], 4),
        "novelty": novelty,
        "opinions": row["opinions"],
    }
