"""Comparing models: against themselves, against a spoilt copy, and against values computed by hand."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from model.classifier import StanceClassifier, default_directory
from model.config import CONFIG_FILE
from model.scheme import STANCES
from service.cli.main import app
from training.corpus import read_corpus
from training.evaluation.bootstrap import Bootstrap
from training.evaluation.comparison import (
    Agreement,
    Verdict,
    compare,
    compare_classifiers,
    compare_decisions,
    paired_difference,
)
from training.evaluation.metrics import f1_of, measure
from training.evaluation.predictions import predict_end_to_end
from training.evaluation.records import Judged, Labels, Prediction, gold_labels, judge

SEEDS = Path(__file__).resolve().parents[2] / "seeds"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first hundred and twenty seeds of a file."""
    path = tmp_path_factory.mktemp("data") / "data.jsonl"
    lines = (SEEDS / "europe.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:120]), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The embedded model with thresholds that hardly any stance reaches."""
    directory = tmp_path_factory.mktemp("model") / "spoilt"
    shutil.copytree(default_directory(), directory)
    path = directory / CONFIG_FILE
    config = json.loads(path.read_text(encoding="utf-8"))
    config["thresholds"] = dict.fromkeys(config["thresholds"], 0.97)
    path.write_text(json.dumps(config), encoding="utf-8")
    return directory


def run(*arguments: str | Path, code: int = 0) -> Result:
    result = CliRunner().invoke(app, ["compare", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


def test_a_model_does_not_differ_from_itself(data: Path) -> None:
    result = json.loads(run("default", "default", data, "--json").stdout)
    assert result["verdict"] == "no difference shown"
    assert [item["metric"] for item in result["differences"]] == [
        *("macro F1", "micro F1", "support F1", "deterrence F1", "denial F1", "warning F1", "direction F1")
    ]
    for item in result["differences"]:
        assert (item["difference"], item["low"], item["high"], item["p"]) == (0, 0, 0, 1)
    for cases in (result["decisions"], result["sentences"]):
        assert cases["old_alone"] == cases["new_alone"] == 0
        assert cases["both"] > 0
    assert result["decisions"]["p"] == 1
    assert "verdict: no difference shown" in run("default", "default", data, "--require-better", code=1).stdout


def test_a_spoilt_model_is_worse_and_the_other_way_round_better(data: Path, spoilt: Path) -> None:
    worse = json.loads(run("default", spoilt, data, "--json", "--examples", "3", "--seed", "5").stdout)
    better = json.loads(run(spoilt, "default", data, "--json", "--require-better", "--seed", "5").stdout)
    assert (worse["verdict"], better["verdict"]) == ("worse", "better")
    assert worse["decisions"]["p"] == better["decisions"]["p"] < 0.001
    for one, other in zip(worse["differences"], better["differences"], strict=True):
        assert one["difference"] == -other["difference"]
        assert (one["low"], one["high"], one["p"]) == pytest.approx((-other["high"], -other["low"], other["p"]))
    assert worse["differences"][0]["high"] < 0
    assert worse["differences"][0]["p"] < 0.01
    assert better["examples"] == []
    assert len([item for item in worse["examples"] if item["right"] == "old"]) == 3
    for item in worse["examples"]:
        stances = {code: set(taken) for code, taken in item["gold"].items()}
        for name in ("old", "new"):
            assert (stances == {code: set(taken) for code, taken in item[name].items()}) == (item["right"] == name)


def test_the_table_says_it_in_words(data: Path, spoilt: Path) -> None:
    shown = run("default", spoilt, data, "--examples", "1", "--resamples", "200").stdout
    assert "120 sentences, 200 resamples, seed 0\n" in shown
    assert "\nmacro F1 " in shown
    assert ": only the old model is right\n" in shown
    assert shown.endswith("verdict: worse\n")
    assert run("default", spoilt, data, "--require-better", code=1).stdout.endswith("verdict: worse\n")


def test_values_are_those_of_the_evaluation(data: Path, spoilt: Path) -> None:
    sentences = read_corpus([data])
    classifiers = [StanceClassifier.from_pretrained(path) for path in (None, spoilt)]
    result = compare_classifiers(*classifiers, sentences, resamples=100)
    texts = [(sentence.id, sentence.text) for sentence in sentences]
    gold = [gold_labels(sentence) for sentence in sentences]
    for side, classifier in zip(("old", "new"), classifiers, strict=True):
        judged = judge(gold, predict_end_to_end(classifier, texts).predictions)
        bootstrap = Bootstrap(len(sentences), 10)
        metrics = measure(judged, STANCES.names, bootstrap, directed=True, entities_given=False)
        values = {item.metric: getattr(item, side) for item in result.differences}
        assert values["macro F1"] == metrics.macro_f1.value
        assert values["micro F1"] == metrics.micro.f1.value
        assert values["denial F1"] == metrics.labels["denial"].f1.value
        assert metrics.direction is not None
        assert values["direction F1"] == metrics.direction.f1.value
        right = result.sentences.both + getattr(result.sentences, f"{side}_alone")
        assert right / len(sentences) == metrics.exact_sentences.share.value


def judged(gold: Labels, predicted: Labels) -> Judged:
    return Judged(gold, Prediction(predicted))


def test_decisions_by_hand() -> None:
    gold: Labels = {"NO": {"denial": frozenset()}, "IS": {}}
    # The old model misses the stance; the new one finds it, and makes up an entity that warns.
    cases = compare_decisions(
        [judged(gold, {"NO": {}, "IS": {}})],
        [judged(gold, {"NO": {"denial": frozenset("X")}, "IS": {}, "CL": {"warning": frozenset()}})],
        STANCES.names,
    )
    assert cases == Agreement(both=10, old_alone=1, new_alone=1, neither=0)
    # 1 or fewer of 9 heads, or 8 or more: 2 * (1 + 9) / 2**9.
    assert Agreement(5, 1, 8, 5).p == pytest.approx(20 / 512)
    assert Agreement(5, 0, 0, 5).p == 1


def test_the_draws_are_paired() -> None:
    """Two models that err on the same hard sentences differ far less than draws of either do."""
    rng = np.random.default_rng(3)
    hard = rng.random(400) < 0.4
    old = np.stack([~hard, hard, hard], axis=1).astype(np.int64)
    new = old.copy()
    new[:40] = [1, 0, 0]
    bootstrap = Bootstrap(400, 2000, 1)
    found = paired_difference("F1", old, new, f1_of, bootstrap)
    assert found.low is not None
    assert found.high is not None
    assert found.difference is not None
    alone = bootstrap.estimate(old, f1_of)
    assert alone.low is not None
    assert alone.high is not None
    assert 0 < found.low < found.difference < found.high
    assert found.high - found.low < (alone.high - alone.low) / 2
    assert found.p == pytest.approx(2 / 2001)


def test_no_difference_is_rarely_taken_for_one() -> None:
    """Of models that err independently and equally often, about one in twenty pairs seems to differ."""
    rng = np.random.default_rng(7)
    low = 0
    for seed in range(200):
        errors = rng.random((2, 150)) < 0.3
        old, new = (np.stack([~wrong, wrong, wrong], axis=1).astype(np.int64) for wrong in errors)
        p = paired_difference("F1", old, new, f1_of, Bootstrap(150, 500, seed)).p
        assert p is not None
        low += p < 0.05
    assert 2 <= low <= 22


def test_a_metric_that_is_undefined_stays_so() -> None:
    nothing = np.zeros((5, 3), np.int64)
    found = paired_difference("F1", nothing, nothing, f1_of, Bootstrap(5, 10))
    assert (found.old, found.new, found.difference, found.p) == (None, None, None, None)


def test_what_cannot_be_compared_is_refused_in_one_line(data: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(default_directory(), other)
    config = json.loads((other / CONFIG_FILE).read_text(encoding="utf-8"))
    config["scheme"]["directed"] = False
    (other / CONFIG_FILE).write_text(json.dumps(config), encoding="utf-8")
    for arguments, reason in (
        (["default", other, data], "directed: True in the old one, False in the new one"),
        (["default", tmp_path / "missing", data], "no such model directory"),
        (["default", "default", tmp_path / "missing.jsonl"], "no such file"),
        (["default", "default", data, "--split", "half"], "unknown split"),
    ):
        result = run(*arguments, code=2)
        assert reason in result.stderr
        assert result.stderr.count("\n") == 1


def test_a_split_of_the_data(data: Path) -> None:
    result = compare(None, None, [data], split="test", resamples=100)
    assert result.verdict is Verdict.NONE
    assert 0 < result.sentences.both + result.sentences.neither < 120
