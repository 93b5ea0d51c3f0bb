"""Pair rows through every command that takes annotated data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from model.config import ModelConfig
from service.cli.main import app
from training.corpus import read_corpus

SEEDS = Path(__file__).resolve().parents[2] / "seeds"
COLUMNS = ["--columns", "marked=phrase,label=relation"]


def run(*arguments: str | Path, code: int = 0) -> str:
    result = CliRunner().invoke(app, list(map(str, arguments)), catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture(scope="module")
def pairs(tiny_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny corpus as marked sentences in a TSV file, in a folder of its own."""
    rows = ["\tphrase\trelation"]
    for number, sentence in enumerate(read_corpus([tiny_corpus])):
        source, target = sentence.entities
        text = sentence.text.replace(source.mentions[0], f"<s>{source.mentions[0]}</s>")
        text = text.replace(target.mentions[0], f"<t>{target.mentions[0]}</t>")
        rows.append(f"{number}\t{text}\t{'|'.join(source.stances) or 'none'}")
    path = tmp_path_factory.mktemp("pairs") / "pairs.tsv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def trained(pairs: Path, tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("models") / "mine"
    run("train", pairs, *COLUMNS, "--base", tiny_bert, "--out", out, "--epochs", 1)
    return out


def test_a_model_learns_from_pair_rows_and_is_measured_on_them(pairs: Path, trained: Path, tmp_path: Path) -> None:
    assert ModelConfig.load(trained).name == "entity-stance"
    assert "pairs.tsv" in (trained / "README.md").read_text(encoding="utf-8")
    run(
        "evaluate",
        trained,
        pairs,
        *COLUMNS,
        "--train-data",
        SEEDS / "newswire-mixed.jsonl",
        "--report",
        tmp_path,
        "--split",
        "test",
    )
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert report["data"]["files"][0]["records"] == 240
    assert report["data"]["sentences"] == report["data"]["entities"] / 2 > 0
    run("calibrate", trained, pairs, *COLUMNS, "--out", tmp_path / "calibrated")
    assert "verdict: " in run("compare", trained, tmp_path / "calibrated", pairs, *COLUMNS, "--resamples", 100)


SCHEME = """
name: relations
multi_label: false
labels: [{name: support}, {name: deterrence}, {name: denial}, {name: warning}]
entities: {countries: false}
"""


def test_what_no_text_names_is_judged_with_entities_given_alone(pairs: Path, tiny_bert: Path, tmp_path: Path) -> None:
    scheme, data, model = tmp_path / "scheme.yaml", tmp_path / "pairs.tsv", tmp_path / "model"
    scheme.write_text(SCHEME, encoding="utf-8")
    lines = pairs.read_text(encoding="utf-8").splitlines()
    data.write_text("\n".join(line for line in lines if "|" not in line) + "\n", encoding="utf-8")
    run("train", data, *COLUMNS, "--scheme", scheme, "--base", tiny_bert, "--out", model, "--epochs", 1)
    majority = ["--baseline", "majority", "--train-data", data, "--against", f"other={model}"]
    shown = run("evaluate", model, data, *COLUMNS, *majority, "--report", tmp_path / "out", "--split", "test")
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert report["end_to_end"] is None
    assert report["swap"] is None
    assert report["gold_entities"]["model"]["micro"]["gold"] > 0
    summary = (tmp_path / "out" / "tables" / "summary.csv").read_text(encoding="utf-8")
    assert "entities given" in summary
    assert "end to end" not in summary
    for name in ("report.md", "report.html"):
        page = (tmp_path / "out" / name).read_text(encoding="utf-8")
        assert "ntities missed" not in page
        assert "nd to end" not in page.replace(shown, "")
    run("card", model, "--report", tmp_path / "out")
    compared = run("compare", model, model, data, *COLUMNS, "--resamples", 100)
    assert "0.000" not in compared.splitlines()[0]


def test_splits_and_agreement_take_pair_rows(pairs: Path) -> None:
    assert "240 sentences" in run("agreement", pairs, pairs, *COLUMNS)
    assert "train: " in run("split", pairs.parent, *COLUMNS)
    kept = (pairs.parent / "splits.tsv").read_text(encoding="utf-8").splitlines()
    assert len(kept) == 240
    assert kept[0].startswith("pairs.tsv:2\t")
    (pairs.parent / "splits.tsv").unlink()
    assert "is no folder" in run("split", pairs, code=2)
