"""What is stored, as plain dataclasses, and how rows become JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import RowMapping

from model.annotation import AnnotatedSentence, read_entities, text_key
from model.countries.registry import is_known_code

Entities = list[dict[str, Any]]
"""Entities of a sentence in the annotated form: ``code``, ``mentions``, ``stances``."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a sentence comes from, and which model answered for it.

    Attributes:
        model: ``name``, ``version`` and ``sha256``.
        document: ``id`` and ``date`` (as YYYY-MM-DD), each or both None.
    """

    model: Mapping[str, str]
    document: Mapping[str, str | None] | None = None

    def columns(self) -> dict[str, Any]:
        """Return the values of a row's columns."""
        document = self.document or {}
        return {
            "document_id": document.get("id"),
            "document_date": document.get("date"),
            "model_name": self.model["name"],
            "model_version": self.model["version"],
            "model_sha256": self.model["sha256"],
        }


@dataclass(frozen=True, slots=True)
class NewCorrection:
    """A checked correction that is to be stored."""

    text: str
    origin: Origin
    predicted: Entities
    entities: Entities
    user: str
    note: str | None


@dataclass(frozen=True, slots=True)
class NewReviewItem:
    """A sentence that is offered for review; ``answered`` are its entities as ``POST /classify`` answers them."""

    text: str
    origin: Origin
    answered: Entities


def now() -> datetime:
    """Return the present time in UTC."""
    return datetime.now(UTC)


def text_hash(text: str) -> str:
    """Return the hash that sentences with the same words share."""
    return sha256(text_key(text).encode("utf-8")).hexdigest()


def annotated(text: str, entities: Entities) -> AnnotatedSentence:
    """Return a stored annotation as the sentence that the model package works with."""
    return AnnotatedSentence("", text, read_entities(entities))


def annotated_form(answered: Sequence[Mapping[str, Any]]) -> Entities:
    """Return entities as answered in the annotated form."""
    return [
        {
            "code": entity["code"],
            "mentions": list(dict.fromkeys(mention["text"] for mention in entity["mentions"])),
            "stances": {
                stance["stance"]: [target["code"] for target in stance["toward"]] for stance in entity["stances"]
            },
        }
        for entity in answered
    ]


def seed_record(text: str, entities: Entities) -> dict[str, Any]:
    """Return a correction as a record of an annotated file; its id is that of the sentence and never changes."""
    record: dict[str, Any] = {"id": f"corr-{text_hash(text)[:16]}", "text": text, "entities": entities}
    custom = [entity["code"] for entity in entities if not is_known_code(entity["code"])]
    return record | {"custom": custom} if custom else record


def correction_dict(row: RowMapping) -> dict[str, Any]:
    """Return a row of the table of corrections as JSON data."""
    return {
        "id": row["id"],
        "created_at": row["created_at"].isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "text": row["text"],
        "document": document_dict(row),
        "model": {key: row[f"model_{key}"] for key in ("name", "version", "sha256")},
        "predicted": row["predicted"],
        "entities": row["entities"],
        "user": row["user_name"],
        "note": row["note"],
        "review": row["review_id"],
    }


def document_dict(row: RowMapping) -> dict[str, str | None] | None:
    """Return a row's document, if it has one."""
    if row["document_id"] is None and row["document_date"] is None:
        return None
    return {"id": row["document_id"], "date": row["document_date"]}
