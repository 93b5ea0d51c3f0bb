"""`entity-stance classify` on corpora: folders, JSON Lines, Parquet, and runs that are interrupted."""

from __future__ import annotations

import csv
import json
import os
import pty
import random
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest
from service_helpers import wait_until
from typer.testing import CliRunner, Result

from model.classifier import StanceClassifier
from model.documents import Document
from service.cli import batch
from service.cli.main import app
from service.rows import ROWS_IN_GROUP

COMMAND = [sys.executable, "-m", "service.cli.main", "classify"]
LONG = 1_200
PEOPLE = ["Norway", "Iceland", "Chile", "Peru", "Oman", "Mali", "Kenya", "Rwanda"]
DEEDS = [
    "warned {} of {} storms",
    "backs {} with {} ships",
    "denied {} times that it had misled {}",
    "met {} on day {}",
]


def sentence(number: int) -> str:
    """Compose a sentence that no other number gives."""
    first, second = PEOPLE[number % 8], PEOPLE[(number + 1 + number // 8 % 7) % 8]
    deed = DEEDS[number % 4]
    return f"{first} {deed.format(*((number, second) if 'times' in deed else (second, number)))}."


def compose(folder: Path, documents: int) -> Path:
    """Write a corpus: texts in two folders, a file of lines with some that are broken, and an empty text."""
    (folder / "a" / "deep").mkdir(parents=True)
    (folder / "empty.txt").write_text("", encoding="utf-8")
    for number in range(0, documents, 4):
        text = f"{sentence(number)} It rained. {sentence(number + 10_000)}\n"
        (folder / "a" / ("deep" if number % 8 else ".") / f"{number:05}.txt").write_text(text, encoding="utf-8")
    with (folder / "lines.jsonl").open("w", encoding="utf-8") as file:
        for number in range(documents):
            if number % 4:
                file.write(json.dumps({"id": f"d{number}", "text": sentence(number)}) + "\n")
            if number % 50 == 49:
                file.write('{"id": "broken", "text": 5}\n\nnot json\n')
    return folder


def run(*arguments: str | Path, code: int = 0, stdin: str | None = None) -> Result:
    result = CliRunner().invoke(app, ["classify", *map(str, arguments)], input=stdin, catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


def lines(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def content(path: Path) -> Any:
    """Return what an output holds: its bytes, or the rows of a Parquet file."""
    return pq.read_table(path).to_pylist() if path.suffix == ".parquet" else path.read_bytes()


def leftovers(path: Path) -> set[str]:
    """Return the names of files beside an output that begin with its name."""
    return {item.name for item in path.parent.glob(path.name + "*")} - {path.name}


def test_a_folder_is_read_to_its_depths_in_a_fixed_order(tmp_path: Path) -> None:
    corpus = compose(tmp_path / "corpus", 17)
    result = run("--format", "jsonl", corpus, code=1)
    assert result.stderr == f"error: {corpus}/empty.txt: text: is empty\n"
    expected = [f"{corpus}/a/{name}.txt" for name in ("00000", "00008", "00016", "deep/00004", "deep/00012")]
    documents = list(dict.fromkeys(line["document"] for line in lines(result)))
    assert documents == expected + [f"d{number}" for number in range(17) if number % 4]
    assert [line["text"] for line in lines(result)[:3]] == [sentence(0), "It rained.", sentence(10_000)]


def test_glob_picks_the_files_of_folders(tmp_path: Path) -> None:
    corpus = compose(tmp_path / "corpus", 9)
    (corpus / "a" / "note.md").write_text("Sweden backs Finland.", encoding="utf-8")
    assert {line["document"] for line in lines(run("-f", "jsonl", "--glob", "*.md", corpus))} == {f"{corpus}/a/note.md"}
    deep = run("-f", "jsonl", "--glob", "deep/*.txt", "--glob", "*.md", corpus)
    assert {line["document"] for line in lines(deep)} == {f"{corpus}/a/note.md", f"{corpus}/a/deep/00004.txt"}
    assert "directory holds no file that is named *.rst" in run("--glob", "*.rst", corpus, code=2).stderr


def test_lines_carry_their_own_id_date_and_entities(tmp_path: Path) -> None:
    path = tmp_path / "documents.jsonl"
    acme = {"code": "ACME", "name": "Acme", "mentions": ["Acme"]}
    records: list[dict[str, Any]] = [
        {"id": "one", "text": "Jens Stoltenberg warned Acme.", "date": "2010-05-01", "entities": [acme]},
        {"text": "Jens Stoltenberg warned Chile.", "date": None},
    ]
    path.write_bytes(b"\xef\xbb\xbf" + b"\r\n".join(map(orjson.dumps, records)))
    found = lines(run("-f", "jsonl", "--date", "2019-05-01", "--countries", "NO,NATO", path))
    assert [(line["document"], [entity["code"] for entity in line["entities"]]) for line in found] == [
        ("one", ["NO", "ACME"]),
        (f"{path}:2", ["NATO"]),
    ]
    streamed = run("-f", "jsonl", "--input-format", "jsonl", "-", stdin=path.read_text(encoding="utf-8"))
    assert [line["document"] for line in lines(streamed)] == ["one", "-:2"]
    assert len(lines(run("-f", "jsonl", "--input-format", "text", path))) >= 2


def test_a_broken_line_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    path, errors = tmp_path / "documents.ndjson", tmp_path / "errors.jsonl"
    broken: list[tuple[bytes, str, str | None]] = [
        (b"nonsense", "is not JSON", None),
        (b"null", "not null", None),
        (b"[]", "should be a JSON object", None),
        (b'{"id": "x"}', "text: is required", "x"),
        (b'{"id": "y", "text": " "}', "text: is empty", "y"),
        (b'{"id": "z", "text": "Chile.", "topic": 1}', "topic: unknown field", "z"),
        (b'{"text": "Chile.", "date": "tomorrow"}', "date: should be a day as YYYY-MM-DD", None),
        (b'{"id": "u", "text": "Chile.", "entities": [{"code": "A", "name": "A"}]}', "entities[0].mentions", "u"),
        (b'{"text": "\xff"}', "is not JSON", None),
    ]
    good = b'{"id": "good", "text": "Chile warned Peru."}'
    path.write_bytes(b"\n".join([good, *(line for line, _, _ in broken), b"", good]))
    missing = tmp_path / "missing.txt"
    result = run("-f", "jsonl", "--errors", errors, missing, path, code=1)
    assert [line["document"] for line in lines(result)] == ["good", "good"]
    reported = [json.loads(line) for line in errors.read_text(encoding="utf-8").splitlines()]
    assert reported[0] == {"file": str(missing), "line": None, "id": None, "reason": "No such file or directory"}
    for number, (fault, (_, reason, id)) in enumerate(zip(reported[1:], broken, strict=True), 2):
        assert (fault["file"], fault["line"], fault["id"]) == (str(path), number, id)
        assert reason in fault["reason"]
        assert f"error: {path}:{number}: {fault['reason']}\n" in result.stderr


def test_json_that_is_written_piece_by_piece_is_laid_out_as_a_whole(tmp_path: Path) -> None:
    text = 'Norway warned\nIceland:\n\n    "never".\n'
    paths = [tmp_path / f"{number}.txt" for number in range(3)]
    for path in paths:
        path.write_text(text, encoding="utf-8")
    classifier = StanceClassifier.from_pretrained()
    results = classifier.classify_documents([Document(text, id=str(path)) for path in paths])
    answer = {"model": asdict(classifier.info), "documents": [result.to_dict() for result in results]}
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    assert run("-f", "json", *paths).stdout.encode() == orjson.dumps(answer, option=options)


def test_parquet_holds_the_rows_of_csv(tmp_path: Path) -> None:
    corpus, output = compose(tmp_path / "corpus", 40), tmp_path / "out.parquet"
    run("-f", "parquet", "-o", output, corpus, code=1)
    table = pq.read_table(output)
    rows = list(csv.DictReader(run("-f", "csv", corpus, code=1).stdout.splitlines()))
    for ours, theirs in zip(table.to_pylist(), rows, strict=True):
        assert {
            key: "" if ours[key] is None else str(ours[key]) for key in ("document", "sentence", "alpha3", "text")
        } == {key: theirs[key] for key in ("document", "sentence", "alpha3", "text")}
        assert (ours["stance"] or "none") == theirs["stance"]
        assert str(ours["score"] if ours["stance"] else "") == theirs["score"]
        assert ";".join(target["code"] for target in ours["toward"] or []) == theirs["toward"]
        assert (
            ";".join(f"{mention['start']}-{mention['end']}" for mention in ours["mentions"])
            == theirs["mention_offsets"]
        )
        assert ours["score_denial"] == float(theirs["score_denial"])
    assert any(row["toward"] for row in table.to_pylist())
    assert table.schema.metadata[b"model_sha256"].decode() == StanceClassifier.from_pretrained().info.sha256
    assert not leftovers(output)


def test_row_groups_do_not_depend_on_how_rows_came(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = compose(tmp_path / "corpus", 60)
    monkeypatch.setattr("service.cli.parquet.ROWS_IN_GROUP", 50)
    sizes = []
    for seconds in (0.0, 60.0):
        monkeypatch.setattr(batch, "SECONDS_BETWEEN_CHECKPOINTS", seconds)
        output = tmp_path / f"{seconds}.parquet"
        run("-f", "parquet", "-o", output, corpus, code=1)
        metadata = pq.read_metadata(output)
        sizes.append([metadata.row_group(index).num_rows for index in range(metadata.num_row_groups)])
    assert sizes[0] == sizes[1]
    assert set(sizes[0][:-1]) == {50}
    assert content(tmp_path / "0.0.parquet") == content(tmp_path / "60.0.parquet")


def test_without_pyarrow_parquet_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.delitem(sys.modules, "service.cli.parquet", raising=False)
    (tmp_path / "a.txt").write_text("Chile.", encoding="utf-8")
    result = run("-f", "parquet", "-o", tmp_path / "out.parquet", tmp_path / "a.txt", code=2)
    assert "pip install 'entity-stance[parquet]'" in result.stderr


def test_options_that_cannot_work_are_refused(tmp_path: Path) -> None:
    corpus = compose(tmp_path / "corpus", 5)
    for options, reason in (
        (["-f", "parquet"], "--output"),
        (["-f", "json", "--resume"], "--output"),
        (["--resume", "-o", tmp_path / "out"], "table"),
        (["-f", "jsonl", "-o", corpus / "out.jsonl"], "one of the files to read"),
        (["-f", "jsonl", "--errors", corpus / "a" / "out.txt"], "--errors"),
        (["-f", "jsonl", "-o", tmp_path / "out", "--errors", tmp_path / "out"], "--errors"),
        (["-f", "jsonl", "-o", tmp_path / "out", "--resume", "-"], "stream"),
    ):
        assert reason in run(*options, corpus, code=2, stdin="").stderr


OFTEN = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # jobs in the background of a shell are born without it
from service.cli import batch, main
batch.SECONDS_BETWEEN_CHECKPOINTS = 0.02
main.app()
"""


@pytest.mark.parametrize("command", ["classify", "explain", "compare", "convert"])
def test_help_teaches_by_example(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"], catch_exceptions=False)
    assert result.exit_code == 0
    assert f"entity-stance {command} " in result.stdout


def start(*arguments: str | Path, **options: Any) -> subprocess.Popen[bytes]:
    """Start the command with frequent checkpoints, so that a fast machine does not end before it is interrupted."""
    return subprocess.Popen(
        [sys.executable, "-c", OFTEN, "classify", *map(str, arguments)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        **options,
    )


def finish(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    _, errors = process.communicate(timeout=120)
    return process.returncode, errors.decode()


def checkpoints(output: Path) -> int:
    journal = output.with_name(output.name + ".progress")
    try:
        return len(journal.read_text(encoding="utf-8").splitlines()) - 1
    except FileNotFoundError:
        return -1


@pytest.fixture(scope="module")
def long_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compose(tmp_path_factory.mktemp("long") / "corpus", LONG)


@pytest.mark.parametrize("format_", ["jsonl", "parquet"])
def test_killed_runs_go_on_to_the_same_output(long_corpus: Path, tmp_path: Path, format_: str) -> None:
    whole, output = tmp_path / f"whole.{format_}", tmp_path / f"out.{format_}"
    run("-f", format_, "-o", whole, "--errors", tmp_path / "whole.errors", long_corpus, code=1)
    chance = random.Random(format_)
    arguments = ["-f", format_, "-o", output, "--errors", tmp_path / "errors", "--resume", long_corpus]
    killed = 0
    for _ in range(3):
        process = start(*arguments)
        seen = checkpoints(output)
        wait_until(lambda p=process, n=seen: p.poll() is not None or checkpoints(output) > max(n, 0))  # type: ignore[misc]
        time.sleep(chance.uniform(0, 0.15))
        process.kill()
        killed += finish(process)[0] == -signal.SIGKILL
    assert killed >= 2
    assert checkpoints(output) >= 1
    code, errors = finish(start(*arguments))
    assert code == 1, errors
    assert content(output) == content(whole)
    assert (tmp_path / "errors").read_bytes() == (tmp_path / "whole.errors").read_bytes()
    assert not leftovers(output)


@pytest.mark.parametrize("format_", ["json", "jsonl", "csv", "parquet"])
def test_a_full_disk_is_one_line_and_the_run_goes_on_when_there_is_room(
    tmp_path: Path, format_: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    corpus = compose(tmp_path / "corpus", 60)
    whole, output = tmp_path / f"whole.{format_}", tmp_path / f"out.{format_}"
    run("-f", format_, "-o", whole, corpus, code=1)
    room = 12_000 if format_ != "csv" else 4_000
    code, errors = finish(start("-f", format_, "-o", output, corpus, preexec_fn=limit_files(room)))
    assert code == 1
    assert "--resume goes on from here" in errors
    assert "Traceback" not in errors
    assert checkpoints(output) >= 0
    run("-f", format_, "-o", output, "--resume", corpus, code=1)
    assert content(output) == content(whole)
    assert not leftovers(output)


def limit_files(size: int) -> Callable[[], None]:
    """Return what makes a process fail to write files larger than a size, as it would on a full disk."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def test_ctrl_c_ends_in_one_line_and_the_run_goes_on(long_corpus: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.csv"
    arguments = ["-f", "csv", "-o", output, long_corpus]
    process = start(*arguments)
    wait_until(lambda: checkpoints(output) >= 1)
    process.send_signal(signal.SIGINT)
    code, errors = finish(process)
    assert code == 130
    assert errors.splitlines()[-1] == "error: interrupted; --resume goes on from here"
    assert "Traceback" not in errors
    before = output.stat().st_size
    assert before > 0
    run(*arguments, "--resume", code=1)
    assert output.stat().st_size > before
    written = [row["document"] for row in csv.DictReader(output.read_text(encoding="utf-8").splitlines())]
    assert len(set(written)) == LONG


@pytest.fixture
def interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str | Path]:
    """Interrupt a run over a file of lines at its fortieth document, and return its arguments."""
    monkeypatch.setattr(batch, "SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    path = tmp_path / "lines.jsonl"
    path.write_text("".join(json.dumps({"text": sentence(n)}) + "\n" for n in range(60)), encoding="utf-8")
    arguments: list[str | Path] = ["-f", "json", "-o", tmp_path / "out.json", path]
    answered = 0
    advance = batch.Progress.advance

    def advance_until(self: batch.Progress, done: int, sentences: int) -> None:
        nonlocal answered
        answered += 1
        if answered == 40:
            raise KeyboardInterrupt
        advance(self, done, sentences)

    with monkeypatch.context() as patch:
        patch.setattr(batch.Progress, "advance", advance_until)
        run(*arguments, code=130)
    return arguments


def test_a_run_that_goes_on_does_no_work_twice(
    interrupted: list[str | Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    classified = []
    submit = StanceClassifier.submit
    monkeypatch.setattr(
        StanceClassifier,
        "submit",
        lambda self, document, **kw: classified.append(document.id) or submit(self, document, **kw),
    )
    run(*interrupted, "--resume")
    assert 19 <= len(classified) <= 22
    documents = json.loads((tmp_path / "out.json").read_bytes())["documents"]
    assert [document["id"].rpartition(":")[2] for document in documents] == [str(n + 1) for n in range(60)]


def test_a_torn_journal_goes_back_to_its_last_whole_line(interrupted: list[str | Path], tmp_path: Path) -> None:
    journal = tmp_path / "out.json.progress"
    journal.write_bytes(journal.read_bytes()[:-7])
    run(*interrupted, "--resume")
    resumed = (tmp_path / "out.json").read_bytes()
    run(*interrupted)
    assert (tmp_path / "out.json").read_bytes() == resumed


def test_another_run_is_not_taken_for_the_interrupted_one(interrupted: list[str | Path], tmp_path: Path) -> None:
    output, path = tmp_path / "out.json", tmp_path / "lines.jsonl"
    before = output.read_bytes()
    for options, reason in (
        (["-f", "jsonl"], "--format was json, now it is jsonl"),
        (["--countries", "NO"], "--countries was all, now it is NO"),
        (["--date", "2020-01-01"], "--date was None, now it is 2020-01-01"),
        (["--errors", tmp_path / "errors"], "--errors was"),
        ([tmp_path / "lines.jsonl"], f"input 2 ({path}) was not given"),
    ):
        assert reason in run(*interrupted, "--resume", *options, code=2).stderr
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert f"input 1 ({path}) was " in run(*interrupted, "--resume", code=2).stderr
    assert output.read_bytes() == before
    (tmp_path / "out.json.progress").write_text("nonsense", encoding="utf-8")
    assert "no journal of a run" in run(*interrupted, "--resume", code=2).stderr
    run(*interrupted)
    assert not leftovers(output)


def test_an_output_that_was_cut_is_not_continued(interrupted: list[str | Path], tmp_path: Path) -> None:
    output = tmp_path / "out.json"
    output.write_bytes(output.read_bytes()[:100])
    assert "missing or shorter than it was" in run(*interrupted, "--resume", code=2).stderr
    output.unlink()
    assert "missing or shorter than it was" in run(*interrupted, "--resume", code=2).stderr


def test_progress_is_shown_on_a_terminal_only(tmp_path: Path) -> None:
    corpus, output = compose(tmp_path / "corpus", 20), tmp_path / "out.csv"
    ours, theirs = pty.openpty()
    process = subprocess.Popen([*COMMAND, "-f", "csv", "-o", str(output), str(corpus)], stderr=theirs)
    os.close(theirs)
    shown = b""
    # On Linux the end of a terminal that nobody holds any more is an error.
    with suppress(OSError):
        while data := os.read(ours, 4096):
            shown += data
    os.close(ours)
    assert process.wait(60) == 1
    assert b"20 documents, " in shown
    assert b"sentences/s" in shown
    assert run("-f", "csv", "-o", output, corpus, code=1).stderr.count("\n") == 1


def test_the_page_on_corpora_names_the_columns(tmp_path: Path) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "corpora.md").read_text(encoding="utf-8")
    (tmp_path / "line.jsonl").write_text(page.split("```json\n")[1].split("```")[0], encoding="utf-8")
    output = tmp_path / "out.parquet"
    run("-f", "parquet", "-o", output, tmp_path / "line.jsonl")
    schema = pq.read_schema(output)
    table = page.split("| column | type | |")[1]
    documented = [
        name for row in table.splitlines() if row.startswith("| `") for name in re.findall("`(.*?)`", row.split("|")[1])
    ]
    assert [name for name in schema.names if not name.startswith("score_")] == [
        name for name in documented if name != "score_…"
    ]
    assert {row["code"] for row in pq.read_table(output).to_pylist()} == {"ACME", "NO"}
    assert "16,384" in page
    assert ROWS_IN_GROUP == 16_384


MEASURED = """
import atexit, re, sys
from pathlib import Path
from service.cli.main import app
from service.rows import ROWS_IN_GROUP

def report():
    peak = re.search(r"VmHWM:\\s+([0-9]+) kB", Path("/proc/self/status").read_text())[1]
    Path(sys.argv.pop(1)).write_text(peak)

atexit.register(report)
app(["classify", *sys.argv[2:]])
"""


def test_memory_does_not_grow_with_the_corpus(tmp_path: Path) -> None:
    """Two thousand documents with some 5 MB of text take no more than the first five hundred."""
    path, peak, megabytes = tmp_path / "documents.jsonl", tmp_path / "peak", []
    rain = "It rained on the hills and in the valleys, and nobody there minded it much. " * 30
    for count in (500, 2_000):
        with path.open("w", encoding="utf-8") as file:
            for number in range(count):
                text = " ".join([*map(sentence, range(number * 2, number * 2 + 2)), rain])
                file.write(json.dumps({"id": str(number), "text": text}) + "\n")
        arguments = [peak, "-f", "json", "-o", tmp_path / "out.json", path]
        subprocess.run([sys.executable, "-c", MEASURED, *map(str, arguments)], check=True, timeout=120)
        megabytes.append(int(peak.read_text()) / 1024)
    assert len(json.loads((tmp_path / "out.json").read_bytes())["documents"]) == 2_000
    assert megabytes[1] - megabytes[0] < 7, megabytes
