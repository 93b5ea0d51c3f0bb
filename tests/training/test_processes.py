"""Several processes share a run and come to what one would have come to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import torch
from safetensors.torch import load_file
from typer.testing import CliRunner

from model.classifier import StanceClassifier
from service.cli.main import app

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")

SECONDS = 300
ROUNDING = 1e-5
"""How far weights may lie apart when the same sums are taken in another order; a step moves them by up to 3e-3."""


@pytest.fixture(scope="module")
def settings(tiny_corpus: Path, tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two epochs of six steps each, the last of which has fewer rows than the others and an odd number."""
    path = tmp_path_factory.mktemp("settings") / "run.yaml"
    path.write_text(
        f"data: [{tiny_corpus}]\nbase: {tiny_bert}\nepochs: 2\nencoder_rate: 3e-3\nhead_rate: 3e-3\nbf16: false\n"
        "batch_size: 20\naccumulate: 2\nthreads: 1\nencoder_dropout: 0\n"
        "keep_weights: true\nsave_steps: 2\ndevice: cpu\n"
    )
    return path


def shared_command(settings: Path, out: Path) -> list[str]:
    """Return the command that trains with two processes, without dropout."""
    launch = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone"]
    return [*launch, "-m", "without_chance", "train", "--config", str(settings), "--out", str(out)]


def environment() -> dict[str, str]:
    paths = [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", str(Path(__file__).parents[2]))]
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="module")
def shared(settings: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two processes came to that were killed in the middle of the first epoch, and started again."""
    out = tmp_path_factory.mktemp("shared") / "model"
    command = shared_command(settings, out)
    with subprocess.Popen(command, env=environment(), stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + SECONDS
        while not list(out.glob("checkpoints/checkpoint-2")):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.005)
        for member in [*psutil.Process(process.pid).children(recursive=True), process]:
            os.kill(member.pid, signal.SIGKILL)
    assert not (out / "config.json").exists()
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False, env=environment())
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("wrote ") == 1
    return out


def distance(one: Path, other: Path) -> float:
    """Return how far the weights of two models lie apart at most."""
    left, right = load_file(one / "model.safetensors"), load_file(other / "model.safetensors")
    assert left.keys() == right.keys()
    return max(float(torch.abs(left[name].float() - right[name].float()).max()) for name in left)


@pytest.mark.parametrize(("batch_size", "accumulate"), [(20, 2), (40, 1)], ids=["accumulated", "at once"])
def test_two_processes_come_to_the_weights_of_one(
    settings: Path, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch_size: int, accumulate: int
) -> None:
    monkeypatch.setattr("torch.nn.Dropout.forward", lambda _, given: given)
    sizes = ["--batch-size", str(batch_size), "--accumulate", str(accumulate)]
    done = CliRunner().invoke(app, ["train", "--config", str(settings), "--out", str(tmp_path / "one"), *sizes])
    assert done.exit_code == 0, done.output
    assert distance(shared, tmp_path / "one") < ROUNDING


def test_what_two_processes_write_is_a_model_like_any_other(shared: Path) -> None:
    assert "torch.distributed.run" not in (shared / "run.yaml").read_text()
    assert StanceClassifier.from_pretrained(shared).classify("Norway warned Chile.").sentences
