"""One report of several systems: its comparisons, its tables as CSV and LaTeX, and the card that is made of it."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from huggingface_hub import ModelCard
from typer.testing import CliRunner, Result

from model.classifier import default_directory
from service.cli.main import app
from training.citation import bibtex
from training.evaluation.bootstrap import Estimate
from training.evaluation.table_files import csv_frame, latex, plain, write_tables
from training.evaluation.tables import Table

ROOT = Path(__file__).resolve().parents[2]
NASTY = r"50% of_it & {#1} $x$ ~^\ <b> |"


def run(*arguments: str | Path, code: int = 0) -> Result:
    result = CliRunner().invoke(app, list(map(str, arguments)), catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data, a model with other thresholds, labels from elsewhere, and a report of them all."""
    folder = tmp_path_factory.mktemp("report")
    with (ROOT / "seeds" / "splits.tsv").open(encoding="utf-8") as file:
        test = {name for name, split in csv.reader(file, delimiter="\t") if split == "test"}
    files = sorted((ROOT / "seeds").glob("newswire-*.jsonl"))
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines(keepends=True)]
    unseen = [line for line in lines if json.loads(line)["id"] in test]
    (folder / "data.jsonl").write_text("".join(unseen[:60]), encoding="utf-8")
    (folder / "learn.jsonl").write_text("".join([line for line in lines if line not in unseen][:100]), encoding="utf-8")
    spoilt = folder / "spoilt"
    shutil.copytree(default_directory(), spoilt)
    config = json.loads((spoilt / "config.json").read_text(encoding="utf-8"))
    config["thresholds"] = dict.fromkeys(config["thresholds"], 0.97)
    (spoilt / "config.json").write_text(json.dumps(config), encoding="utf-8")
    curve = [{"sentences": count, "seed": 1, "macro F1": count / 1000} for count in (100, 200)]
    (folder / "curve.json").write_text(json.dumps(curve), encoding="utf-8")
    # The annotation itself, as if it were somebody's answers.
    arguments = ["--against", f"spoilt_50%={spoilt}", "--predictions", f"them & us={folder / 'data.jsonl'}"]
    arguments += ["--baseline", "majority", "--train-data", str(folder / "learn.jsonl")]
    arguments += ["--learning-curve", str(folder / "curve.json")]
    shown = run("evaluate", "default", folder / "data.jsonl", "--report", folder / "out", *arguments)
    assert "tables/" in shown.stdout
    return folder


def test_every_system_is_measured_and_compared(folder: Path) -> None:
    report = json.loads((folder / "out" / "report.json").read_text(encoding="utf-8"))
    names = ["spoilt_50%", "them & us", "always none", "cue words", "majority", "TF-IDF + logistic regression"]
    assert list(report["others"]) == names[:2]
    assert report["others"]["them & us"]["predictions"]["records"] == 60
    for setting in ("end_to_end", "gold_entities"):
        part = report[setting]
        assert [*part["others"], *part["baselines"]] == [one["name"] for one in part["comparisons"]] == names
        assert part["others"]["them & us"]["macro_f1"]["value"] == 1
        by_name = {one["name"]: one for one in part["comparisons"]}
        worse, best = by_name["spoilt_50%"], by_name["them & us"]
        assert worse["differences"][0]["high"] < 0 < best["differences"][0]["low"]
        assert worse["differences"][0]["old"] == part["model"]["macro_f1"]["value"]
        assert worse["sentences"]["p"] <= worse["sentences"]["p_holm"] <= 1
        assert best["sentences"]["counts"]["old_alone"] == 0
        assert part["clusters"]
        assert all(cluster["size"] >= 2 for cluster in part["clusters"])
    assert [point["sentences"] for point in report["learning_curve"]] == [100, 200]
    for name in ("report.md", "report.html"):
        text = (folder / "out" / name).read_text(encoding="utf-8")
        assert "Differences to the model" in text
        assert "Mistakes in groups" in text
        assert "Learning curve" in text
        assert "@software{" in text
    assert "them &amp; us" in text


def test_every_table_is_written_as_csv(folder: Path) -> None:
    tables = folder / "out" / "tables"
    names = {path.stem for path in tables.glob("*.csv")}
    assert {path.stem for path in tables.glob("*.tex")} == names | {"tables"}
    kinds = ("labels", "systems", "differences", "mcnemar", "calibration", "confusion", "clusters", "mistakes")
    assert names >= {f"{setting}-{kind}" for setting in ("end-to-end", "gold-entities") for kind in kinds}
    assert names >= {"summary", "swap", "learning-curve", "end-to-end-slices-country", "gold-entities-slices-length"}
    report = json.loads((folder / "out" / "report.json").read_text(encoding="utf-8"))
    with (tables / "gold-entities-systems.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["system"]: row for row in csv.DictReader(file)}
    macro = report["gold_entities"]["model"]["macro_f1"]
    assert float(rows["model"]["macro F1"]) == macro["value"]
    assert float(rows["model"]["macro F1 low"]) == macro["low"]
    assert float(rows["them & us"]["denial"]) == 1
    with (tables / "end-to-end-mcnemar.csv").open(encoding="utf-8", newline="") as file:
        (row,) = [row for row in csv.DictReader(file) if (row["system"], row["of"]) == ("spoilt_50%", "sentences")]
    counts = report["end_to_end"]["comparisons"][0]["sentences"]["counts"]
    assert int(row["model alone"]) == counts["old_alone"]


def check_latex(text: str) -> None:
    """Check what a compiler would: braces, environments, and as many columns as there are."""
    assert text.isascii() or re.fullmatch(r"[\x00-ſ]*", text)
    bare = re.sub(r"\\[\\{}&%$#_]", "", text)
    assert bare.count("{") == bare.count("}")
    begun, ended = (re.findall(rf"\\{word}\{{(\w+)\}}", text) for word in ("begin", "end"))
    assert sorted(begun) == sorted(ended)
    assert r"\toprule" in text
    assert r"\bottomrule" in text
    body = bare[bare.index(r"\bottomrule") :] if r"\endlastfoot" in bare else bare[bare.index(r"\midrule") :]
    widths = {line.count("&") for line in body.splitlines() if "&" in line}
    assert len(widths) <= 1


def test_every_table_is_sound_latex(folder: Path) -> None:
    for path in (folder / "out" / "tables").glob("*.tex"):
        if path.stem != "tables":
            check_latex(path.read_text(encoding="utf-8"))
    systems = (folder / "out" / "tables" / "end-to-end-systems.tex").read_text(encoding="utf-8")
    assert r"spoilt\_50\%" in systems
    assert r"them \& us" in systems
    assert r"\label{tab:end-to-end-systems}" in systems


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="no LaTeX at hand")
def test_all_tables_compile(folder: Path, tmp_path: Path) -> None:
    for path in (folder / "out" / "tables").glob("*.tex"):
        shutil.copy(path, tmp_path)
    signs = Table("nasty", NASTY, ("text", NASTY), ((f"{NASTY} Ж 日本 é – → “x” \u200b\x07", Estimate(0.5, 0.4, 0.6)),))
    (tmp_path / "nasty.tex").write_text(latex(signs), encoding="utf-8")
    document = (tmp_path / "tables.tex").read_text(encoding="utf-8")
    document = document.replace(r"\end{document}", "\\input{nasty.tex}\n\\end{document}")
    (tmp_path / "tables.tex").write_text(document, encoding="utf-8")
    command = ["pdflatex", "-halt-on-error", "-no-shell-escape", "-interaction=nonstopmode", "tables.tex"]
    made = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, errors="replace")
    assert made.returncode == 0, made.stdout[-2000:]
    assert (tmp_path / "tables.pdf").stat().st_size > 10_000


def test_signs_are_escaped_or_named() -> None:
    assert plain("a\n b → “c” – Ж é\x07") == 'a b -> "c" -- [U+0416] é'
    check_latex(latex(Table("x", NASTY, ("a", "b"), ((NASTY, 1), ("c", None)))))


def test_cells_of_csv_start_no_formula(tmp_path: Path) -> None:
    table = Table("x", "X.", ("name", "value"), (("=1+1", Estimate(0.5, 0.4, 0.6)), ("b", 2)))
    assert csv_frame(table).to_numpy().tolist() == [["'=1+1", 0.5, 0.4, 0.6], ["b", 2, None, None]]
    write_tables([table], tmp_path / "tables")
    (tmp_path / "tables" / "old.csv").write_text("")
    write_tables([table], tmp_path / "tables")
    assert sorted(path.name for path in (tmp_path / "tables").iterdir()) == ["tables.tex", "x.csv", "x.tex"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--against", "a=default", "--against", "a=default"], "two systems have the name 'a'"),
        (["--against", "model=default"], "two systems of the report have the name 'model'"),
        (["--predictions", "labels.csv"], "has no name"),
        (["--predictions", "a=missing.csv"], "missing.csv"),
        (["--baseline", "best"], "--baseline best: there are majority, setfit"),
        (["--learning-curve", "missing.json"], "missing.json"),
    ],
)
def test_wrong_options_are_told(folder: Path, arguments: list[str], message: str) -> None:
    shown = run("evaluate", "default", folder / "data.jsonl", "--report", folder / "no", *arguments, code=2)
    assert message in shown.stderr
    assert not (folder / "no").exists()


@pytest.fixture
def model(tmp_path: Path) -> Path:
    shutil.copytree(default_directory(), tmp_path / "model")
    return tmp_path / "model"


def test_the_card_has_the_figures_of_the_report(folder: Path, model: Path) -> None:
    before = (model / "README.md").read_text(encoding="utf-8")
    (model / "README.md").write_text(f"---\ncustom: kept\ntags:\n- mine\n---\n\n{before}", encoding="utf-8")
    arguments = ("card", model, "--report", folder / "out", "--data-name", "sixty | sentences")
    run(*arguments)
    card = ModelCard.load(model / "README.md")
    assert (card.data.license, card.data.language, card.data.custom) == ("apache-2.0", "en", "kept")
    assert card.data.base_model == "sentence-transformers/all-MiniLM-L6-v2"
    assert {"mine", "stance-detection"} <= set(card.data.tags)
    report = json.loads((folder / "out" / "report.json").read_text(encoding="utf-8"))
    results = {one.metric_name: one.metric_value for one in card.data.eval_results}
    macro = report["end_to_end"]["model"]["macro_f1"]
    assert results["macro F1, end to end"] == round(macro["value"], 4)
    assert "direction F1, entities given" in results
    assert f"| macro F1 | {macro['value']:.3f} ({macro['low']:.3f}–{macro['high']:.3f}) |" in card.text
    assert report["run"]["command"] in card.text
    assert r"sixty \| sentences" in card.text
    assert card.text.index("## Figures") < card.text.index("## Data")
    assert bibtex(report["model"]["name"], report["model"]["version"], report["model"]["sha256"]) in card.text
    assert all(line in card.text for line in before.splitlines())
    once = (model / "README.md").read_text(encoding="utf-8")
    run(*arguments)
    assert (model / "README.md").read_text(encoding="utf-8") == once


def test_a_missing_card_is_made_and_a_report_of_another_model_refused(folder: Path, model: Path) -> None:
    (model / "README.md").unlink()
    run("card", model, "--report", folder / "out")
    text = (model / "README.md").read_text(encoding="utf-8")
    assert "## Labels" in text
    assert "data.jsonl" in text
    data = json.loads((folder / "out" / "report.json").read_text(encoding="utf-8"))
    other = model.parent / "other"
    other.mkdir()
    assert "no such file" in run("card", model, "--report", other, code=2).stderr.lower()
    data["model"]["sha256"] = "0" * 64
    (other / "report.json").write_text(json.dumps(data), encoding="utf-8")
    assert "is a report of another model" in run("card", model, "--report", other, code=2).stderr
    assert (model / "README.md").read_text(encoding="utf-8") == text


def test_the_citation_is_that_of_this_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert set(citation) >= {"cff-version", "message", "title", "authors"}
    assert f'version = "{citation["version"]}"' in project
    assert f'license = "{citation["license"]}"' in project
    assert citation["authors"] == [{"name": "The entity-stance authors"}]
