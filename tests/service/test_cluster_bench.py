"""The tools of the cluster benchmark make news as it says, and see what differs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bulk_helpers import run

from benchmarks.cluster.memory import Sampler, tree, wait_for
from benchmarks.cluster.news import compose, write_news
from benchmarks.cluster.runs import Run, compare
from model.countries.finder import CountryFinder
from model.sentences import split_sentences


def test_no_sentence_stands_twice_and_half_of_them_name_a_country() -> None:
    documents = [item["text"] for item in compose(4_000, seed=1)]
    assert len(documents) == 400
    sentences = [text[place.start : place.end] for text in documents for place in split_sentences(text)]
    assert len(set(sentences)) == 4_000
    finder = CountryFinder()
    named = sum(bool(finder.find(sentence, split_sentences(sentence))) for sentence in sentences)
    assert 0.45 < named / 4_000 < 0.55
    assert documents == [item["text"] for item in compose(4_000, seed=1)]
    assert documents[0] != next(compose(4_000, seed=2))["text"]


def test_files_hold_all_documents(tmp_path: Path) -> None:
    folder = write_news(tmp_path / "news", 205, seed=1, files=3)
    rows = [row for path in sorted(folder.iterdir()) for row in pq.read_table(path).to_pylist()]
    assert rows == list(compose(205, seed=1))
    assert [pq.read_metadata(path).num_rows for path in sorted(folder.iterdir())] == [7, 7, 7]


def test_rows_that_differ_are_missing_or_stand_twice_are_seen(tmp_path: Path) -> None:
    source = write_news(tmp_path / "news", 300, seed=1, files=1)
    one, other = tmp_path / "one", tmp_path / "other"
    going = Run(source, one, ["--partition-rows", "10"])
    assert going.wait_until_done(2)
    assert going.finish()["documents"] == 30
    run(source, other, "--partition-rows", "10")
    same = compare(one, other)
    assert same.rows > 150
    assert (same.different, same.doubled) == (0, 0)
    part = other / "part-000001.parquet"
    table = pq.read_table(part)
    changed = table.set_column(0, "document", pa.array(["x", *table["document"].to_pylist()[1:]]))
    pq.write_table(changed, part)
    assert (compare(one, other).different, compare(one, other).doubled) == (1, 0)
    pq.write_table(pa.concat_tables([table, table.slice(0, 2)]), part)
    assert (compare(one, other).different, compare(one, other).doubled) == (2, 2)
    part.unlink()
    assert compare(one, other).different == table.num_rows
    shutil.copy(other / "part-000002.parquet", part)
    assert compare(one, other).doubled > 0


def test_memory_of_processes_is_that_of_all_of_them() -> None:
    holds = "import sys; held = bytearray(50_000_000); print('.', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", holds]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with Sampler(lambda: [process.pid], seconds=0.01) as sampler:
            assert wait_for(lambda: len(sampler.samples) > 20, lambda: True)
        assert process.pid in tree(os.getpid())
        process.kill()
    assert 50 < sampler.peak() < 80
    assert abs(sampler.growth()) < 0.02
    sampler.samples = [(100.0 * count, count) for count in islice([1, 2] * 10, 20)]
    assert sampler.growth() == pytest.approx(0)
    sampler.samples[-1] = (150.0, 1)
    assert sampler.growth() == pytest.approx(0.5)
