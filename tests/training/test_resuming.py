"""A run that is killed at any moment ends as if it had not been."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import sys
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from training.checkpoints import clean, last_checkpoint, read_state, seal
from training.pipeline import CHECKPOINTS, train
from training.settings import Reporting, TrainingConfig
from training.training_run import TrainingRun

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")

IN_TRAINING = 18
"""Kills while the network learns; two more follow in the export, which takes longer."""
WRITES = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree"}
"""Audit events of the interpreter at which something of a run changes on the disk."""


@dataclass(frozen=True)
class Kill:
    """When a run kills itself: so many seconds after so many changes on the disk below a folder."""

    changes: int
    delay: float = 0.0
    folder: str = CHECKPOINTS


def trained(run: TrainingRun, kill: Kill | None) -> None:
    """Train, and kill this process at the moment given, at the latest at the first change below another folder."""
    changes = 0

    def strike(delay: float) -> None:
        time.sleep(delay)
        os.kill(os.getpid(), signal.SIGKILL)

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal changes
        if kill is None or event not in WRITES or not str(arguments[0]).startswith(str(run.out)):
            return
        if event == "open" and not int(str(arguments[2])) & (os.O_WRONLY | os.O_RDWR):
            return
        folder = Path(str(arguments[0])).relative_to(run.out).parts[:1]
        if folder == ("building",) and kill.folder != "building":
            strike(0)
        changes += folder == (kill.folder,)
        if changes == kill.changes:
            threading.Thread(target=strike, args=(kill.delay,), daemon=True).start() if kill.delay else strike(0)

    sys.addaudithook(hook)
    train(run)


def outcome(run: TrainingRun, kill: Kill | None = None) -> int:
    """Train in a process of its own, and return how that ended."""
    process = multiprocessing.get_context("fork").Process(target=trained, args=(run, kill))
    process.start()
    process.join(300)
    assert process.exitcode is not None
    return process.exitcode


@pytest.mark.filterwarnings("ignore:.*fork.*")
def test_a_run_that_is_killed_twenty_times_ends_with_the_same_weights(
    tiny_corpus: Path, tiny_bert: Path, tmp_path: Path
) -> None:
    straight = TrainingRun(
        data=(tiny_corpus,),
        out=tmp_path / "straight",
        base=str(tiny_bert),
        config=TrainingConfig(epochs=3, patience=2, encoder_rate=3e-3, bf16=False, threads=1),
        reporting=Reporting(save_steps=3, quiet=True),
        keep_weights=True,
    )
    assert outcome(straight) == 0
    chance = random.Random(5)
    # Every other time between two changes: in the middle of a file, or of a step.
    kills = [Kill(chance.randint(3, 24), chance.choice([0.0, chance.uniform(0, 0.05)])) for _ in range(IN_TRAINING)]
    killed, seen = replace(straight, out=tmp_path / "killed"), set()
    for kill in [*kills, Kill(2, folder="building"), Kill(9, folder="building")]:
        assert outcome(killed, kill) == -signal.SIGKILL
        seen.update(path.name.split("-")[0] for path in killed.out.rglob("*"))
        assert not (killed.out / "config.json").exists()
    assert {"checkpoint", "partial", "building", "README.md"} <= seen
    assert outcome(killed) == 0
    assert_same_model(killed.out, straight.out)
    assert not (killed.out / CHECKPOINTS).exists()


@pytest.mark.filterwarnings("ignore:.*fork.*")
def test_so_does_one_with_adapters_accumulation_and_class_weights(
    tiny_corpus: Path, tiny_bert: Path, tmp_path: Path
) -> None:
    config = TrainingConfig(
        epochs=2, accumulate=2, lora_rank=4, class_weights="balanced", encoder_rate=3e-3, bf16=False, threads=1
    )
    straight = TrainingRun(
        data=(tiny_corpus,),
        out=tmp_path / "straight",
        base=str(tiny_bert),
        config=config,
        reporting=Reporting(save_steps=2, quiet=True),
        keep_weights=True,
    )
    assert outcome(straight) == 0
    killed = replace(straight, out=tmp_path / "killed")
    for kill in (Kill(12), Kill(17, delay=0.02)):
        assert outcome(killed, kill) == -signal.SIGKILL
        assert list((killed.out / CHECKPOINTS).glob("*-*"))
    assert outcome(killed) == 0
    assert_same_model(killed.out, straight.out)


def assert_same_model(one: Path, other: Path) -> None:
    for name in ("model.safetensors", "model.onnx", "config.json"):
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


def checkpoint(root: Path, step: int, best: int) -> Path:
    """Seal a checkpoint that says which one was the best so far."""
    partial = root / f"partial-{step}"
    partial.mkdir(parents=True)
    (partial / "trainer_state.json").write_text(json.dumps({"global_step": step, "best_global_step": best}))
    (partial / "model.safetensors").write_bytes(bytes(1000))
    seal(partial, root / f"checkpoint-{step}")
    return root / f"checkpoint-{step}"


@pytest.mark.parametrize("damage", ["cut", "changed", "missing", "unsealed"])
def test_a_damaged_checkpoint_does_not_count(tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: str) -> None:
    whole, broken = checkpoint(tmp_path, 9, 9), checkpoint(tmp_path, 12, 9)
    assert last_checkpoint(tmp_path) == broken
    weights = broken / "model.safetensors"
    if damage == "cut":
        weights.write_bytes(bytes(999))
    elif damage == "changed":
        weights.write_bytes(bytes(999) + b"1")
    elif damage == "missing":
        weights.unlink()
    else:
        (broken / "sealed.json").unlink()
    clean(tmp_path)
    assert last_checkpoint(tmp_path) == whole
    assert read_state(whole)["global_step"] == 9
    assert "checkpoint-12: it is incomplete or damaged" in caplog.text


def test_a_checkpoint_whose_best_one_is_gone_does_not_count(tmp_path: Path) -> None:
    checkpoint(tmp_path, 12, 9)
    assert last_checkpoint(tmp_path) is None
