"""Runs migrations on the connection that `service.storage.migrate` gives."""

from __future__ import annotations

from alembic import context

from service.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite cannot alter a table in place.
    render_as_batch=True,
)
context.run_migrations()
