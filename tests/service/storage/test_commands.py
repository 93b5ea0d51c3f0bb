"""The commands, on both databases, and that training takes what they export."""

from __future__ import annotations

import json
from pathlib import Path

from sqlalchemy import text
from storage_helpers import answered, correction, entities
from typer.testing import CliRunner, Result

from model.scheme import STANCES
from service.cli.main import app
from service.storage.corrections import add_correction
from service.storage.database import Database
from service.storage.records import NewReviewItem, Origin
from service.storage.review import add_items, count_open
from service.storage.validation import read_correction
from training.splits import corpus_splits

SEEDS = Path(__file__).resolve().parents[3] / "seeds"


def run(*arguments: str | Path, code: int = 0) -> Result:
    result = CliRunner().invoke(app, [str(item) for item in arguments], catch_exceptions=False)
    assert result.exit_code == code, result.output
    if code:
        assert result.stderr.startswith("error: ")
        assert result.stderr.count("\n") == 1
    return result


def fill(database: Database, count: int, user: str = "anna") -> None:
    with database.write() as connection:
        for number in range(count):
            add_correction(connection, read_correction(correction(number, user=user), STANCES))


def test_an_export_passes_the_check_and_trains_beside_the_seeds(database: Database, url: str, tmp_path: Path) -> None:
    fill(database, 12)
    out = tmp_path / "corrections.jsonl"
    assert f"wrote {out}: 12 sentences" in run("corrections", "export", "--out", out, "--database", url).stdout
    assert "sentences: 12" in run("check", out).stdout
    splits = corpus_splits([SEEDS, out])
    assert sum(key.startswith("corr-") for key in splits) == 12
    printed = run("corrections", "export", "--out", "-", "--database", url).stdout
    assert printed == out.read_text()
    with database.write() as connection:
        add_correction(connection, read_correction(correction(0, entities=entities("NO", "IS")), STANCES))
    run("corrections", "export", "--out", out, "--database", url)
    assert [json.loads(line)["id"] for line in printed.splitlines()] == [
        json.loads(line)["id"] for line in out.read_text().splitlines()
    ]
    assert out.read_text() != printed


def test_only_what_two_agree_on_if_wanted(database: Database, url: str, tmp_path: Path) -> None:
    fill(database, 3)
    out = tmp_path / "agreed.jsonl"
    result = run("corrections", "export", "--agreed", "--out", out, "--database", url, code=1)
    assert "on which two users agree" in result.stderr
    assert not out.exists()
    fill(database, 2, user="boris")
    assert "2 sentences" in run("corrections", "export", "--agreed", "--out", out, "--database", url).stdout


def test_imported_sentences_are_neither_asked_for_nor_exported(database: Database, url: str, tmp_path: Path) -> None:
    fill(database, 3)
    with database.write() as connection:
        for number in (0, 5):
            body = answered(0.5, number)
            add_items(connection, [NewReviewItem(body["text"], Origin(correction()["model"]), body["entities"])], {})
    known = tmp_path / "known.jsonl"
    lines = [{"id": f"k-{n}", "text": correction(n)["text"], "entities": correction(n)["entities"]} for n in (0, 1)]
    known.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert "noted 2 sentences" in run("corrections", "import", known, "--database", url).stdout
    assert "2 were known" in run("corrections", "import", known, "--database", url).stdout
    out = tmp_path / "out.jsonl"
    assert "1 sentence\n" in run("corrections", "export", "--out", out, "--database", url).stdout
    assert json.loads(out.read_text())["text"] == correction(2)["text"]
    with database.read() as connection:
        assert count_open(connection, "boris") == 1
        stored = connection.execute(text("SELECT * FROM imported_sentences")).mappings().all()
    assert not [value for row in stored for value in row.values() if isinstance(value, str) and "ferry" in value]
    assert "no such file" in run("corrections", "import", tmp_path / "none.jsonl", "--database", url, code=2).stderr


def test_sentences_of_an_own_scheme_are_imported_by_it(
    database: Database, attitude_corpus: Path, attitude_scheme: Path, url: str
) -> None:
    imported = ["corrections", "import", attitude_corpus, "--database", url]
    assert "attitude.jsonl:1: " in run(*imported, code=2).stderr
    assert "as judged; 0 were known" in run(*imported, "--scheme", attitude_scheme).stdout


def test_corrections_are_listed(database: Database, url: str) -> None:
    fill(database, 3)
    lines = run("corrections", "list", "--limit", "2", "--database", url).stdout.splitlines()
    assert len(lines) == 2
    assert lines[0].split("\t")[2:] == ["anna", correction(2)["text"], "CL denial→PE; PE"]
    (found,) = run("corrections", "list", "--code", "NO", "--json", "--database", url).stdout.splitlines()
    assert json.loads(found)["text"] == correction(0)["text"]


def test_purging_by_age_and_by_user(database: Database, url: str) -> None:
    fill(database, 3)
    fill(database, 2, user="boris")
    assert "say what to delete" in run("corrections", "purge", "--database", url, code=2).stderr
    assert "deleted 0 " in run("corrections", "purge", "--days", "1", "--database", url).stdout
    assert "deleted 2 " in run("corrections", "purge", "--user", "boris", "--database", url).stdout
    assert "deleted 3 " in run("corrections", "purge", "--days", "0", "--database", url).stdout


def test_the_revision_is_told(database: Database, url: str) -> None:
    assert database.revision() == "0001"
    assert "revision 0001, this version needs 0001" in run("database", "current", "--database", url).stdout
    assert "revision 0001" in run("database", "upgrade", "--database", url).stdout


def test_a_database_that_is_away_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    broken = f"sqlite:///{tmp_path}/file/x.db"
    assert "does not answer" in run("database", "upgrade", "--database", broken, code=1).stderr
    nobody = "postgresql://postgres:secret@127.0.0.1:9/none"
    result = run("corrections", "list", "--database", nobody, code=1)
    assert "does not answer" in result.stderr
    assert "secret" not in result.stderr
    assert "there is no database" in run("corrections", "list", "--database", "none", code=2).stderr
