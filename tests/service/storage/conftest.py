"""SQLite and PostgreSQL, and a real server in front of each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from service_helpers import serving, wait_until
from sqlalchemy import delete
from storage_helpers import new_database

from service.app import create_app
from service.settings import Settings
from service.storage.database import Database
from service.storage.tables import metadata


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def url(backend: str, tmp_path: Path) -> Iterator[str]:
    """The URL of a database that has no tables yet."""
    with new_database(backend, tmp_path) as made:
        yield made


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """A database with empty tables."""
    opened = Database(url)
    opened.upgrade()
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def server(backend: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, Database]]:
    with new_database(backend, tmp_path_factory.mktemp("server")) as url:
        database = Database(url)
        database.upgrade()
        with serving(create_app(Settings(database_url=url))) as client:
            wait_until(lambda: client.get("/readyz").status_code == httpx.codes.OK)
            yield client, database
        database.close()


@pytest.fixture
def api(server: tuple[httpx.Client, Database]) -> httpx.Client:
    """A client of a server whose tables are empty."""
    client, database = server
    with database.write() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(delete(table))
    return client
