"""A connection to the database: SQLite in a file, or PostgreSQL.

Queries are synchronous and run in worker threads. An asynchronous engine would gain nothing: SQLite has no asynchronous
reads or writes (its asynchronous drivers are threads too), and this way the server, the commands and the migrations
share one code.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, StaticPool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from model.errors import EntityStanceError
from service.storage.migrate import current_revision, head_revision, upgrade
from service.storage.tables import metadata

BUSY_MILLISECONDS = 30_000
_BUSY_PAUSE_SECONDS = 0.01
CONNECT_SECONDS = 5
STATEMENT_MILLISECONDS = 30_000
RECYCLE_SECONDS = 1800
_WRITE = "entity_stance_write"


class StorageError(EntityStanceError):
    """The database cannot be used as it is set up; the message says what to change."""


class OutdatedDatabaseError(StorageError):
    """The tables are not those of this version."""


class StorageDownError(EntityStanceError):
    """The database does not answer at present."""


class Database:
    """Transactions on the database.

    An SQLite file is made by the first write; until then, reads find empty tables. A database with older tables is
    upgraded before its first transaction if it is SQLite; with PostgreSQL, which may be shared, an operator does that.
    """

    def __init__(self, url: str, pool_size: int = 5) -> None:
        """Prepare an engine; nothing is connected yet.

        Raises:
            StorageError: the URL is malformed or of another database, or its driver is not installed.
        """
        self._url = parse_url(url)
        self._file = _sqlite_file(self._url)
        self._engine = _engine(self._url, pool_size)
        self._lock = threading.Lock()
        self._checked = False
        self._empty: Engine | None = None

    @property
    def name(self) -> str:
        """The URL without its password."""
        return self._url.render_as_string(hide_password=True)

    @property
    def is_sqlite(self) -> bool:
        """Whether this is SQLite."""
        return self._url.get_backend_name() == "sqlite"

    def prepare(self) -> None:
        """Check the tables, and upgrade those of SQLite; a file that does not exist is not made.

        Raises:
            OutdatedDatabaseError: the tables are older or newer than this version's, and not to be upgraded here.
            StorageDownError: the database does not answer.
        """
        if self._file is None or self._file.exists():
            self._check()

    def upgrade(self) -> None:
        """Bring the tables to this version, making them if there are none.

        Raises:
            StorageError: the tables are of a newer version.
            StorageDownError: the database does not answer.
        """
        self._make_folder()
        with self._lock, self._begin(self._engine, write=True) as connection:
            self._refuse_unknown(current_revision(connection))
            upgrade(connection)
            self._checked = True

    def revision(self) -> str | None:
        """Return the revision of the tables; None if there are none.

        Raises:
            StorageDownError: the database does not answer.
        """
        if self._file is not None and not self._file.exists():
            return None
        with self._begin(self._engine, write=False) as connection:
            return current_revision(connection)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Begin a transaction that only reads.

        Raises:
            StorageDownError: the database does not answer.
            OutdatedDatabaseError: its tables are not this version's.
        """
        engine = self._engine
        if self._file is not None and not self._file.exists():
            engine = self._empty_engine()
        elif not self._checked:
            self._check()
        with self._begin(engine, write=False) as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Begin a transaction that writes; once it has ended without an error, what it wrote survives a crash.

        Raises:
            StorageDownError: the database does not answer or cannot be written.
            OutdatedDatabaseError: its tables are not this version's.
        """
        if self._file is not None and not self._file.exists():
            # Connections to a file that was removed would write where nobody finds it.
            self._engine.dispose()
            self.upgrade()
        elif not self._checked:
            self._check()
        with self._begin(self._engine, write=True) as connection:
            yield connection

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()
        if self._empty is not None:
            self._empty.dispose()

    def _check(self) -> None:
        if self.is_sqlite:
            self.upgrade()
            return
        with self._lock, self._begin(self._engine, write=False) as connection:
            revision = current_revision(connection)
            self._refuse_unknown(revision)
            if revision != head_revision():
                raise OutdatedDatabaseError(
                    f"the tables of {self.name} are at revision {revision or 'none'}, this version needs "
                    f"{head_revision()}: run 'entity-stance database upgrade' first"
                )
            self._checked = True

    def _refuse_unknown(self, revision: str | None) -> None:
        if revision is not None and revision > head_revision():
            raise OutdatedDatabaseError(
                f"the tables of {self.name} are at revision {revision}, which is newer than this version of "
                f"entity-stance ({head_revision()}): install the newer version"
            )

    def _make_folder(self) -> None:
        if self._file is not None:
            try:
                self._file.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StorageDownError(f"{self._file.parent}: {error.strerror}") from None

    def _empty_engine(self) -> Engine:
        with self._lock:
            if self._empty is None:
                engine = create_engine(
                    "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}, hide_parameters=True
                )
                metadata.create_all(engine)
                self._empty = engine
            return self._empty

    @contextmanager
    def _begin(self, engine: Engine, *, write: bool) -> Iterator[Connection]:
        try:
            with engine.execution_options(**{_WRITE: write}).begin() as connection:
                yield connection
        except PoolTimeoutError:
            raise StorageDownError("no connection came free in time") from None
        except OperationalError as error:
            raise StorageDownError(_reason(error)) from error
        except DBAPIError as error:
            # SQLite says DatabaseError, and nothing narrower, of a file that is damaged or no database at all.
            if error.connection_invalidated or type(error) is DatabaseError:
                raise StorageDownError(_reason(error)) from error
            raise


def parse_url(url: str) -> URL:
    """Read a database's URL; ``postgresql://`` means the driver psycopg.

    Raises:
        StorageError: it is malformed, or of another database.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StorageError("the database's URL is malformed; write sqlite:///FILE or postgresql://…") from None
    match parsed.drivername:
        case "sqlite" | "sqlite+pysqlite":
            if not parsed.database or parsed.database == ":memory:":
                raise StorageError("an SQLite database needs a file: sqlite:///FILE")
            return parsed.set(drivername="sqlite")
        case "postgresql" | "postgres" | "postgresql+psycopg":
            return parsed.set(drivername="postgresql+psycopg")
    raise StorageError(f"databases are sqlite:///FILE or postgresql://…, not {parsed.drivername}://")


def _sqlite_file(url: URL) -> Path | None:
    return Path(url.database or "") if url.get_backend_name() == "sqlite" else None


def _engine(url: URL, pool_size: int) -> Engine:
    options: dict[str, Any] = {
        "pool_size": pool_size,
        "max_overflow": 0,
        "pool_timeout": CONNECT_SECONDS,
        # Errors are logged, and a log holds no texts.
        "hide_parameters": True,
    }
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, connect_args={"timeout": BUSY_MILLISECONDS / 1000}, **options)
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    arguments: dict[str, Any] = {}
    if "connect_timeout" not in url.query:
        arguments["connect_timeout"] = CONNECT_SECONDS
    if "options" not in url.query:
        arguments["options"] = f"-c statement_timeout={STATEMENT_MILLISECONDS}"
    try:
        return create_engine(url, connect_args=arguments, pool_pre_ping=True, pool_recycle=RECYCLE_SECONDS, **options)
    except ModuleNotFoundError as error:
        raise StorageError(
            f"PostgreSQL needs another package ({error.name}): pip install 'entity-stance[postgres]'"
        ) from None


def _set_up_sqlite(connection: Any, _: Any) -> None:
    # The driver shall not begin transactions by itself: _begin_sqlite does.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={BUSY_MILLISECONDS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        # What is deleted is overwritten and not left in free pages.
        "secure_delete=ON",
    ):
        _execute_patiently(cursor, f"PRAGMA {pragma}")
    cursor.close()


def _execute_patiently(cursor: Any, statement: str) -> None:
    """Execute a statement that SQLite refuses at once, without waiting, while another process makes the file."""
    until = time.monotonic() + BUSY_MILLISECONDS / 1000
    while True:
        try:
            cursor.execute(statement)
            return
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(_BUSY_PAUSE_SECONDS)


def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock at once: a reader that turns writer halfway is refused instead of being made to wait."""
    write = connection.get_execution_options().get(_WRITE, True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _reason(error: DBAPIError) -> str:
    lines = str(error.orig).strip().splitlines()
    return lines[0] if lines else type(error.orig).__name__
