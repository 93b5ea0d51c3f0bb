"""Corrections, the review queue, and sentences that came judged from files."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "review_items",
        sa.Column("id", _ID, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("text_hash", sa.String(64), nullable=False),
        *_model_columns(),
        sa.Column("predicted", sa.JSON, nullable=False),
        sa.Column("answered", sa.JSON, nullable=False),
        sa.Column("sketch", sa.LargeBinary, nullable=False),
        sa.Column("uncertainty", sa.Float, nullable=False),
        sa.Column("novelty", sa.Float, nullable=False),
        sa.Column("priority", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_review_items"),
        sa.UniqueConstraint("text_hash", name="uq_review_items_text_hash"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_review_items_created_at", "review_items", ["created_at"])
    op.create_index("ix_review_items_priority_id", "review_items", ["priority", "id"])
    op.create_table(
        "corrections",
        sa.Column("id", _ID, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("user_name", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("folded", sa.Text, nullable=False),
        sa.Column("text_hash", sa.String(64), nullable=False),
        *_model_columns(),
        sa.Column("predicted", sa.JSON, nullable=False),
        sa.Column("entities", sa.JSON, nullable=False),
        sa.Column("note", sa.Text, nullable=True),
        sa.Column("sketch", sa.LargeBinary, nullable=False),
        sa.Column("review_id", _ID, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_corrections"),
        sa.ForeignKeyConstraint(
            ["review_id"], ["review_items.id"], name="fk_corrections_review_id_review_items", ondelete="SET NULL"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_corrections_created_at", "corrections", ["created_at"])
    op.create_index("ix_corrections_review_id", "corrections", ["review_id"])
    op.create_index("ix_corrections_text_hash_id", "corrections", ["text_hash", "id"])
    op.create_index("ix_corrections_user_name_id", "corrections", ["user_name", "id"])
    op.create_index("uq_corrections_review_id_user_name", "corrections", ["review_id", "user_name"], unique=True)
    op.create_table(
        "correction_labels",
        sa.Column("correction_id", _ID, nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("stance", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("correction_id", "code", "stance", name="pk_correction_labels"),
        sa.ForeignKeyConstraint(
            ["correction_id"],
            ["corrections.id"],
            name="fk_correction_labels_correction_id_corrections",
            ondelete="CASCADE",
        ),
    )
    op.create_index(
        "ix_correction_labels_code_stance_correction_id", "correction_labels", ["code", "stance", "correction_id"]
    )
    op.create_index("ix_correction_labels_stance_correction_id", "correction_labels", ["stance", "correction_id"])
    op.create_table(
        "review_skips",
        sa.Column("review_id", _ID, nullable=False),
        sa.Column("user_name", sa.Text, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("review_id", "user_name", name="pk_review_skips"),
        sa.ForeignKeyConstraint(
            ["review_id"], ["review_items.id"], name="fk_review_skips_review_id_review_items", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_review_skips_user_name", "review_skips", ["user_name"])
    op.create_table(
        "imported_sentences",
        sa.Column("id", _ID, nullable=False),
        sa.Column("text_hash", sa.String(64), nullable=False),
        sa.Column("sketch", sa.LargeBinary, nullable=False),
        sa.Column("imported_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_imported_sentences"),
        sa.UniqueConstraint("text_hash", name="uq_imported_sentences_text_hash"),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    """Remove the tables and what they hold."""
    for table in ("imported_sentences", "review_skips", "correction_labels", "corrections", "review_items"):
        op.drop_table(table)


def _model_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("document_id", sa.Text, nullable=True),
        sa.Column("document_date", sa.String(10), nullable=True),
        sa.Column("model_name", sa.Text, nullable=False),
        sa.Column("model_version", sa.Text, nullable=False),
        sa.Column("model_sha256", sa.String(64), nullable=False),
    ]
