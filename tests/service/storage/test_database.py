"""The database itself: when it is made, migrated, refused, and written by many at once."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from service_helpers import serving, wait_until
from sqlalchemy import func, inspect, select, text, update
from storage_helpers import answered, correction, new_database
from typer.testing import CliRunner

from model.scheme import STANCES
from service.app import create_app
from service.cli.main import app
from service.settings import Settings, SettingsError, load_settings
from service.storage.corrections import Filters, add_correction, list_corrections, purge
from service.storage.database import Database, OutdatedDatabaseError, StorageError
from service.storage.migrate import alembic_config, head_revision
from service.storage.records import NewReviewItem, Origin
from service.storage.review import add_items
from service.storage.tables import corrections, metadata, review_items
from service.storage.validation import read_correction


def test_an_sqlite_file_is_made_by_the_first_write(tmp_path: Path) -> None:
    file = tmp_path / "data" / "stance.db"
    database = Database(f"sqlite:///{file}")
    database.prepare()
    with database.read() as connection:
        assert list_corrections(connection, Filters(), 10).items == []
    assert database.revision() is None
    assert not file.parent.exists()
    with database.write() as connection:
        add_correction(connection, read_correction(correction(), STANCES))
    assert file.exists()
    with database.read() as connection:
        assert len(list_corrections(connection, Filters(), 10).items) == 1
    database.close()


def test_saves_reach_the_disk_before_they_are_acknowledged(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'stance.db'}")
    with database.write() as connection:
        values = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in PRAGMAS}
    assert values == PRAGMAS
    database.close()


PRAGMAS = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}


def test_migrations_make_what_the_code_works_with_and_go_back(database: Database) -> None:
    with database.write() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    with database.write() as connection:
        command.downgrade(alembic_config(connection), "base")
    with database.write() as connection:
        assert inspect(connection).get_table_names() == ["alembic_version"]
    database.upgrade()
    assert database.revision() == head_revision()


def test_only_sqlite_is_upgraded_without_being_asked(backend: str, url: str) -> None:
    database = Database(url)
    if backend == "sqlite":
        Path(url.removeprefix("sqlite:///")).touch()
        database.prepare()
        assert database.revision() == head_revision()
    else:
        with pytest.raises(OutdatedDatabaseError, match=r"revision none, this version needs .*database upgrade"):
            database.prepare()
        command_line = [sys.executable, "-m", "service.cli.main", "serve", "--port", "0"]
        environment = os.environ | {"ENTITY_STANCE_DATABASE_URL": url}
        result = subprocess.run(command_line, env=environment, capture_output=True, text=True, timeout=60, check=False)
        assert result.returncode == 2
        assert "run 'entity-stance database upgrade' first" in result.stderr
        done = CliRunner().invoke(app, ["database", "upgrade", "--database", url])
        assert done.exit_code == 0, done.output
        database.prepare()
    database.close()


def test_tables_of_a_newer_version_are_refused(database: Database, url: str) -> None:
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    other = Database(url)
    with pytest.raises(OutdatedDatabaseError, match="newer than this version"):
        other.prepare()
    other.close()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("mysql://host/name", "not mysql://"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
        ("nothing", "malformed"),
    ],
)
def test_other_databases_are_refused(url: str, reason: str) -> None:
    with pytest.raises(StorageError, match=reason):
        Database(url)


def test_none_is_no_database_and_a_password_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENTITY_STANCE_DATABASE_URL", "none")
    assert load_settings().database_url == ""
    monkeypatch.delenv("ENTITY_STANCE_DATABASE_URL")
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert load_settings().database_url == "sqlite:////data/entity-stance/corrections.db"
    url = "postgresql://anna:secret@host/name"
    assert "secret" not in repr(load_settings(database_url=url))
    assert "secret" not in Database(url).name
    with pytest.raises(SettingsError, match="RETENTION_DAYS"):
        load_settings(retention_days=0)


def test_what_is_older_than_the_retention_goes(database: Database) -> None:
    limit = datetime.now(UTC) - timedelta(days=30)
    with database.write() as connection:
        for number in range(4):
            add_correction(connection, read_correction(correction(number), STANCES))
            body = answered(0.4, number)
            add_items(connection, [NewReviewItem(body["text"], Origin(correction()["model"]), body["entities"])], {})
        for table in (corrections, review_items):
            old = select(table.c.id).order_by(table.c.id).limit(3)
            connection.execute(update(table).where(table.c.id.in_(old)).values(created_at=limit - timedelta(seconds=1)))
    with database.write() as connection:
        assert purge(connection, limit) == (3, 3)
    with database.read() as connection:
        (left,) = list_corrections(connection, Filters(), 10).items
        assert left["document"]["id"] == "d-3"
        assert connection.execute(text("SELECT count(*) FROM correction_labels WHERE correction_id < 4")).scalar() == 0


def test_a_server_deletes_what_is_too_old_by_itself(database: Database, url: str) -> None:
    with database.write() as connection:
        for number in range(2):
            add_correction(connection, read_correction(correction(number), STANCES))
        old = datetime.now(UTC) - timedelta(days=8)
        connection.execute(update(corrections).where(corrections.c.document_id == "d-0").values(created_at=old))

    def left() -> list[str]:
        with database.read() as connection:
            return [item["document"]["id"] for item in list_corrections(connection, Filters(), 10).items]

    assert left() == ["d-1", "d-0"]
    with serving(create_app(Settings(database_url=url, retention_days=7))):
        wait_until(lambda: left() == ["d-1"])


def test_a_file_that_is_no_database_is_told_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "stance.db"
    file.write_bytes(b"Dear diary, " * 1_000)
    done = CliRunner().invoke(app, ["corrections", "list", "--database", f"sqlite:///{file}"])
    assert done.exit_code == 1
    assert "file is not a database" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_file_that_is_removed_is_made_anew(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'stance.db'}")
    for _ in range(2):
        with database.write() as connection:
            add_correction(connection, read_correction(correction(), STANCES))
        with database.read() as connection:
            assert len(list_corrections(connection, Filters(), 10).items) == 1
        for file in tmp_path.iterdir():
            file.unlink()
    database.close()


_WRITER = """
import sys
from service.storage.corrections import add_correction
from service.storage.database import Database
from service.storage.validation import read_correction
from model.scheme import STANCES
from storage_helpers import correction
database = Database(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
for number in range(25):
    with database.write() as connection:
        add_correction(connection, read_correction(correction(number, user=sys.argv[2]), STANCES))
"""


def test_eight_processes_write_at_once(tmp_path: Path) -> None:
    with new_database("sqlite", tmp_path) as url:
        here = str(Path(__file__).parent)
        script = f"import sys; sys.path.insert(0, {here!r})\n{_WRITER}"
        writers = [
            subprocess.Popen(
                [sys.executable, "-c", script, url, f"user-{number}"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for number in range(8)
        ]
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
        for writer in writers:
            assert writer.stdin is not None
            writer.stdin.write("go\n")
            writer.stdin.flush()
        errors = [writer.communicate(timeout=120)[1] for writer in writers]
        assert [writer.returncode for writer in writers] == [0] * 8, errors
        database = Database(url)
        with database.read() as connection:
            assert connection.execute(select(func.count()).select_from(corrections)).scalar() == 200
        database.close()
