"""A scheme of one's own, from its file to answers, each step by its command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from model.classifier import StanceClassifier
from model.config import GAZETTEER_FILE, ModelConfig
from model.errors import ModelError
from service.cli.main import app

TEXT = "Kestrel praised the Dockers League. Norway blamed Orion Shipping."


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
    with_classifier = StanceClassifier.from_pretrained(attitude_model)
    praised, blamed = with_classifier.classify(TEXT).sentences
    kestrel, dockers = praised.entities
    assert [(s.stance, [t.code for t in s.toward]) for s in kestrel.stances] == [("positive", ["DOCKERS"])]
    assert (kestrel.entity.type, dockers.entity.type, dockers.stances) == ("company", "union", ())
    assert [result.entity.code for result in blamed.entities] == ["ORION"]
    for result in (kestrel, dockers, *blamed.entities):
        assert sum(result.scores.values()) <= 1.0002
    assert kestrel.to_dict()["type"] == "company"
    with_classifier.close()


def test_a_changed_gazetteer_is_refused(attitude_model: Path, tmp_path: Path) -> None:
    for path in attitude_model.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    gazetteer = tmp_path / GAZETTEER_FILE
    gazetteer.write_text(gazetteer.read_text(encoding="utf-8").replace("Orion", "Onion"), encoding="utf-8")
    with pytest.raises(ModelError, match=r"gazetteer.json: its SHA-256 is not the one"):
        ModelConfig.load(tmp_path)
