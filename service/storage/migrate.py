"""Migrations of the tables, with Alembic; the scripts are part of the package."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

LOCK = 0x656E7469
"""Key of PostgreSQL's advisory lock that lets one process migrate at a time."""


def alembic_config(connection: Connection | None = None) -> Config:
    """Return Alembic's configuration, for a connection whose transaction the caller ends."""
    config = Config()
    config.set_main_option("script_location", str(files("service.storage") / "migrations").replace("%", "%%"))
    # Alembic's own default splits paths at spaces and colons.
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


@cache
def head_revision() -> str:
    """Return the revision of this version's tables."""
    head = ScriptDirectory.from_config(alembic_config()).get_current_head()
    assert head is not None
    return head


def current_revision(connection: Connection) -> str | None:
    """Return the revision of a database's tables; None if it has none."""
    return MigrationContext.configure(connection).get_current_revision()


def upgrade(connection: Connection) -> None:
    """Bring the tables to this version, within the connection's transaction; processes take turns."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
    if current_revision(connection) != head_revision():
        command.upgrade(alembic_config(connection), "head")
