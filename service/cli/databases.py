"""Opening the database for a command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.exits import FAILED, USAGE, stop

if TYPE_CHECKING:
    from service.storage.database import Database

DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="URL",
        help="sqlite:///FILE or postgresql://… [default: ENTITY_STANCE_DATABASE_URL, else a file in the data folder]",
    ),
]


@contextmanager
def opened(url: str | None) -> Iterator[Database]:
    """Open the database of a URL or of the settings; what is wrong with it ends the command in one line."""
    from service.settings import SettingsError, load_settings  # noqa: PLC0415
    from service.storage.database import Database, StorageDownError, StorageError  # noqa: PLC0415

    try:
        settings = load_settings(database_url=url)
        if not settings.database_url:
            stop("there is no database: ENTITY_STANCE_DATABASE_URL is none", USAGE)
        database = Database(settings.database_url)
    except (SettingsError, StorageError) as error:
        stop(str(error), USAGE)
    try:
        yield database
    except StorageError as error:
        stop(str(error), FAILED)
    except StorageDownError as error:
        stop(f"the database {database.name} does not answer: {error}", FAILED)
    finally:
        database.close()
