"""A scheme of one's own, from its file to answers, each step by its command."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from typer.testing import CliRunner

from model.classifier import StanceClassifier
from model.config import GAZETTEER_FILE, ModelConfig
from model.errors import ModelError
from service.cli.main import app
from training.base import load_network
from training.corpus import read_corpus
from training.scheme_file import read_scheme

TEXT = "Kestrel praised Dockers League for its 7 looms. Norway blamed Orion Shipping 9 times over its piers."


def run(*arguments: object, code: int = 0) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output
    return result.output


def test_check_counts_the_labels_of_the_scheme(attitude_scheme: Path, attitude_corpus: Path) -> None:
    assert "positive: 60" in run("check", attitude_corpus, "--scheme", attitude_scheme)
    assert "unknown stance 'positive'" in run("check", attitude_corpus, code=1)


def test_train_keeps_the_scheme_and_its_gazetteer(attitude_model: Path) -> None:
    config = ModelConfig.load(attitude_model)
    scheme = config.scheme
    assert (scheme.names, scheme.multi_label, scheme.none, scheme.countries) == (
        ("positive", "negative"),
        False,
        True,
        False,
    )
    assert scheme.types == ("company", "union")
    assert GAZETTEER_FILE in config.files
    assert "gazetteer" not in json.loads((attitude_model / "config.json").read_text())["scheme"]


def test_the_model_has_learned_one_label_at_most(attitude_model: Path) -> None:
    classifier = StanceClassifier.from_pretrained(attitude_model)
    praised, blamed = classifier.classify(TEXT).sentences
    kestrel, dockers = praised.entities
    assert [(s.stance, [t.code for t in s.toward]) for s in kestrel.stances] == [("positive", ["DOCKERS"])]
    assert (kestrel.entity.type, dockers.entity.type, dockers.stances) == ("company", "union", ())
    assert [result.entity.code for result in blamed.entities] == ["ORION"]
    for result in (kestrel, dockers, *blamed.entities):
        assert sum(result.scores.values()) <= 1.0002
    assert kestrel.to_dict()["type"] == "company"
    classifier.close()


def test_a_changed_gazetteer_is_refused(attitude_model: Path, tmp_path: Path) -> None:
    for path in attitude_model.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    gazetteer = tmp_path / GAZETTEER_FILE
    gazetteer.write_text(gazetteer.read_text(encoding="utf-8").replace("Orion", "Onion"), encoding="utf-8")
    with pytest.raises(ModelError, match=r"gazetteer.json: its SHA-256 is not the one"):
        ModelConfig.load(tmp_path)


@pytest.fixture(scope="module")
def report(attitude_model: Path, attitude_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    data = [attitude_corpus, "--split", "test", "--train-data", attitude_corpus]
    run("evaluate", attitude_model, *data, "--report", folder)
    return folder


def test_the_report_has_what_the_scheme_has(report: Path) -> None:
    figures = json.loads((report / "report.json").read_text(encoding="utf-8"))
    assert figures["labels"] == ["positive", "negative"]
    assert figures["swap"] is None
    assert set(figures["gold_entities"]["baselines"]) == {"always none", "majority", "TF-IDF + logistic regression"}
    model = figures["gold_entities"]["model"]
    assert model["macro_f1"]["value"] > 0.8
    assert model["direction"]["f1"]["value"] > 0.8
    confusion = figures["gold_entities"]["confusion"]
    assert sum(map(sum, confusion)) == model["exact_entities"]["total"] == model["entities"]
    markdown, html = ((report / name).read_text(encoding="utf-8") for name in ("report.md", "report.html"))
    for text in (markdown, html):
        assert "accuracy" in text
        assert "praises, helps or sides with another one" in text
        assert "How organisations speak of each other." in text
        assert "wap consistency" not in text
        assert "cue words" not in text
    # Every row of a table has as many cells as its head.
    tables = re.findall(r"(?:^\|.*\n)+", markdown, re.MULTILINE)
    assert len(tables) > 10
    for table in tables:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1, table


def test_classify_writes_the_labels_of_the_scheme(attitude_model: Path, tmp_path: Path) -> None:
    article = tmp_path / "article.txt"
    article.write_text(TEXT, encoding="utf-8")
    table = run("classify", article, "--model", attitude_model)
    assert "Sentences with a label" in table
    assert re.search(r"Entity +positive +negative", table)
    rows = list(csv.DictReader(run("classify", article, "--model", attitude_model, "--format", "csv").splitlines()))
    assert (rows[0]["code"], rows[0]["stance"], rows[0]["toward"]) == ("KESTREL", "positive", "DOCKERS")
    assert {"score_positive", "score_negative"} <= set(rows[0])


def test_two_models_of_the_scheme_can_be_compared_and_of_others_not(
    attitude_model: Path, attitude_corpus: Path
) -> None:
    data = [attitude_corpus, "--split", "test"]
    assert "verdict: no difference shown" in run("compare", attitude_model, attitude_model, *data)
    assert "cannot be compared: labels" in run("compare", attitude_model, "default", *data, code=2)


def test_calibration_anew_fits_a_temperature(attitude_model: Path, attitude_corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "anew"
    assert "temperature" in run("calibrate", attitude_model, attitude_corpus, "--out", out)
    assert ModelConfig.load(out).scheme == ModelConfig.load(attitude_model).scheme


def test_other_commands_take_the_scheme(attitude_scheme: Path, attitude_corpus: Path, tmp_path: Path) -> None:
    file = attitude_corpus / "attitude.jsonl"
    option = ["--scheme", attitude_scheme]
    (tmp_path / "again.jsonl").write_bytes(file.read_bytes())
    assert run("split", tmp_path, *option).startswith("train: ")
    assert "positive" in run("agreement", file, tmp_path / "again.jsonl", *option)
    table, back = tmp_path / "table.csv", tmp_path / "back.jsonl"
    run("convert", file, table, "--to", "csv", *option)
    run("convert", table, back, "--from", "csv", "--to", "seeds", *option)
    assert len(read_corpus([back], read_scheme(attitude_scheme))) == 180
    view = run("convert", file, "--labelling-config", *option)
    assert '<Choices name="stance" toName="text" choice="single"' in view
    assert 'value="ORION" hint="Orion Shipping"' in view
    assert 'value="NO"' not in view
    assert "unknown field" in run("check", file, "--scheme", _misspelt(attitude_scheme, tmp_path), code=2)


def _misspelt(scheme: Path, folder: Path) -> Path:
    path = folder / "misspelt.yaml"
    path.write_text(scheme.read_text(encoding="utf-8").replace("labels", "label"), encoding="utf-8")
    return path


def test_a_model_of_another_scheme_lends_its_encoder_alone(
    attitude_model: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept = load_file(attitude_model / "model.safetensors")
    scheme = ModelConfig.load(attitude_model).scheme
    others = {"same": scheme, "other": replace(scheme, multi_label=True)}
    states = {
        name: load_network(str(attitude_model), 2, scheme=chosen)[0].state_dict() for name, chosen in others.items()
    }
    assert caplog.messages == [
        f"{attitude_model} has learned the scheme 'attitude': its encoder is taken, the heads are new"
    ]
    assert all(torch.equal(states["same"][name], kept[name]) for name in kept)
    equal = {name for name in kept if torch.equal(states["other"][name], kept[name])}
    assert {name for name in kept if name.startswith("encoder.")} == equal
