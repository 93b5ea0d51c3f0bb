"""`entity-stance trends`: figures against a plain count, intervals against their definition and a bootstrap, report."""

from __future__ import annotations

import csv
import json
import math
import random
import re
import sys
from collections import defaultdict
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bulk_helpers import rows, run, write_lines
from typer.testing import CliRunner, Result

from benchmarks.cluster.news import compose
from model.classifier import ModelInfo
from service.bulk.parts import part_schema
from service.cli.main import app

LABELS = ("support", "deterrence", "denial", "warning")
Z = 1.959963984540054


def trends(*arguments: str | Path, code: int = 0) -> Result:
    result = CliRunner().invoke(app, ["trends", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


def table(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A batch of composed news, in which two documents share an id and some have no date."""
    folder = tmp_path_factory.mktemp("trends")
    with (folder / "in.jsonl").open("w", encoding="utf-8") as file:
        for index, item in enumerate(compose(3_000, seed=5)):
            day = None if index % 50 == 0 else item["date"].isoformat()
            file.write(json.dumps({"id": f"n{index // 2}", "text": item["text"], "date": day}) + "\n")
    run(folder / "in.jsonl", folder / "out", "--partition-rows", "100")
    return folder / "out"


def starts(day: date | None, by: str) -> str:
    """Return the first day of a period."""
    if day is None:
        return ""
    first = {
        "day": day,
        "week": day - timedelta(days=day.weekday()),
        "month": day.replace(day=1),
        "year": day.replace(month=1, day=1),
    }
    return first[by].isoformat()


def wilson(share: float, number: float) -> tuple[float, float]:
    centre, spread = share + Z * Z / 2 / number, Z * math.sqrt(share * (1 - share) / number + (Z / 2 / number) ** 2)
    whole = 1 + Z * Z / number
    return max(0.0, (centre - spread) / whole), min(1.0, (centre + spread) / whole)


def effective(pairs: list[tuple[int, int]]) -> float:
    """Return for how many independent sentences the hits of so many sentences in each document stand."""
    hits, sizes = np.array(pairs, float).T
    total, least = sizes.sum(), sizes.sum() ** 2 / (sizes**2).sum()
    share = hits.sum() / total
    if len(pairs) < 10 or share in (0, 1):
        return float(least)
    variance = len(pairs) / (len(pairs) - 1) * ((hits - share * sizes) ** 2).sum() / total**2
    return float(min(total, max(least, share * (1 - share) / variance)))


@pytest.mark.parametrize("by", ["day", "week", "month", "year"])
def test_stances_are_those_of_a_plain_count(batch: Path, tmp_path: Path, by: str) -> None:
    trends(batch, "--report", tmp_path, "--by", by)
    mentions: dict[Any, dict[Any, set[int]]] = defaultdict(lambda: defaultdict(set))
    taken: dict[Any, dict[Any, set[int]]] = defaultdict(lambda: defaultdict(set))
    for row in rows(batch):
        period, document = starts(row["date"], by), (row["partition"], row["row"])
        mentions[row["code"], period][document].add(row["sentence"])
        if row["stance"]:
            taken[row["code"], row["stance"], period][document].add(row["sentence"])
    found = {(row["country"], row["stance"], row["period"]): row for row in table(tmp_path, "stances_over_time")}
    assert set(found) == {(code, label, period) for code, period in mentions for label in LABELS}
    assert sum(int(row["sentences"]) for row in found.values()) > 150
    for (code, label, period), row in found.items():
        held, hit = mentions[code, period], taken[code, label, period]
        pairs = [(len(hit.get(document, ())), len(sentences)) for document, sentences in held.items()]
        assert int(row["sentences"]) == sum(hits for hits, _ in pairs)
        assert int(row["mentions"]) == sum(size for _, size in pairs)
        assert int(row["documents"]) == sum(hits > 0 for hits, _ in pairs)
        share = int(row["sentences"]) / int(row["mentions"])
        assert float(row["share"]) == pytest.approx(share)
        assert (float(row["low"]), float(row["high"])) == pytest.approx(wilson(share, effective(pairs)), abs=1e-9)
    assert sum(not period for _, _, period in found) > 0
    typed = pq.read_table(tmp_path / "stances_over_time.parquet").to_pylist()
    assert [str(row["period"] or "") for row in typed] == [row["period"] for row in found.values()]


def test_relations_are_those_of_a_plain_count(batch: Path, tmp_path: Path) -> None:
    trends(batch, "--report", tmp_path, "--by", "year")
    base: dict[Any, dict[Any, int]] = defaultdict(lambda: defaultdict(int))
    aimed: dict[Any, dict[Any, int]] = defaultdict(lambda: defaultdict(int))
    scores = defaultdict(list)
    for row in rows(batch):
        period, document = starts(row["date"], "year"), (row["partition"], row["row"])
        if row["stance"]:
            base[row["code"], row["stance"], period][document] += 1
        for target in row["toward"] or ():
            key = (row["code"], row["stance"], target["code"], period)
            aimed[key][document] += 1
            scores[key].append(row["score"] * target["score"])
    found = {
        (row["source"], row["stance"], row["target"], row["period"]): row
        for row in table(tmp_path, "relations_over_time")
    }
    assert set(found) == set(aimed)
    assert len(found) > 50
    for key, row in found.items():
        held = base[key[0], key[1], key[3]]
        pairs = [(aimed[key].get(document, 0), count) for document, count in held.items()]
        assert int(row["sentences"]) == sum(aimed[key].values())
        assert int(row["documents"]) == len(aimed[key])
        assert int(row["stance_sentences"]) == sum(held.values())
        share = sum(aimed[key].values()) / sum(held.values())
        assert float(row["share"]) == pytest.approx(share)
        assert (float(row["low"]), float(row["high"])) == pytest.approx(wilson(share, effective(pairs)), abs=1e-9)
        assert float(row["score"]) == pytest.approx(sum(scores[key]) / len(scores[key]), abs=1e-4)


def stances(folder: Path, documents: list[list[str | None]]) -> Path:
    """Write rows of sentences of one country, a list of stances a document."""
    schema = part_schema(LABELS, ModelInfo("made-up <b>", "1", "0" * 64))
    made = [
        {"document": str(number), "sentence": index, "code": "NO", "name": "Nor<way>", "stance": stance}
        | {"date": date(2022, 1, 1), "partition": 0, "row": number, "score": 0.9 if stance else None}
        | {"toward": [{"code": "CL", "score": 0.5}] if stance else None}
        for number, told in enumerate(documents)
        for index, stance in enumerate(told)
    ]
    folder.mkdir(exist_ok=True)
    pq.write_table(pa.Table.from_pylist(made, schema), folder / "made.parquet")
    return folder


def test_intervals_are_as_wide_as_those_of_a_bootstrap_over_documents(tmp_path: Path) -> None:
    """Of documents that stick to one stance, not of sentences on their own, which would be half as wide."""
    drawn = random.Random(1)
    documents = []
    for _ in range(400):
        leaning = drawn.choice([0.02, 0.02, 0.9])
        documents.append(["warning" if drawn.random() < leaning else None for _ in range(drawn.randint(2, 12))])
    trends(stances(tmp_path / "in", documents), "--report", tmp_path / "out")
    row = next(row for row in table(tmp_path / "out", "stances_over_time") if row["stance"] == "warning")
    width = float(row["high"]) - float(row["low"])
    pairs = np.array([(sum(stance is not None for stance in told), len(told)) for told in documents])
    resampled = pairs[np.random.default_rng(2).integers(0, 400, (4_000, 400))].sum(1)
    low, high = np.quantile(resampled[:, 0] / resampled[:, 1], [0.025, 0.975])
    assert width == pytest.approx(high - low, rel=0.1)
    naive = wilson(float(row["share"]), int(row["mentions"]))
    assert width > 1.8 * (naive[1] - naive[0])


class Checker(HTMLParser):
    """Checks that tags are closed, and gathers what a page would load and what it says of its pictures."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loaded: list[str] = []
        self.pictures: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag not in ("meta", "link", "br", "img"):
            self.open.append(tag)
        self.loaded += [value for name, value in attrs if name in ("src", "href") and value and value[0] != "#"]
        if tag == "svg" and values.get("aria-hidden") != "true":
            self.pictures.append(values.get("aria-label") if values.get("role") == "img" else None)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Need no end."""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def checked(folder: Path) -> tuple[str, Checker]:
    text = (folder / "report.html").read_text(encoding="utf-8")
    checker = Checker()
    checker.feed(text)
    assert not checker.open
    assert not checker.loaded
    assert not re.search(r"https?://|<script|@import|url\(", text)
    assert all(checker.pictures)
    return text, checker


def test_the_report_stands_alone(batch: Path, tmp_path: Path) -> None:
    trends(batch, "--report", tmp_path, "--top", "5")
    text, checker = checked(tmp_path)
    counted = table(tmp_path, "stances_over_time")
    totals = defaultdict(int)
    for row in counted:
        totals[row["country"]] += int(row["sentences"])
    top = sorted(totals.values(), reverse=True)[:5]
    shown = [int(count) for count in re.findall(r"<figcaption>([\d,]+) stances in", text)]
    assert shown == top
    # Five countries, five relations over time, and a graph for each of the last twelve months.
    assert len(checker.pictures) == 5 + 5 + 12
    assert "stances have no date and are in the tables only" in text
    assert "prefers-color-scheme: dark" in text
    point = re.search(r"<title>(\d{4}-\d{2}): (\w+) in (\d+) of (\d+) sentences, ([\d.]+)%", text)
    assert point is not None
    assert [
        row
        for row in counted
        if row["period"][:7] == point[1] and row["stance"] == point[2] and row["sentences"] == point[3]
    ]


def test_names_cannot_break_the_report(tmp_path: Path) -> None:
    trends(stances(tmp_path / "in", [["warning"], [None]]), "--report", tmp_path / "out")
    text, _ = checked(tmp_path / "out")
    assert "Nor&lt;way&gt;" in text
    assert "<way>" not in text
    assert "made-up &lt;b&gt;" in text


def test_countries_and_what_classify_writes(tmp_path: Path) -> None:
    source, single = write_lines(tmp_path / "in.jsonl", 40), tmp_path / "single.parquet"
    classify = ["classify", "-f", "parquet", "-o", str(single), str(source)]
    assert CliRunner().invoke(app, classify, catch_exceptions=False).exit_code == 0
    trends(single, "--report", tmp_path / "out", "--countries", "NO,CL")
    found = table(tmp_path / "out", "stances_over_time")
    assert {row["country"] for row in found} == {"NO", "CL"}
    assert {row["period"] for row in found} == {""}
    assert sum(int(row["sentences"]) for row in found) > 3
    assert {row["source"] for row in table(tmp_path / "out", "relations_over_time")} <= {"NO", "CL"}
    text, _ = checked(tmp_path / "out")
    assert "the documents have no date" in text


def test_labels_may_have_the_names_of_columns_and_there_may_be_nothing(tmp_path: Path) -> None:
    labels = ("name", "it's", 'code"')
    schema = part_schema(labels, ModelInfo("own", "1", "0" * 64))
    made = {"document": "a", "sentence": 0, "code": "NO", "name": "Norway", "partition": 0, "row": 1}
    for name, content in (("some", [made | {"stance": "it's"}, made | {"stance": "name"}]), ("none", [])):
        pq.write_table(pa.Table.from_pylist(content, schema), tmp_path / f"{name}.parquet")
        trends(tmp_path / f"{name}.parquet", "--report", tmp_path / name)
        checked(tmp_path / name)
    found = table(tmp_path / "some", "stances_over_time")
    assert [(row["stance"], row["sentences"]) for row in found] == [("name", "1"), ("it's", "1"), ('code"', "0")]
    assert table(tmp_path / "none", "stances_over_time") == []
    assert "No country takes a stance" in checked(tmp_path / "none")[0]


def test_a_batch_that_is_not_complete_says_so(tmp_path: Path) -> None:
    output = tmp_path / "out"
    run(write_lines(tmp_path / "in.jsonl", 30), output, "--partition-rows", "10")
    # A part without its record may be half of one: it is not counted.
    (output / "_done" / "000001.json").unlink()
    (output / "part-000001.parquet").write_bytes(b"half")
    told = trends(output, "--report", tmp_path / "report").stderr
    assert told == "error: 1 partitions of this batch are not done yet; the rest is counted\n"
    text, _ = checked(tmp_path / "report")
    assert "1 partitions of the batch are not done yet" in text
    assert "20 documents with an entity" in text


def test_what_cannot_be_counted_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    pq.write_table(pa.table({"document": ["a"]}), tmp_path / "other.parquet")
    (tmp_path / "broken.parquet").write_bytes(b"nothing")
    report = ["--report", tmp_path / "out"]
    for arguments, reason in (
        ([tmp_path / "missing"], "there is no such file or folder"),
        ([tmp_path / "empty"], "holds no Parquet file"),
        ([tmp_path / "other.parquet"], "the columns code, name, score, sentence, stance, toward are missing"),
        ([tmp_path / "broken.parquet"], "broken.parquet"),
        ([tmp_path / "other.parquet", "--by", "decade"], "--by: 'decade' is none of day, week, month, year"),
        ([tmp_path / "other.parquet", "--countries", "XX"], "is no known code"),
    ):
        assert reason in trends(*arguments, *report, code=2).stderr
    assert not (tmp_path / "out").exists()
    for name in [name for name in sys.modules if name.startswith("service.trends")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "duckdb", None)
    told = trends(tmp_path / "other.parquet", *report, code=2).stderr
    assert "this command needs more packages (duckdb): pip install 'entity-stance[trends]'" in told
