"""The tables; `migrations/` makes them, and a test holds the two together."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself in INTEGER columns only; these have 64 bits there."""

NO_STANCE = ""


class UtcTime(TypeDecorator[datetime]):
    """A point in time, in UTC; SQLite keeps no time zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn a time of any zone to UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """Say that it is UTC."""
        if value is None:
            return None
        time: datetime = value
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _model_columns() -> list[Column[Any]]:
    return [
        Column("document_id", Text, nullable=True),
        Column("document_date", String(10), nullable=True),
        Column("model_name", Text, nullable=False),
        Column("model_version", Text, nullable=False),
        Column("model_sha256", String(64), nullable=False),
    ]


review_items = Table(
    "review_items",
    metadata,
    Column("id", Id, primary_key=True),
    Column("created_at", UtcTime, nullable=False, index=True),
    Column("text", Text, nullable=False),
    Column("text_hash", String(64), nullable=False, unique=True),
    *_model_columns(),
    Column("predicted", JSON, nullable=False),
    Column("answered", JSON, nullable=False),
    Column("sketch", LargeBinary, nullable=False),
    Column("uncertainty", Float, nullable=False),
    Column("novelty", Float, nullable=False),
    Column("priority", Float, nullable=False),
    Index(None, "priority", "id"),
    sqlite_autoincrement=True,
)

corrections = Table(
    "corrections",
    metadata,
    Column("id", Id, primary_key=True),
    Column("created_at", UtcTime, nullable=False, index=True),
    Column("user_name", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("folded", Text, nullable=False),
    Column("text_hash", String(64), nullable=False),
    *_model_columns(),
    Column("predicted", JSON, nullable=False),
    Column("entities", JSON, nullable=False),
    Column("note", Text, nullable=True),
    Column("sketch", LargeBinary, nullable=False),
    Column("review_id", Id, ForeignKey("review_items.id", ondelete="SET NULL"), nullable=True, index=True),
    Index(None, "text_hash", "id"),
    Index(None, "user_name", "id"),
    Index("uq_corrections_review_id_user_name", "review_id", "user_name", unique=True),
    sqlite_autoincrement=True,
)

correction_labels = Table(
    "correction_labels",
    metadata,
    Column("correction_id", Id, ForeignKey("corrections.id", ondelete="CASCADE"), primary_key=True),
    Column("code", String(64), primary_key=True),
    Column("stance", String(64), primary_key=True),
    Index(None, "code", "stance", "correction_id"),
    Index(None, "stance", "correction_id"),
)

review_skips = Table(
    "review_skips",
    metadata,
    Column("review_id", Id, ForeignKey("review_items.id", ondelete="CASCADE"), primary_key=True),
    Column("user_name", Text, primary_key=True),
    Column("created_at", UtcTime, nullable=False),
    Index(None, "user_name"),
)

imported_sentences = Table(
    "imported_sentences",
    metadata,
    Column("id", Id, primary_key=True),
    Column("text_hash", String(64), nullable=False, unique=True),
    Column("sketch", LargeBinary, nullable=False),
    Column("imported_at", UtcTime, nullable=False),
    sqlite_autoincrement=True,
)
