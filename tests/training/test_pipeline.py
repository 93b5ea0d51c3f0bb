"""From annotated sentences to a model directory, on tiny encoders."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from typer.testing import CliRunner

from model.classifier import StanceClassifier
from model.config import ModelConfig
from model.encoding import slot_ids
from model.errors import CorpusError, ModelError
from service.cli.main import app
from training.base import DEFAULT_BASE, load_base, load_network, resolve_base
from training.packaged import PACKAGED
from training.pipeline import CHECKPOINTS, train
from training.settings import TrainingConfig
from training.training_run import TrainingRun

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")

QUICK = TrainingConfig(epochs=20, batch_size=8, encoder_rate=3e-3, head_rate=3e-3, patience=20, bf16=False)


@pytest.fixture(scope="module")
def run(tiny_corpus: Path, tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainingRun:
    out = tmp_path_factory.mktemp("runs") / "mine"
    return TrainingRun(data=(tiny_corpus,), out=out, base=str(tiny_bert), name="mine", config=QUICK, keep_weights=True)


@pytest.fixture(scope="module")
def trained(run: TrainingRun) -> StanceClassifier:
    result = train(run)
    assert result.parity.float_max < 1e-2
    assert result.parity.same_side > 0.95
    assert result.dev_score > 0.9
    return StanceClassifier.from_pretrained(run.out)


def test_a_trained_model_has_learned_what_it_was_shown(trained: StanceClassifier) -> None:
    result = trained.classify(
        "Japan denied 9 times that it took engines from Kenya. Kenya backs Japan with 4 maps as promised."
    )
    first, second = (sentence.entities for sentence in result.sentences)
    assert [max(entity.scores, key=entity.scores.__getitem__) for entity in (first[0], second[0])] == [
        "denial",
        "support",
    ]
    assert [[stance.stance for stance in entities[1].stances] for entities in (first, second)] == [[], []]
    assert [target.code for target in second[0].stances[0].toward] == ["JP"]


def test_the_directory_is_the_unit(run: TrainingRun, trained: StanceClassifier) -> None:
    assert sorted(path.name for path in run.out.iterdir()) == [
        "README.md", "config.json", "encoder.json", "model.onnx", "model.safetensors", "run.yaml",
        "tokenizer.json",
    ]  # fmt: skip
    config = ModelConfig.load(run.out)
    assert set(config.files) == {"encoder.json", "model.onnx", "model.safetensors", "tokenizer.json"}
    card = (run.out / "README.md").read_text(encoding="utf-8")
    assert trained.info.sha256 in card
    assert card.startswith("---\n")
    assert "library_name: entity-stance\n" in card
    assert f"SHA-256 of its network {trained.info.sha256[:16]}" in card
    assert all(f"| {name} |" in card for name in trained.scheme.names)
    assert trained.info.name == "mine"


@pytest.mark.usefixtures("trained")
def test_a_kept_model_can_be_trained_further(run: TrainingRun, tmp_path: Path) -> None:
    network, tokenizer = load_network(str(run.out), len(run.scheme.labels))
    kept = load_file(run.out / "model.safetensors")
    assert all(torch.equal(kept[name], tensor) for name, tensor in network.state_dict().items())
    assert slot_ids(tokenizer)
    result = train(replace(run, base=str(run.out), out=tmp_path / "further", config=replace(QUICK, epochs=1)))
    assert result.dev_score > 0.9
    assert ModelConfig.load(tmp_path / "further").base == run.base


@pytest.mark.usefixtures("trained")
def test_kept_weights_may_be_left_behind(run: TrainingRun, tmp_path: Path) -> None:
    for name in ("config.json", "model.onnx", "tokenizer.json"):
        shutil.copy(run.out / name, tmp_path)
    assert StanceClassifier.from_pretrained(tmp_path).classify("Norway waits.").sentences


def test_another_kind_of_encoder_trains_alike(tiny_corpus: Path, tiny_roberta: Path, tmp_path: Path) -> None:
    run = TrainingRun(
        data=(tiny_corpus,),
        out=tmp_path / "roberta",
        base=str(tiny_roberta),
        config=replace(QUICK, epochs=2, bf16=True),
    )
    result = train(run)
    assert result.parity.float_max < 1e-2
    model = StanceClassifier.from_pretrained(run.out)
    assert model.config.pad_id == 1
    assert model.classify("Norway warned Chile.").sentences[0].entities


def test_the_command_trains_and_the_result_evaluates(tiny_corpus: Path, tiny_bert: Path, tmp_path: Path) -> None:
    out, report = tmp_path / "model", tmp_path / "report"
    options = ["--base", str(tiny_bert), "--epochs", "1", "--no-bf16", "--calibrate", str(tiny_corpus / "tiny.jsonl")]
    done = CliRunner().invoke(app, ["train", str(tiny_corpus), "--out", str(out), *options])
    assert done.exit_code == 0, done.output
    assert "mean average precision" in done.output
    arguments = ["evaluate", str(out), str(tiny_corpus), "--split", "test", "--report", str(report)]
    done = CliRunner().invoke(app, [*arguments, "--train-data", str(tiny_corpus)])
    assert done.exit_code == 0, done.output
    assert json.loads((report / "report.json").read_text(encoding="utf-8"))
    assert (report / "report.html").stat().st_size > 10_000


def test_checkpoints_of_other_settings_are_not_taken_up(run: TrainingRun, tmp_path: Path) -> None:
    checkpoints = tmp_path / "mine" / CHECKPOINTS
    checkpoints.mkdir(parents=True)
    (checkpoints / "training.json").write_text("{}")
    with pytest.raises(ValueError, match="other data or settings"):
        train(replace(run, out=tmp_path / "mine"))


def test_a_base_that_is_none_is_told(tiny_corpus: Path, tmp_path: Path) -> None:
    arguments = ["train", str(tiny_corpus), "--out", str(tmp_path / "m"), "--base", str(tmp_path)]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 2
    assert "cannot load the base encoder" in done.output
    assert "Traceback" not in done.output


def test_data_without_a_dev_split_is_told(run: TrainingRun, tmp_path: Path) -> None:
    line = '{"id": "a", "text": "Norway waits.", "entities": [{"code": "NO", "mentions": ["Norway"], "stances": {}}]}'
    (tmp_path / "one.jsonl").write_text(line)
    with pytest.raises(CorpusError, match=r"the dev split of .* has no sentence"):
        train(replace(run, data=(tmp_path / "one.jsonl",), out=tmp_path / "m"))


def test_the_default_base_comes_from_its_package_and_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(resolve_base(DEFAULT_BASE))
    assert (folder / "model.safetensors").is_file()
    encoder, tokenizer = load_base(DEFAULT_BASE)
    assert encoder.get_input_embeddings().weight.shape[0] == tokenizer.get_vocab_size()
    monkeypatch.setitem(PACKAGED, DEFAULT_BASE, replace(PACKAGED[DEFAULT_BASE], sha256="0" * 64))
    with pytest.raises(ModelError, match="has sha256 53aa51172d142c89"):
        resolve_base(DEFAULT_BASE)


def test_calibrating_anew_changes_the_decisions_and_not_the_network(
    trained: StanceClassifier, run: TrainingRun, tmp_path: Path
) -> None:
    """Annotated so that half of those who back somebody take no stance: support gets less probable."""
    lines = [json.loads(line) for line in next(run.data[0].glob("*.jsonl")).read_text().splitlines()]
    for number, line in enumerate(lines):
        if number % 8:
            line["entities"][0]["stances"].pop("support", None)
    rare = tmp_path / "rare.jsonl"
    rare.write_text("".join(json.dumps(line) + "\n" for line in lines))
    out = tmp_path / "anew"
    done = CliRunner().invoke(app, ["calibrate", str(run.out), str(rare), "--out", str(out)])
    assert done.exit_code == 0, done.output
    before, after = trained.config, ModelConfig.load(out)
    assert after.files["model.onnx"] == before.files["model.onnx"]
    text = "Kenya backs Japan with 4 maps as promised."
    scores = [
        model.classify(text).sentences[0].entities[0].scores
        for model in (trained, StanceClassifier.from_pretrained(out))
    ]
    assert scores[1]["support"] < scores[0]["support"]
    assert "Calibrated anew" in (out / "README.md").read_text()
    again = CliRunner().invoke(app, ["calibrate", str(run.out), str(rare), "--out", str(out)])
    assert again.exit_code == 2
    assert "exists already" in again.output
