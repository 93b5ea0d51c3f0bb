"""``entity-stance database``."""

from __future__ import annotations

import typer

from service.cli.databases import DatabaseUrl, opened

app = typer.Typer(no_args_is_help=True)


@app.callback()
def database() -> None:
    """The tables that corrections and the review queue are kept in."""


@app.command()
def upgrade(url: DatabaseUrl = None) -> None:
    """Make the tables, or bring them to what this version needs.

    A server does this by itself with an SQLite file. With PostgreSQL it refuses to start until this has been run.

    \b
    Examples:
      entity-stance database upgrade
      entity-stance database upgrade --database postgresql://stance@localhost/stance
    """  # noqa: D301 - \b is click's mark for lines that are not rewrapped
    with opened(url) as database:
        database.upgrade()
        typer.echo(f"{database.name}: revision {database.revision()}")


@app.command()
def current(url: DatabaseUrl = None) -> None:
    """Print the revision of the tables, and the one that this version needs.

    \b
    Example:
      entity-stance database current
    """  # noqa: D301 - \b is click's mark for lines that are not rewrapped
    from service.storage.migrate import head_revision  # noqa: PLC0415

    with opened(url) as database:
        typer.echo(f"{database.name}: revision {database.revision() or 'none'}, this version needs {head_revision()}")
