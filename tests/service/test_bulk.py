"""`entity-stance batch` in one process: formats, bad rows, columns, what is refused."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bulk_helpers import ENVIRONMENT, document, letters, rows, run, run_apart, summary, write_lines, write_table
from typer.testing import CliRunner

from model.classifier import StanceClassifier
from service.bulk.records import UNCLOSED
from service.cli.main import app
from service.rows import ROWS_IN_GROUP

ROOT = Path(__file__).resolve().parents[2]


def without_place(output: Path) -> list[dict[str, Any]]:
    """Return the rows without what depends on the format of the input."""
    return [{name: value for name, value in row.items() if name != "row"} for row in rows(output)]


def test_formats_give_the_rows_of_classify(tmp_path: Path) -> None:
    documents = [document(number) for number in range(100)]
    sources = [
        write_lines(tmp_path / "in.jsonl", 100),
        write_table(tmp_path / "in.csv", documents),
        write_table(tmp_path / "in.parquet", documents),
    ]
    found = []
    for source in sources:
        output = tmp_path / f"out-{source.suffix[1:]}"
        run(source, output, "--partition-rows", "23")
        assert sorted(path.name for path in output.glob("part*")) == [f"part-{n:06}.parquet" for n in range(5)]
        assert summary(output)["documents"] == 100
        found.append(without_place(output))
    assert found[0] == found[1] == found[2]
    single = tmp_path / "single.parquet"
    CliRunner().invoke(app, ["classify", "-f", "parquet", "-o", str(single), str(sources[0])], catch_exceptions=False)
    classified = pq.read_table(single).to_pylist()
    assert classified
    assert [row | {"date": None, "partition": None} for row in classified] == [
        row | {"date": None, "partition": None} for row in found[0]
    ]
    dates = {row["document"]: row["date"].isoformat() for row in found[0]}
    assert dates == {item["id"]: item["date"] for item in documents}
    assert {row["partition"] for row in found[0]} == {0, 1, 2, 3, 4}


def test_bad_rows_become_dead_letters_and_cost_no_other(tmp_path: Path) -> None:
    source = write_lines(tmp_path / "in.jsonl", 30, broken=10)
    output = tmp_path / "out"
    result = run(source, output, "--partition-rows", "7")
    assert "9 dead letters" in result.stdout
    assert {row["document"] for row in rows(output)} == {f"d{number}" for number in range(30)}
    first = [{key: letter[key] for key in ("line", "id")} for letter in letters(output)[:3]]
    assert first == [{"line": 11, "id": "b"}, {"line": 13, "id": None}, {"line": 14, "id": "e"}]
    reasons = [letter["reason"] for letter in letters(output)[:3]]
    assert reasons[0] == "text: should be a text, not int"
    assert reasons[1].startswith("is not JSON: ")
    assert reasons[2] == "text: is empty"
    assert {letter["file"] for letter in letters(output)} == {str(source)}
    assert [letter["line"] for letter in letters(output)] == sorted(letter["line"] for letter in letters(output))


def test_bad_rows_of_tables(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    table = tmp_path / "in" / "a.csv"
    table.write_bytes(
        b"id,text,date\n"
        b'1,"Norway warned Chile.\n\nIt rained, too.",2022-01-01\n'
        b"2,Norway warned Chile,2022-01-01,more\n"
        b"3,Mali backs \xff Kenya.,2022-01-01\n"
        b"4,Mali backs Kenya.,tomorrow\n"
        b'5,"Oman denied it.,2022-01-01\n'
        b"6,Peru backs Oman.,2022-01-01T10:00:00Z\n"
    )
    (tmp_path / "in" / "b.csv").write_text("name,body\nx,Norway warned Chile.\n", encoding="utf-8")
    (tmp_path / "in" / "c.parquet").write_bytes(b"no such thing")
    schema = pa.schema([("id", pa.int64()), ("text", pa.string()), ("date", pa.timestamp("us"))])
    some = [{"id": 7, "text": "Norway warned Chile."}, {"id": 8, "text": None}, {"id": 9, "text": "A\0 Mali."}]
    pq.write_table(pa.Table.from_pylist(some, schema), tmp_path / "in" / "d.parquet")
    (tmp_path / "in" / "_passed-over.csv").write_text("text\nNorway warned Chile.\n", encoding="utf-8")
    output = tmp_path / "out"
    run(tmp_path / "in", output, "--partition-rows", "2")
    assert [
        (Path(letter["file"]).name, letter["line"], letter["id"], letter["reason"]) for letter in letters(output)
    ] == [
        ("a.csv", 5, None, "4 columns, but the first line has 3"),
        ("a.csv", 6, None, "is not UTF-8 text (byte 13); convert it first"),
        ("a.csv", 7, "4", "date: should be a day as YYYY-MM-DD"),
        ("a.csv", 8, None, UNCLOSED),
        ("b.csv", None, None, "no column for the text; name it with --columns text=NAME; there are name, body"),
        ("c.parquet", None, None, letters(output)[5]["reason"]),
        ("d.parquet", 2, "8", "text: is required"),
        ("d.parquet", 3, "9", "text: holds a NUL character at offset 1"),
    ]
    assert letters(output)[5]["reason"].startswith("is not Parquet: ")
    assert [(row["document"], row["row"]) for row in rows(output)] == [
        *[("1", 2)] * 2,
        *[("6", 9)] * 2,
        *[("7", 1)] * 2,
    ]
    assert [row["date"].isoformat() for row in rows(output)[:4]] == ["2022-01-01"] * 4
    assert rows(output)[0]["sentence_start"] == 0


def test_a_text_on_which_the_classifier_fails_is_a_dead_letter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write_lines(tmp_path / "in.jsonl", 12)
    submit = StanceClassifier.submit

    def submit_or_fail(self: StanceClassifier, item: Any, **options: Any) -> Any:
        if item.id == "d5":
            raise ZeroDivisionError("no such thing")
        return submit(self, item, **options)

    monkeypatch.setattr(StanceClassifier, "submit", submit_or_fail)
    run(source, tmp_path / "out")
    assert [(letter["line"], letter["id"], letter["reason"]) for letter in letters(tmp_path / "out")] == [
        (6, "d5", "could not be classified: ZeroDivisionError: no such thing")
    ]
    assert summary(tmp_path / "out")["documents"] == 11


def test_columns_and_options_are_heeded(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    lines = [
        {"key": 1, "body": "Jens Stoltenberg warned Chile.", "day": "2010-05-01", "text": "Mali."},
        {"key": 2, "body": "Jens Stoltenberg warned Chile.", "more": [1]},
    ]
    source.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    mapped = ["--columns", "id=key,text=body,date=day", "--date", "2019-05-01", "--countries", "NO,NATO"]
    run(source, tmp_path / "out", *mapped)
    assert [(row["document"], row["code"]) for row in rows(tmp_path / "out")] == [("1", "NO"), ("2", "NATO")]
    run(source, tmp_path / "no-blocs", *mapped, "--no-blocs")
    assert [row["document"] for row in rows(tmp_path / "no-blocs")] == ["1"]
    for wrong, reason in (("text", "expected ROLE=NAME"), ("label=x", "one of id, text, date")):
        assert reason in run(source, tmp_path / "x", "--columns", wrong, code=2).stderr


def test_a_row_without_an_id_goes_by_its_place(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text('\n{"text": "Norway warned Chile."}\n', encoding="utf-8")
    run(source, tmp_path / "out")
    assert {row["document"] for row in rows(tmp_path / "out")} == {f"{source}:2"}


def test_what_cannot_be_is_refused(tmp_path: Path) -> None:
    source = write_lines(tmp_path / "in.jsonl", 3)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine", encoding="utf-8")
    (tmp_path / "none").mkdir()
    for arguments, reason in (
        ([tmp_path / "missing.jsonl", tmp_path / "out"], "there is no such file or folder"),
        ([tmp_path / "none", tmp_path / "out"], "holds no file whose name ends in"),
        ([source, tmp_path / "full"], "is not empty, and holds no run"),
        ([source, source], "lies within the input"),
        ([tmp_path, tmp_path / "out"], "lies within the input"),
        (["nonsense://x/y", tmp_path / "out"], "nonsense://x/y: "),
        ([source, tmp_path / "out", "--min-actors", "3", "--max-actors", "2"], "is less than --min-actors"),
        ([source, tmp_path / "out", "--countries", "XX"], "is no known code"),
    ):
        assert reason in run(*arguments, code=2).stderr
    assert not (tmp_path / "out").exists()
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["mine.txt"]


def test_a_run_goes_on_only_as_what_it_was(tmp_path: Path) -> None:
    source, output = write_lines(tmp_path / "in.jsonl", 20), tmp_path / "out"
    run(source, output, "--partition-rows", "5")
    assert "holds a run already" in run(source, output, "--partition-rows", "5", code=2).stderr
    again = run(source, output, "--partition-rows", "5", "--resume").stdout
    assert "4 of 4 partitions, 20 documents" in again
    assert "this time 0 sentences" in again
    for options, reason in (
        (["--partition-rows", "6"], "--partition-rows was 5, now it is 6"),
        (["--no-blocs"], "--blocs was true, now it is false"),
        (["--columns", "id=key"], "--columns was the common names, now it is id=key"),
    ):
        chosen = ["--partition-rows", "5", *options] if "--partition-rows" not in options else options
        assert reason in run(source, output, *chosen, "--resume", code=2).stderr
    source.write_text(source.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert f"{source} was " in run(source, output, "--partition-rows", "5", "--resume", code=2).stderr
    (output / "_manifest.json").write_text("{}", encoding="utf-8")
    assert "is no manifest" in run(source, output, "--resume", code=2).stderr


def test_a_file_that_changes_under_the_run_fails_its_partitions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in").mkdir()
    write_lines(tmp_path / "in" / "a.jsonl", 10)
    second = write_lines(tmp_path / "in" / "b.jsonl", 10)
    submit = StanceClassifier.submit

    def submit_and_change(self: StanceClassifier, item: Any, **options: Any) -> Any:
        second.write_text("{}", encoding="utf-8")
        return submit(self, item, **options)

    monkeypatch.setattr(StanceClassifier, "submit", submit_and_change)
    result = run(tmp_path / "in", tmp_path / "out", "--partition-rows", "5", code=1)
    assert f"partition 2: {second} has changed since the run began" in result.stderr
    assert "2 partitions failed" in result.stderr
    assert summary(tmp_path / "out")["partitions"] == 2
    assert set(summary(tmp_path / "out")["failed"]) == {"2", "3"}


def test_cost_and_speed_are_told(tmp_path: Path) -> None:
    source = write_lines(tmp_path / "in.jsonl", 40)
    arguments = [source, tmp_path / "out", "--threads", "1", "--cost-per-core-hour", "3600"]
    told = run(*arguments).stdout
    now = summary(tmp_path / "out")["this_time"]
    assert re.search(r"this time 80 sentences in [\d.]+ s: [\d,.]+ sentences/s, [\d,.]+ a core, cost [\d.]+\n", told)
    assert now["cost"] == pytest.approx(now["core_seconds"], abs=0.06)
    assert now["core_seconds"] == pytest.approx(now["seconds"], abs=0.2)


def test_without_pyarrow_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("service.bulk") or name == "service.rows"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    told = run(tmp_path / "in.jsonl", tmp_path / "out", code=2).stderr
    assert "this command needs more packages (pyarrow): pip install 'entity-stance[batch]'" in told


PEAK = """
import re, sys
from pathlib import Path
from service.cli.main import app

try:
    app(["batch", *sys.argv[1:]])
finally:
    print("peak", re.search(r"VmHWM:\\s+([0-9]+) kB", Path("/proc/self/status").read_text())[1])
"""


def test_memory_does_not_grow_with_a_row_group_or_a_partition(tmp_path: Path) -> None:
    """Forty megabytes in one row group and in one partition take no more than four."""
    rain = "it rained on the hills and in the valleys, " * 450
    peaks = []
    for count in (200, 2_000):
        # Most are refused at once, which takes less time than to read them.
        table = pa.table({"text": [f"{number} {rain}" + "\0" * (number % 20 > 0) for number in range(count)]})
        source = tmp_path / f"{count}.parquet"
        pq.write_table(table, source, compression="none", use_dictionary=False, write_batch_size=16)
        command = [sys.executable, "-c", PEAK, str(source), str(tmp_path / f"out-{count}")]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=ENVIRONMENT, cwd=ROOT)
        peaks.append(int(done.stdout.rpartition("peak ")[2]) / 1024)
    assert source.stat().st_size > 35e6
    assert peaks[1] < peaks[0] + 15, peaks


def test_the_page_on_batches_names_the_columns(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "batch.md").read_text(encoding="utf-8")
    run(write_lines(tmp_path / "in.jsonl", 1), tmp_path / "out")
    schema = pq.read_schema(tmp_path / "out" / "part-000000.parquet")
    table = page.split("| column | type | |")[1].split("\n\n")[0]
    named = [
        name for row in table.splitlines() if row.startswith("| `") for name in re.findall("`(.*?)`", row.split("|")[1])
    ]
    classified = (ROOT / "docs" / "corpora.md").read_text(encoding="utf-8")
    assert named == ["date", "partition", "row"]
    assert [name for name in schema.names if name not in named and f"`{name}`" not in classified] == [
        name for name in schema.names if name.startswith("score_")
    ]
    assert f"{ROWS_IN_GROUP:,}" in classified


def test_progress_without_a_terminal_is_a_line_now_and_then(tmp_path: Path) -> None:
    source = write_lines(tmp_path / "in.jsonl", 60)
    script = (
        "import service.bulk.progress as p; p.SECONDS_BETWEEN_LINES = 0.05; from service.cli.main import app; app()"
    )
    command = [sys.executable, "-c", script, "batch", str(source), str(tmp_path / "out"), "--partition-rows", "10"]
    price = ["--cost-per-core-hour", "1"]
    done = subprocess.run([*command, *price], capture_output=True, text=True, check=True, env=ENVIRONMENT)
    assert re.search(r"[1-6] of 6 partitions, \d+ sentences, .* sentences/s .* a core\), \d+ s left, cost", done.stderr)


def test_the_command_runs_in_a_process_of_its_own(tmp_path: Path) -> None:
    told = run_apart(write_lines(tmp_path / "in.jsonl", 5), tmp_path / "out")
    assert "1 of 1 partitions, 5 documents, 10 sentences" in told
