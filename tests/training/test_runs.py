"""Many runs together, and the options of one, on a tiny encoder."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from transformers import TrainerCallback
from typer.testing import CliRunner

from model.annotation import AnnotatedSentence
from model.classifier import StanceClassifier
from model.errors import CorpusError
from service.cli.main import app
from training.corpus import read_corpus
from training.estimate import estimate
from training.examples import balanced_weights
from training.options import options_of, run_of, save_options
from training.pipeline import fit_prepared, prepare
from training.runs.cross_validation import divide
from training.runs.learning_curve import fit_power_law
from training.runs.scoring import FloatClassifier, figures, judged
from training.runs.tables import mean_of
from training.settings import Reporting, TrainingConfig
from training.splits import near_duplicate_groups
from training.training_run import TrainingRun, read_sentences

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")

QUICK = TrainingConfig(epochs=2, batch_size=16, encoder_rate=3e-3, head_rate=3e-3, bf16=False)


@pytest.fixture
def run(tiny_corpus: Path, tiny_bert: Path, tmp_path: Path) -> TrainingRun:
    reporting = Reporting(quiet=True)
    return TrainingRun(
        data=(tiny_corpus,), out=tmp_path / "out", base=str(tiny_bert), config=QUICK, reporting=reporting
    )


@pytest.fixture
def settings(tiny_corpus: Path, tiny_bert: Path, tmp_path: Path) -> Path:
    path = tmp_path / "run.yaml"
    path.write_text(
        f"data: [{tiny_corpus}]\nbase: {tiny_bert}\nepochs: 2\nencoder-rate: 3e-3\nhead_rate: 3e-3\nbf16: false\n"
    )
    return path


def invoke(*arguments: object) -> str:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


def refused(*arguments: object) -> str:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == 2, done.output
    assert "Traceback" not in done.output
    return done.output


class Counting(TrainerCallback):
    """A callback as a user would write it."""

    steps = 0

    def on_step_end(self, *_: object, **__: object) -> None:
        Counting.steps += 1


def learned(run: TrainingRun) -> dict[str, torch.Tensor]:
    prepared = prepare(run, read_sentences(run))
    fit_prepared(run, prepared, run.out)
    return prepared.network.state_dict()


def test_options_of_a_run_come_back_from_their_file(run: TrainingRun, tmp_path: Path) -> None:
    config = replace(QUICK, accumulate=2, class_weights="balanced", lora_rank=4, threads=1)
    full = replace(run, dev=(tmp_path / "d",), version="3", config=config, reporting=Reporting(("mlflow",)))
    save_options(full, tmp_path / "run.yaml")
    read = yaml.safe_load((tmp_path / "run.yaml").read_text())
    assert read["lora"] == 4
    assert options_of(run_of(read, run)) | {"data": 0, "dev": 0} == options_of(full) | {"data": 0, "dev": 0}


def test_flags_win_over_the_file_and_the_estimate_says_what_a_run_costs(settings: Path, tmp_path: Path) -> None:
    said = invoke("train", "--config", settings, "--out", tmp_path / "m", "--epochs", 7, "--estimate")
    assert "for 7 epochs" in said
    assert "12 steps" in said
    assert "memory:" in said and "optimiser" in said and "disk:" in said and "assumed:" in said
    assert not (tmp_path / "m").exists()
    toml = tmp_path / "run.toml"
    toml.write_text("".join(f"{n} = {json.dumps(v)}\n" for n, v in yaml.safe_load(settings.read_text()).items()))
    assert "for 2 epochs" in invoke("train", "--config", toml, "--out", tmp_path / "m", "--estimate")


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("epoch: 3", "unknown option 'epoch'; is it 'epochs'?"),
        ("out: here", "unknown option 'out'"),
        ("epochs: many", "epochs: Input should be a valid integer"),
        ("batch_size: 0", "batch_size: Input should be greater than or equal to 1"),
        ("device: tpu", "'tpu' is not one of 'auto', 'cpu', 'cuda'"),
        ("epochs: [1, 2]", "epochs: expected one value"),
        ("- epochs", "expected options by name"),
        ("epochs: 2\n  seed: [", ":2"),
    ],
)
def test_a_faulty_file_of_options_is_refused_by_name(tmp_path: Path, line: str, fault: str) -> None:
    path = tmp_path / "faulty.yaml"
    path.write_text(line)
    said = refused("train", tmp_path, "--config", path, "--out", tmp_path / "m")
    assert fault in said
    assert "faulty.yaml" in said
    assert fault in refused("sweep", tmp_path, "--config", path, "--out", tmp_path / "m")


def test_the_estimate_counts_what_is_kept(run: TrainingRun) -> None:
    cost = estimate(run, prepare(run, read_sentences(run)))
    adapted = replace(run, config=replace(QUICK, lora_rank=2))
    less = estimate(adapted, prepare(adapted, read_sentences(adapted)))
    assert cost.optimiser == 2 * cost.gradients == 2 * cost.weights
    assert less.optimiser == 2 * less.gradients < cost.optimiser
    assert cost.activations > 100_000
    assert cost.step_seconds > 0
    assert (cost.steps, cost.epochs) == (12, 2)


def test_adapters_learn_in_place_of_the_encoder_and_are_merged(run: TrainingRun) -> None:
    adapted = replace(run, config=replace(QUICK, lora_rank=2))
    before = prepare(run, read_sentences(run)).network.state_dict()
    prepared = prepare(adapted, read_sentences(adapted))
    frozen = {name for name, p in prepared.network.encoder.named_parameters() if not p.requires_grad}
    assert any(name.endswith("query.base_layer.weight") for name in frozen)
    fit_prepared(adapted, prepared, run.out)
    after = prepared.network.state_dict()
    assert set(after) == set(before)
    changed = {name for name in after if not torch.equal(after[name], before[name])}
    assert "encoder.encoder.layer.0.attention.self.query.weight" in changed
    assert "encoder.encoder.layer.0.attention.self.query.bias" not in changed
    words = "encoder.embeddings.word_embeddings.weight"
    rows = (after[words] != before[words]).any(1).nonzero().flatten().tolist()
    assert rows and set(rows) <= set(prepared.data.train_collator.slot_ids.tolist())


def test_accumulated_batches_are_nearly_one_and_callbacks_run(run: TrainingRun) -> None:
    Counting.steps = 0
    halves = replace(QUICK, batch_size=8, accumulate=2, encoder_dropout=0.0, epochs=1)
    counted = replace(run, config=halves, reporting=Reporting(callbacks=(f"{__name__}:Counting",), quiet=True))
    learned(counted)
    assert Counting.steps == 12
    for name, fault in (("x", "expected package.module:Class"), ("json:loads", "is no transformers"), ("a.b:C", "a")):
        wrong = replace(run, out=run.out / "w", reporting=Reporting(callbacks=(name,)))
        with pytest.raises(ValueError, match=f"callback '{name}': .*{fault}"):
            learned(wrong)


def test_losses_go_to_the_trackers(run: TrainingRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENSORBOARD_LOGGING_DIR", str(tmp_path / "board"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    learned(replace(run, reporting=Reporting(report_to=("tensorboard", "mlflow"), quiet=True)))
    import mlflow

    assert list((tmp_path / "board").rglob("events.*"))
    (found,) = mlflow.search_runs(search_all_experiments=True, output_format="list")
    assert found.data.metrics["eval_mean_average_precision"] > 0.2


def test_balanced_weights_are_the_odds_of_a_label(run: TrainingRun) -> None:
    prepared = prepare(run, read_sentences(run))
    taken = torch.tensor([row for rows in prepared.data.train["labels"] for row in rows]).mean(0)
    weights = balanced_weights(prepared.data.train)
    names = run.scheme.names
    for name in ("support", "denial", "warning"):
        share = float(taken[names.index(name)])
        assert float(weights[names.index(name)]) == pytest.approx((1 - share) / share)
    assert float(weights[names.index("deterrence")]) == 1
    plain = learned(replace(run, config=replace(QUICK, epochs=1)))
    balanced = learned(replace(run, out=run.out / "b", config=replace(QUICK, epochs=1, class_weights="balanced")))
    bias = "label_head.3.bias"
    assert (balanced[bias] > plain[bias])[[names.index(name) for name in ("support", "denial", "warning")]].all()


def test_dev_data_of_its_own_leaves_all_of_the_rest_to_learn(run: TrainingRun, tmp_path: Path) -> None:
    lines = (run.data[0] / "tiny.jsonl").read_text().splitlines(keepends=True)
    for name, part in (("learn", lines[:200]), ("dev", lines[200:]), ("both", lines[190:])):
        (tmp_path / f"{name}.jsonl").write_text("".join(part))
    own = replace(run, data=(tmp_path / "learn.jsonl",), dev=(tmp_path / "dev.jsonl",))
    sentences = read_sentences(own)
    assert (len(sentences.train), len(sentences.dev)) == (200, 40)
    with pytest.raises(CorpusError, match="dev data holds sentences that are learned from: t-190"):
        read_sentences(replace(own, dev=(tmp_path / "both.jsonl",)))


def test_a_mean_has_students_interval() -> None:
    mean = mean_of([0.5, None, 0.7, 0.6])
    assert (mean.count, mean.mean) == (3, pytest.approx(0.6))
    assert mean.low == pytest.approx(0.6 - 4.3027 * 0.1 / 3**0.5, abs=1e-4)
    assert str(mean_of([0.5])) == "0.500"
    assert str(mean_of([None])) == "undefined"


def test_the_law_of_a_curve_is_found_again() -> None:
    rng = np.random.default_rng(1)
    counts = np.repeat([100.0, 200.0, 400.0, 800.0], 3)
    values = 1 - 2 * counts**-0.4 * np.exp(rng.normal(0, 0.02, len(counts)))
    law = fit_power_law(counts, values, 800)
    assert law is not None
    true = 2 * 800**-0.4 - 2 * 1600**-0.4
    assert law.exponent == pytest.approx(0.4, abs=0.03)
    assert law.low < true < law.high
    assert law.high - law.low < 0.02
    assert fit_power_law(counts[:3], values[:3], 100) is None
    assert fit_power_law(counts, np.ones(12), 800) is None


def test_folds_are_alike_and_keep_near_duplicates_together(tiny_corpus: Path) -> None:
    sentences = read_corpus([tiny_corpus])
    twins = [replace(sentence, id=f"{sentence.id}-twin") for sentence in sentences[:40]]
    together: Sequence[AnnotatedSentence] = [*sentences, *twins]
    places = divide(together, 4, 0)
    assert all(len({places[index] for index in group}) == 1 for group in near_duplicate_groups(together))
    sizes = np.bincount(places)
    assert sizes.min() > 0.7 * sizes.max()
    assert divide(together, 4, 0) == places != divide(together, 4, 1)


def test_a_sweep_keeps_its_models_and_goes_on(settings: Path, tiny_corpus: Path, tmp_path: Path) -> None:
    test = tmp_path / "test.jsonl"
    test.write_text("".join((tiny_corpus / "tiny.jsonl").read_text().splitlines(keepends=True)[:60]))
    command = ("sweep", "--config", settings, "--seeds", 2, "--out", tmp_path / "s", "--test", test)
    said = invoke(*command)
    assert "seed-14: test macro F1" in said
    table = json.loads((tmp_path / "s" / "sweep.json").read_text())
    values = [table["runs"][f"seed-{seed}"]["test macro F1"] for seed in (13, 14)]
    assert table["summary"]["test macro F1"]["mean"] == pytest.approx(np.mean(values))
    model = StanceClassifier.from_pretrained(tmp_path / "s" / "seed-14")
    scored = figures(judged(model, read_corpus([test])), model.scheme)
    assert scored["macro F1"] == pytest.approx(values[1])
    with (tmp_path / "s" / "sweep.csv").open() as file:
        assert [row["run"] for row in csv.DictReader(file)] == ["seed-13", "seed-14"]
    assert "| test macro F1 |" in (tmp_path / "s" / "sweep.md").read_text()
    network = (tmp_path / "s" / "seed-13" / "model.onnx").stat().st_mtime_ns
    (tmp_path / "s" / "seed-13.json").unlink()
    assert invoke(*command) == said
    assert (tmp_path / "s" / "seed-13" / "model.onnx").stat().st_mtime_ns == network
    assert "other data or settings" in refused(*command, "--set", "epochs=3")


def test_every_sentence_is_scored_by_a_network_that_has_not_seen_it(settings: Path, tmp_path: Path) -> None:
    out = tmp_path / "folds"
    command = ("cross-validate", "--config", settings, "--folds", 2, "--out", out, "--surprising", 10)
    longer = ("--set", "epochs=15", "--set", "batch-size=8")
    said = invoke(*command, *longer)
    records = [json.loads(line) for line in (out / "predictions.jsonl").read_text().splitlines()]
    assert sorted(record["id"] for record in records) == [f"t-{index:03}" for index in range(240)]
    table = json.loads((out / "cross-validation.json").read_text())
    assert set(table["runs"]) == {"fold-1", "fold-2"}
    pooled = table["pooled_macro_f1"]
    assert pooled["value"] > 0.5
    assert pooled["low"] <= pooled["value"] <= pooled["high"]
    listed = [json.loads(line) for line in (out / "surprising.jsonl").read_text().splitlines()]
    assert len(listed) == 10
    assert [item["loss"] for item in listed] == sorted((item["loss"] for item in listed), reverse=True)
    scores = {(r["id"], e["code"]): e["scores"] for r in records for e in r["entities"]}
    worst = listed[0]
    score = scores[worst["id"], worst["code"]][worst["label"]]
    assert worst["loss"] == pytest.approx(-np.log(score if worst["annotated"] else 1 - score), abs=0.01)
    assert not list(out.glob("*.checkpoints"))
    assert invoke(*command, *longer) == said


def test_a_curve_grows_and_is_drawn(settings: Path, tmp_path: Path) -> None:
    out = tmp_path / "curve"
    said = invoke("learning-curve", "--config", settings, "--out", out, "--shares", "0.1,1", "--set", "epochs=4")
    assert "share-0.1-seed-14" in said
    curve = json.loads((out / "learning-curve.json").read_text())
    assert [point["sentences"] for point in curve["points"]] == [19, 192, 19, 192]
    assert (out / "learning-curve.png").read_bytes().startswith(b"\x89PNG")
    assert "twice as many" in said
    assert curve["law"]["sentences"] == 192
    assert "--shares x" in refused("learning-curve", "--config", settings, "--out", out, "--shares", "x")
    assert "shares must lie" in refused("learning-curve", "--config", settings, "--out", out, "--shares", "2")


def test_a_search_goes_on_and_its_best_run_can_be_trained(settings: Path, tmp_path: Path) -> None:
    import optuna

    out = tmp_path / "tune"
    invoke("tune", "--config", settings, "--trials", 1, "--out", out)
    backend = optuna.storages.journal.JournalFileBackend(str(out / "study.journal"))
    study = optuna.load_study(study_name="tune", storage=optuna.storages.JournalStorage(backend))
    killed = study.ask({"epochs": optuna.distributions.IntDistribution(2, 10)})
    said = invoke("tune", "--config", settings, "--trials", 2, "--out", out)
    assert "trial-2" in said and "trial-0" not in said
    trials = json.loads((out / "tune.json").read_text())
    assert [trial["trial"] for trial in trials["trials"]] == [0, 2]
    assert trials["trials"][0]["epochs"] == 2, "the settings given come first"
    assert trials["trials"][1]["epochs"] == killed.params["epochs"]
    best = yaml.safe_load((out / "best.yaml").read_text())
    scores = {trial["trial"]: trial["dev average precision"] for trial in trials["trials"]}
    assert trials["best"] == max(scores, key=scores.__getitem__)
    epochs = next(trial["epochs"] for trial in trials["trials"] if trial["trial"] == trials["best"])
    assert best["epochs"] == epochs
    said = invoke("train", "--config", out / "best.yaml", "--out", tmp_path / "m", "--estimate")
    assert f"for {epochs} epochs" in said


def test_a_float_network_answers_as_its_logits_say(run: TrainingRun) -> None:
    from training.pipeline import model_config
    from training.prediction import predict

    sentences = read_sentences(run)
    prepared = prepare(run, sentences)
    logits = predict(prepared.network, prepared.data.dev, prepared.data.dev_collator)
    config = model_config(run, prepared, logits, {})
    classifier = FloatClassifier(prepared.network, prepared.rows, config)
    pairs = judged(classifier, sentences.dev)
    first = next(iter(pairs[0].predicted.scores.values()))
    from model.calibration import Calibrator

    expected = Calibrator(config.calibration, run.scheme.names)(logits.labels[:1])[0]
    np.testing.assert_allclose(first, expected, atol=1e-5)
