"""Annotations without text, put together with files in the formats of the public corpora."""

from __future__ import annotations

import functools
import io
import json
import tarfile
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from model.errors import CorpusError
from service.cli.main import app
from training.corpus import check_corpus
from training.standoff import hydrate, load_sources, read_standoff, strip_text

SEEDS = Path(__file__).resolve().parents[2] / "seeds" / "standoff"
SENTENCE = "Norway backs Iceland's bid."


def packaged(body: str) -> bytes:
    """Return a package of npm with one article and what else such a package holds."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as package:
        articles = [{"id": "12", "title": "NEWS", "body": body}]
        for name, content in {"package.json": {}, "data/full/part-000.json": articles}.items():
            data = json.dumps(content).encode()
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(data)
            package.addfile(member, io.BytesIO(data))
    return packed.getvalue()


FILES = {
    "news.csv": f'"1","A title","First. Norway\\backs  Iceland#39;s bid. Last."\n"2","{SENTENCE}","x"\n',
    "coded.tsv": f"\tsentence_id\tsentence\tsource\n\t7\tother\tx\n\t9\t{SENTENCE}\tx\n",
    "documents.json": json.dumps({"_id": "0123456789ABCDEF", "text": f"Well.\n{SENTENCE}\n"}) + "\n",
    "articles.tgz": packaged(f"A body.\n  {SENTENCE}\n Reuter\n\x03"),
    "pairs.txt": "first\ta\tb\t0\n[Norway] backs [Iceland]'s bid.\tNorway\tIceland\t0\n",
}
SOURCES = """
[news]
format = "csv"
replace = [["\\\\", " "], ["#39;", "'"]]
files = [{ url = "URL/news.csv", path = "news/news.csv" }]
[coded]
format = "tsv"
files = [{ url = "URL/coded.tsv", path = "coded.tsv" }]
[docs]
format = "json-lines"
files = [{ rows = "US-", url = "URL/documents.json", path = "docs/documents.json" }]
[articles]
format = "npm-articles"
files = [{ url = "URL/articles.tgz", path = "articles.tgz" }]
[pairs]
format = "lines"
replace = [["[", ""], ["]", ""]]
files = [{ rows = "train-", url = "URL/pairs.txt", path = "pairs.txt" }]
"""
PLACES = {
    "news": ("0", [1, 7, 34]),
    "coded": ("9", [0, 0, 27]),
    "docs": ("US-0123456789", [0, 6, 33]),
    "articles": ("12", [1, 8, 35]),
    "pairs": ("train-1", [0, 0, 27]),
}
RECORD: dict[str, Any] = {
    "text": SENTENCE,
    "entities": [
        {"code": "NO", "mentions": ["Norway"], "stances": {"support": ["IS"]}},
        {"code": "IS", "mentions": ["Iceland"], "stances": {}},
    ],
}


@pytest.fixture
def corpora(tmp_path: Path) -> Path:
    folder = tmp_path / "corpora"
    folder.mkdir()
    for name, content in FILES.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


@pytest.fixture
def server(corpora: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(corpora))) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


@pytest.fixture
def standoff(tmp_path: Path, server: str) -> Path:
    folder = tmp_path / "standoff"
    folder.mkdir()
    (folder / "sources.toml").write_text(SOURCES.replace("URL", server), encoding="utf-8")
    records = [
        strip_text({"id": name, "place": place, **RECORD}, name, row, [[(0, 6)], [(13, 20)]])
        for name, (row, place) in PLACES.items()
    ]
    (folder / "records.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    return folder / "records.jsonl"


def test_records_hold_no_text(standoff: Path) -> None:
    assert "Norway" not in standoff.read_text()


def test_every_format_gives_the_sentence_back(standoff: Path, corpora: Path) -> None:
    result = hydrate(read_standoff(standoff), load_sources(standoff.parent / "sources.toml"), corpora, None)
    assert not result.missing
    assert result.records == [{"id": name, **RECORD} for name in PLACES]


def test_files_are_fetched_once_and_the_result_is_a_corpus(standoff: Path, corpora: Path, tmp_path: Path) -> None:
    command = ["seeds", "hydrate", str(standoff), "--out", str(tmp_path / "h")]
    command += ["--cache", str(tmp_path / "cache")]
    (standoff.parent / "splits.tsv").write_text("news\ttest\n")
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert "5 of 5 sentences" in done.output
    assert not [f for f in check_corpus([tmp_path / "h" / "records.jsonl"]).faults if "again" not in f]
    assert (tmp_path / "h" / "splits.tsv").read_text() == "news\ttest\n"
    for name in FILES:
        (corpora / name).unlink()
    assert CliRunner().invoke(app, command).exit_code == 0


def test_a_file_that_changed_costs_its_own_sentences_only(standoff: Path, corpora: Path, tmp_path: Path) -> None:
    (corpora / "pairs.txt").write_text("first\n[Norway] backs [Ireland]'s bid.\n")
    (corpora / "documents.json").unlink()
    done = CliRunner().invoke(
        app,
        [
            "seeds",
            "hydrate",
            str(standoff),
            "--from",
            str(corpora),
            "--no-download",
            "--out",
            str(tmp_path / "o"),
        ],
    )
    assert done.exit_code == 0
    assert "1 sentences are missing: not in the public file as recorded" in done.output
    assert "docs/documents.json is not there" in done.output
    assert "3 of 5 sentences" in done.output


def test_texts_at_hand_serve_too_and_are_checked(standoff: Path, tmp_path: Path) -> None:
    texts = tmp_path / "texts"
    texts.mkdir()
    lines = [{"id": "news", "text": SENTENCE}, {"id": "coded", "text": SENTENCE + "!"}]
    (texts / "t.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    result = hydrate(read_standoff(standoff), load_sources(standoff.parent / "sources.toml"), texts, None)
    assert [record["id"] for record in result.records] == ["news"]


def test_nothing_found_is_a_failure_in_words(standoff: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["seeds", "hydrate", str(standoff), "--no-download", "--out", str(tmp_path / "out")])
    assert done.exit_code == 1
    assert "no sentence could be joined" in done.output
    assert not (tmp_path / "out").exists()


def test_a_malformed_record_names_its_line(tmp_path: Path) -> None:
    (tmp_path / "r.jsonl").write_text('{"id": "a", "place": [0, 5, 2]}\n')
    with pytest.raises(CorpusError, match=r"r\.jsonl:1: not a stand-off record"):
        read_standoff(tmp_path / "r.jsonl")


def test_texts_of_a_source_are_written_for_teachers_to_label(standoff: Path, corpora: Path, tmp_path: Path) -> None:
    options = ["--sources", str(standoff.parent / "sources.toml"), "--from", str(corpora), "--no-download"]
    done = CliRunner().invoke(app, ["seeds", "texts", "articles", "--out", str(tmp_path / "t.jsonl"), *options])
    assert done.exit_code == 0, done.output
    texts = [json.loads(line)["text"] for line in (tmp_path / "t.jsonl").read_text().splitlines()]
    assert texts[0] == "NEWS"
    assert texts[1].startswith(f"A body. {SENTENCE}")
    done = CliRunner().invoke(app, ["seeds", "texts", "papers", "--out", str(tmp_path / "t.jsonl"), *options])
    assert done.exit_code == 2
    assert "no source 'papers'; there are news, coded" in done.output


@pytest.mark.parametrize("file", ["newswire.jsonl", "reuters.jsonl"])
def test_the_shipped_records_name_their_sources(file: str) -> None:
    records, sources = read_standoff(SEEDS / file), load_sources(SEEDS / "sources.toml")
    assert len(records) > 1000
    assert {record["source"] for record in records} <= sources.keys()
    assert not any("text" in record for record in records)


def test_the_shipped_records_fit_the_public_file(newswire_dev: Path) -> None:
    folder = newswire_dev.parents[1] / "benchmarks"
    if not folder.is_dir():
        pytest.skip("the public files are not at hand")
    records = [record for record in read_standoff(SEEDS / "newswire.jsonl") if record["source"] == "plv"]
    assert len(hydrate(records, load_sources(SEEDS / "sources.toml"), folder, None).records) == len(records) == 314
