"""Passing models on: verification, the round trip over a hub, and versions in a folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hub_stand_in import TOKEN, Hub, hub
from typer.testing import CliRunner, Result

from model.classifier import StanceClassifier, default_directory
from model.errors import ModelError
from model.verification import verify
from service.cli.main import app

ROOT = Path(__file__).resolve().parents[2]
TEXT = "Russia denied that it planned to invade Ukraine. Norway warned Iceland."
ANSWER = """
import dataclasses, json, sys
from model.classifier import StanceClassifier
classifier = StanceClassifier.from_pretrained(sys.argv[1], revision=sys.argv[2] or None, threads=1)
result = dataclasses.asdict(classifier.classify(sys.argv[3]))
print(json.dumps({"directory": str(classifier.directory), "result": result}))
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A copy of the embedded model, with things beside it that must stay at home."""
    directory = tmp_path / "mine"
    shutil.copytree(default_directory(), directory, ignore=shutil.ignore_patterns("__pycache__", "*.py"))
    (directory / "checkpoints").mkdir()
    (directory / "checkpoints" / "private.txt").write_text("private")
    (directory / "training.json").write_text("{}")
    return directory


def run(*arguments: str | Path, code: int = 0) -> Result:
    result = CliRunner().invoke(app, list(map(str, arguments)), catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


def python(server: Hub, home: Path, *arguments: str, token: str = TOKEN) -> subprocess.CompletedProcess[str]:
    """Run Python with the stand-in for the hub, which the client reads from the environment when it is imported."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING"))}
    environment |= {
        "HF_ENDPOINT": server.url,
        "HF_HOME": str(home),
        "HF_TOKEN": token,
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "PYTHONPATH": str(ROOT),
    }
    return subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True, check=False)


def test_a_model_goes_to_the_hub_and_comes_back_the_same(model: Path, tmp_path: Path) -> None:
    with hub() as server:
        pushed = python(server, tmp_path / "one", "-m", "service.cli.main", "push", str(model), "me/mine", "--private")
        assert pushed.returncode == 0, pushed.stderr
        commit = server.repositories["me/mine"]["main"]
        assert f"{server.url}/me/mine/commit/{commit}" in pushed.stdout
        assert server.private["me/mine"] is True
        files = server.commits[commit]
        assert set(files) == {".gitattributes", "config.json", "model.onnx", "tokenizer.json", "README.md"}
        assert files["model.onnx"] == (model / "model.onnx").read_bytes()

        home = tmp_path / "other"
        back = python(server, home, "-c", ANSWER, "me/mine", commit, TEXT)
        assert back.returncode == 0, back.stderr
        answer = json.loads(back.stdout)
        assert Path(answer["directory"]) == home / "hub" / "models--me--mine" / "snapshots" / commit
        here = python(server, home, "-c", ANSWER, str(model), "", TEXT)
        assert answer["result"] == json.loads(here.stdout)["result"]
        assert answer["result"]["sentences"][0]["entities"]


def test_a_branch_is_made_and_a_stranger_is_refused(model: Path, tmp_path: Path) -> None:
    with hub() as server:
        arguments = ("-m", "service.cli.main", "push", str(model), "me/mine", "--revision", "v2")
        refused = python(server, tmp_path / "one", *arguments, token="hf_wrong")
        assert refused.returncode == 1
        assert refused.stderr.startswith("error: me/mine: the hub does not take the model: ")
        assert "Traceback" not in refused.stderr
        assert server.repositories == {}
        pushed = python(server, tmp_path / "one", *arguments)
        assert pushed.returncode == 0, pushed.stderr
        branches = server.repositories["me/mine"]
        assert set(server.commits[branches["main"]]) == {".gitattributes"}
        assert "model.onnx" in server.commits[branches["v2"]]


def test_a_damaged_model_is_not_pushed(model: Path) -> None:
    with (model / "model.onnx").open("ab") as file:
        file.write(b"\0")
    shown = run("push", model, "me/mine", code=1)
    assert "model.onnx: its SHA-256 is not the one in config.json" in shown.stderr


def test_verify_names_files_and_hashes(model: Path) -> None:
    shown = run("verify", model).stdout
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    assert all(f"{digest}  {name}" in shown for name, digest in config["files"].items())
    assert "2 files as they should be" in run("verify", "default").stdout


def test_verify_checks_kept_weights_too(model: Path) -> None:
    path = model / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config["files"]["model.safetensors"] = "0" * 64
    path.write_text(json.dumps(config), encoding="utf-8")
    assert "not there, and not needed to answer: model.safetensors" in run("verify", model).stdout
    (model / "model.safetensors").write_bytes(b"weights")
    StanceClassifier.from_pretrained(model, threads=1).close()  # It answers without them.
    assert "model.safetensors: its SHA-256" in run("verify", model, code=1).stderr


def test_verify_refuses_pickles_and_networks_that_do_not_fit(model: Path) -> None:
    (model / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(ModelError, match="would run code"):
        verify(model)
    (model / "pytorch_model.bin").unlink()
    path = model / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    for part in ("thresholds", "toward_thresholds", "calibration", "toward_calibration"):
        del config[part]["warning"]
    config["scheme"]["labels"] = [label for label in config["scheme"]["labels"] if label["name"] != "warning"]
    path.write_text(json.dumps(config), encoding="utf-8")
    assert "names 3 labels, the network has 4" in run("verify", model, code=1).stderr


def set_version(model: Path, name: str, version: str) -> None:
    path = model / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(config | {"name": name, "version": version}), encoding="utf-8")


def test_versions_stand_beside_each_other_and_one_is_current(model: Path, tmp_path: Path) -> None:
    store = tmp_path / "models"
    for version in ("0.1.0", "0.2.0"):
        set_version(model, "mine", version)
        assert run("models", "add", store, model).stdout == f"added {store / 'mine' / version}\n"
    assert "exists already" in run("models", "add", store, model, code=2).stderr
    assert sorted(path.name for path in (store / "mine").iterdir()) == ["0.1.0", "0.2.0", "current"]
    assert not (store / "mine" / "0.1.0" / "checkpoints").exists()
    assert run("models", "list", store).stdout == "* mine 0.1.0\n  mine 0.2.0\n"
    run("models", "use", store, "mine", "0.2.0")
    current = StanceClassifier.from_pretrained(store / "mine" / "current", threads=1)
    assert current.info.version == "0.2.0"
    current.close()
    (store / "mine" / "0.1.0" / "tokenizer.json").unlink()
    shown = run("models", "list", store, code=1).stdout
    assert "mine 0.1.0  " in shown
    assert "* mine 0.2.0\n" in shown
    assert "missing" in run("models", "use", store, "mine", "0.1.0", code=2).stderr
    assert run("models", "list", store, code=1).stdout == shown


@pytest.mark.parametrize("name", ["../mine", "current", ".mine", "a/b", ""])
def test_names_that_lead_elsewhere_are_refused(model: Path, tmp_path: Path, name: str) -> None:
    set_version(model, name, "1")
    assert "cannot be the name of a folder" in run("models", "add", tmp_path / "models", model, code=2).stderr
    assert not (tmp_path / "models").exists()
