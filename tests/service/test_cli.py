"""The command line, in this process and as a command."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from service_helpers import wait_until
from typer.testing import CliRunner, Result

from model.classifier import StanceClassifier
from service.cli.main import app
from service.schemas import ClassifyAnswer

TEXT = "Norway denied on Tuesday that it had misled Iceland.\nSweden warned both neighbours.\n"
COMMAND = [sys.executable, "-m", "service.cli.main"]
CORPUS_LINE = {
    "id": "a-1",
    "text": "Norway backs Iceland.",
    "entities": [
        {"code": "NO", "mentions": ["Norway"], "stances": {"support": ["IS"]}},
        {"code": "IS", "mentions": ["Iceland"], "stances": {}},
    ],
}


@pytest.fixture
def article(tmp_path: Path) -> Path:
    path = tmp_path / "article.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


def run(*arguments: str | Path, stdin: bytes | str | None = None) -> Result:
    """Run the command here; an exception other than its exit fails the test."""
    return CliRunner().invoke(app, [str(item) for item in arguments], input=stdin, catch_exceptions=False)


def succeed(*arguments: str | Path, stdin: bytes | str | None = None) -> str:
    result = run(*arguments, stdin=stdin)
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    return result.stdout


def fail(*arguments: str | Path, code: int, stdin: bytes | str | None = None) -> Result:
    """Run a command that must end with a code and one line on standard error."""
    result = run(*arguments, stdin=stdin)
    assert result.exit_code == code, result.output
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    return result


def test_json_is_the_answer_of_the_service(article: Path) -> None:
    answer = json.loads(succeed("classify", "--format", "json", article))
    ClassifyAnswer.model_validate_json(json.dumps(answer))
    classifier = StanceClassifier.from_pretrained()
    assert answer["model"]["sha256"] == classifier.info.sha256
    (document,) = answer["documents"]
    assert document["id"] == str(article)
    assert document["sentences"] == json.loads(json.dumps(classifier.classify(TEXT).to_dict()))["sentences"]


def test_jsonl_has_one_sentence_a_line(article: Path) -> None:
    lines = [json.loads(line) for line in succeed("classify", "--format", "jsonl", article).splitlines()]
    assert [(line["document"], line["sentence"]) for line in lines] == [(str(article), 0), (str(article), 1)]
    assert [entity["code"] for entity in lines[0]["entities"]] == ["NO", "IS"]


def test_csv_has_one_row_per_sentence_entity_and_stance(article: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(succeed("classify", "--format", "csv", article))))
    (document,) = json.loads(succeed("classify", "--format", "json", article))["documents"]
    expected = [
        (str(index), entity["code"], stance["stance"], ";".join(target["code"] for target in stance["toward"]))
        for index, sentence in enumerate(document["sentences"])
        for entity in sentence["entities"]
        for stance in entity["stances"] or [{"stance": "none", "toward": []}]
    ]
    assert [(row["sentence"], row["code"], row["stance"], row["toward"]) for row in rows] == expected
    assert {row["code"] for row in rows} == {"NO", "IS", "SE"}
    for row in rows:
        start, end = map(int, row["mention_offsets"].split("-"))
        assert TEXT[start:end] == row["mentions"]
        assert TEXT[int(row["sentence_start"]) : int(row["sentence_end"])] == row["text"]
        assert 0 <= float(row["score_denial"]) <= 1
        assert (row["score"] == "") == (row["stance"] == "none")


def test_the_table_shows_counts_and_sentences_in_plain_text(article: Path) -> None:
    table = succeed("classify", article)
    assert "\x1b" not in table
    for part in ("support", "deterrence", "denial", "warning", "Norway (NO)", "NO (Norway): ", "IS (Iceland): "):
        assert part in table
    assert "1. Norway denied on Tuesday that it had misled Iceland.\n" in table
    assert "2. Sweden warned both neighbours.\n" in table


def test_the_table_of_a_text_without_countries_says_so() -> None:
    assert succeed("classify", "-", stdin="It rained all day.") == "No country is mentioned.\n"


def test_control_characters_of_a_text_do_not_reach_the_terminal() -> None:
    table = succeed("classify", "-", stdin="Norway \x1b[31mwarned\x9b0m Iceland\x07.")
    assert "\x1b" not in table
    assert "\x07" not in table
    assert "\x9b" not in table
    assert "Norway \ufffd[31mwarned\ufffd0m Iceland\ufffd." in table


def test_standard_input_and_several_files(article: Path) -> None:
    answer = json.loads(succeed("classify", "--format", "json", "-", article, stdin="Kenya backs Rwanda."))
    assert [document["id"] for document in answer["documents"]] == ["-", str(article)]
    table = succeed("classify", "-", article, stdin="Kenya backs Rwanda.")
    assert table.startswith("-\n")
    assert f"\n{article}\n" in table


def test_line_ends_and_offsets_are_those_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "dos.txt"
    path.write_bytes("\ufeffNorway warned Iceland.\r\n\r\nSweden 🚢 backs Denmark.\r\n".encode())
    (document,) = json.loads(succeed("classify", "--format", "json", path))["documents"]
    text = path.read_bytes().decode("utf-8-sig")
    for sentence in document["sentences"]:
        assert text[sentence["start"] : sentence["end"]] == sentence["text"]


def test_countries_date_and_blocs(article: Path) -> None:
    answer = json.loads(succeed("classify", "--format", "json", "--countries", "no, se", article))
    found = {e["code"] for s in answer["documents"][0]["sentences"] for e in s["entities"]}
    assert found == {"NO", "SE"}
    text = "The European Union welcomed Norway's offer, Jens Stoltenberg said."
    for options, expected in (
        (["--date", "2010-05-01", "--no-blocs"], {"NO"}),
        (["--date", "2019-05-01"], {"EU", "NO", "NATO"}),
    ):
        (line,) = succeed("classify", "--format", "jsonl", *options, "-", stdin=text).splitlines()
        assert {entity["code"] for entity in json.loads(line)["entities"]} == expected


@pytest.mark.parametrize("format_", ["table", "json", "jsonl", "csv"])
def test_output_goes_to_a_file(article: Path, tmp_path: Path, format_: str) -> None:
    target = tmp_path / "out"
    assert succeed("classify", "--format", format_, "--output", target, article) == ""
    written = target.read_text(encoding="utf-8")
    assert "Norway" in written
    if format_ != "table":
        assert written == succeed("classify", "--format", format_, article)


def test_files_that_cannot_be_read_are_named_in_one_line(tmp_path: Path) -> None:
    latin, empty, nul = tmp_path / "latin.txt", tmp_path / "empty.txt", tmp_path / "nul.txt"
    latin.write_bytes(b"Norv\xe8ge")
    empty.write_bytes(b"")
    nul.write_bytes(b"Norway\0")
    (tmp_path / "folder").mkdir()
    cases: list[tuple[Path, int, str]] = [
        (tmp_path / "missing.txt", 2, "No such file"),
        (tmp_path / "folder", 2, "directory"),
        (latin, 1, "not UTF-8"),
        (empty, 1, "empty"),
        (nul, 1, "NUL"),
    ]
    for path, code, reason in cases:
        result = fail("classify", path, code=code)
        assert str(path) in result.stderr
        assert reason in result.stderr
        assert result.stdout == ""
    assert "empty" in fail("classify", "-", stdin=b"", code=1).stderr
    assert "not UTF-8" in fail("classify", "-", stdin=b"\xff\xfe", code=1).stderr


@pytest.mark.parametrize("bad", [b"\xff", b""])
def test_one_bad_file_does_not_cost_the_others_their_answer(article: Path, tmp_path: Path, bad: bytes) -> None:
    path = tmp_path / "bad.txt"
    path.write_bytes(bad)
    result = fail("classify", "--format", "json", path, article, tmp_path / "article.txt", code=1)
    assert str(path) in result.stderr
    assert [document["id"] for document in json.loads(result.stdout)["documents"]] == [str(article)] * 2
    missing = fail("classify", "--format", "json", tmp_path / "missing", article, code=1)
    assert len(json.loads(missing.stdout)["documents"]) == 1


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--date", "yesterday"], "YYYY-MM-DD"),
        (["--date", "2022-02-30"], "calendar"),
        (["--countries", "US,USA"], "USA"),
        (["--countries", ","], "--countries"),
        (["--output", "/nonexistent/out.json"], "--output"),
        (["--output", "/"], "--output"),
        (["--output", "x" * 5_000], "--output"),
    ],
)
def test_senseless_options_are_refused_in_one_line(article: Path, options: list[str], reason: str) -> None:
    assert reason in fail("classify", *options, article, code=2).stderr


def test_the_input_is_never_overwritten(article: Path) -> None:
    assert "one of the files" in fail("classify", "--output", article, article, code=2).stderr
    assert article.read_text(encoding="utf-8") == TEXT


def test_a_model_that_cannot_be_loaded_is_one_line(article: Path, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    fail("classify", "--model", tmp_path / "model", article, code=1)


@pytest.mark.parametrize("command", [[], ["classify"], ["serve"], ["check"]])
def test_help_teaches_by_example(command: list[str]) -> None:
    assert "entity-stance " + " ".join(command) in succeed(*command, "--help")


def test_wrong_usage_ends_with_code_2() -> None:
    for arguments in (["classify"], ["classify", "--format", "xml", "-"], ["nonsense"], ["serve", "--port", "http"]):
        assert run(*arguments).exit_code == 2
    assert "classify" in run().output


def test_version() -> None:
    assert succeed("--version").startswith("entity-stance ")


def test_check_counts_a_faultless_corpus(tmp_path: Path) -> None:
    path = tmp_path / "corpus.jsonl"
    path.write_text(json.dumps(CORPUS_LINE) + "\n", encoding="utf-8")
    assert "sentences: 1\n" in succeed("check", path)


def test_check_lists_faults_with_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "corpus.jsonl"
    bad = {**CORPUS_LINE, "id": "a-2", "text": "Norway backs nobody."}
    path.write_text(f"{json.dumps(CORPUS_LINE)}\n{json.dumps(bad)}\nnot json\n", encoding="utf-8")
    result = fail("check", path, code=1)
    assert f"{path}:2: " in result.stdout
    assert f"{path}:3: " in result.stdout
    assert "missing.jsonl" in fail("check", tmp_path / "missing.jsonl", code=2).stderr


def command(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*COMMAND, *map(str, arguments)], capture_output=True, check=False, timeout=60, **options)


def test_as_a_command_it_writes_utf_8_whatever_the_locale(article: Path) -> None:
    article.write_text("Türkiye warned Iceland 🚢.\n", encoding="utf-8")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    result = command("classify", "--format", "json", article, env=environment)
    assert result.returncode == 0, result.stderr
    assert "🚢".encode() in result.stdout
    table = command("classify", article, env=environment)
    assert table.returncode == 0, table.stderr
    assert b"Iceland" in table.stdout


def test_as_a_command_it_ends_quietly_when_its_reader_does(article: Path) -> None:
    article.write_text(TEXT * 200, encoding="utf-8")
    pipe = subprocess.Popen(
        [*COMMAND, "classify", "--format", "jsonl", str(article)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert pipe.stdout is not None
    assert pipe.stderr is not None
    pipe.stdout.readline()
    pipe.stdout.close()
    errors = pipe.stderr.read()
    pipe.stderr.close()
    pipe.wait(120)
    assert b"Traceback" not in errors


def test_serve_answers_over_http_and_stops_on_a_signal(tmp_path: Path) -> None:
    log = tmp_path / "log"
    environment = {**os.environ, "ENTITY_STANCE_MAX_DOCUMENTS": "1"}
    with log.open("wb") as stream:
        process = subprocess.Popen([*COMMAND, "serve", "--port", "0"], stderr=stream, stdout=stream, env=environment)
    try:
        wait_until(lambda: "running on http://" in log.read_text())
        url = log.read_text().partition("running on ")[2].split()[0]
        with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
            wait_until(lambda: client.get("/readyz").status_code == 200)
            answer = client.post("/classify", json={"text": "Norway warned Iceland."})
            assert ClassifyAnswer.model_validate_json(answer.content)
            assert client.get("/info").json()["limits"]["max_documents"] == 1
    finally:
        process.terminate()
        process.wait(30)
    assert "Traceback" not in log.read_text()
    assert "is ready" in log.read_text()


def test_serve_ends_when_it_cannot_work(tmp_path: Path) -> None:
    for arguments, reason, environment in (
        (["--model", str(tmp_path)], "could not be loaded", {}),
        (["--port", "99999"], "ENTITY_STANCE_PORT", {}),
        ([], "ENTITY_STANCE_MAX_BODY_BYTES", {"ENTITY_STANCE_MAX_BODY_BYTES": "-1"}),
    ):
        result = command("serve", *arguments, env={**os.environ, "ENTITY_STANCE_PORT": "0", **environment})
        assert result.returncode in {1, 2}
        assert reason in result.stderr.decode()
        assert b"Traceback" not in result.stderr
