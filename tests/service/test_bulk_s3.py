"""`entity-stance batch` and `trends` against a server that speaks S3."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from bulk_helpers import document, parts, run, write_lines, write_table
from pyarrow import fs as pafs

pytest.importorskip("moto")

ACCESS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
OPTIONS = ["--partition-rows", "11"]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    command = [sys.executable, "-u", "-m", "moto.server", "-p", "0", "-H", "127.0.0.1"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as server:
        assert server.stderr is not None
        try:
            yield next(found[0] for line in server.stderr if (found := re.search(r"http://127\S+:\d+", line)))
        finally:
            server.kill()


@pytest.fixture(autouse=True)
def access(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (ACCESS | {"AWS_ENDPOINT_URL": endpoint}).items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="module")
def store(endpoint: str) -> pafs.S3FileSystem:
    system = pafs.S3FileSystem(
        access_key="test",
        secret_key="test",
        region="us-east-1",
        endpoint_override=endpoint,
        allow_bucket_creation=True,
    )
    system.create_dir("news")
    return system


def download(store: pafs.S3FileSystem, folder: str, to: Path) -> Path:
    for info in store.get_file_info(pafs.FileSelector(folder, recursive=True)):
        if info.is_file:
            target = to / info.path.removeprefix(f"{folder}/")
            target.parent.mkdir(parents=True, exist_ok=True)
            with store.open_input_stream(info.path) as stream:
                target.write_bytes(stream.read())
    return to


def upload(store: pafs.S3FileSystem, source: Path, path: str) -> None:
    with store.open_output_stream(path) as stream:
        stream.write(source.read_bytes())


def test_in_and_out_of_a_bucket(store: pafs.S3FileSystem, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    write_lines(folder / "a.jsonl", 30, broken=10)
    write_table(folder / "b.csv", [document(number) for number in range(100, 130)])
    write_table(folder / "c.parquet", [document(number) for number in range(200, 230)])
    for path in folder.iterdir():
        upload(store, path, f"news/in/{path.name}")
    told = run("s3://news/in/", "s3://news/out/", *OPTIONS).output
    assert "10 of 10 partitions, 90 documents" in told
    assert "written to s3://news/out\n" in told
    run(folder, tmp_path / "local", *OPTIONS)
    found = download(store, "news/out", tmp_path / "found")
    local = {
        name: data.replace(b"%b/" % bytes(folder), b"s3://news/in/") for name, data in parts(tmp_path / "local").items()
    }
    assert parts(found) == local
    assert len(local) > 10
    # A part that is lost, as by a crash before its record, is made again; nothing else is.
    for name in ("part-000004.parquet", "_done/000004.json"):
        store.delete_file(f"news/out/{name}")
    assert "this time 22 sentences" in run("s3://news/in", "s3://news/out", *OPTIONS, "--resume").output
    assert parts(download(store, "news/out", tmp_path / "again")) == local
    assert pq.read_metadata(tmp_path / "again" / "part-000004.parquet").num_rows > 0
    counted = [tmp_path / "trends-s3", tmp_path / "trends-local"]
    for source, report in zip(["s3://news/out", str(tmp_path / "local")], counted, strict=True):
        run(source, "--report", report, command="trends")
    tables = [(report / "stances_over_time.csv").read_bytes() for report in counted]
    assert tables[0] == tables[1]
    assert tables[0].count(b"\n") > 50
    upload(store, folder / "a.jsonl", "news/in/b.csv")
    told = run("s3://news/in", "s3://news/out", *OPTIONS, "--resume", code=2).output
    assert "s3://news/in/b.csv was " in told
    assert "ETag" in told


def test_any_file_system_of_fsspec(tmp_path: Path) -> None:
    from service.bulk.places import open_place
    from service.bulk.reading import SUFFIXES

    place = open_place("memory://batches/deep")
    assert place.is_empty()
    place.put("a.jsonl", b"{}\n")
    place.put("_b/c.jsonl", b"{}\n")
    place.put("d/e.csv", b"text\n")
    assert [place.name(file.path) for file in place.files(SUFFIXES)] == [
        "memory://batches/deep/a.jsonl",
        "memory://batches/deep/d/e.csv",
    ]
    assert place.read("_b/c.jsonl") == b"{}\n"
    assert place.read("missing") is None
    assert place.names("_b") == ["c.jsonl"]
    place.remove_folder("_b")
    place.remove_folder("_b")
    assert place.names("_b") == []


def test_a_bucket_that_is_not_there(tmp_path: Path) -> None:
    told = run("s3://missing/in", tmp_path / "out", code=2).output
    assert told == "error: s3://missing/in: there is no such file or folder\n"
