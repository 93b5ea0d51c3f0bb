"""Model directories: what is missing or damaged is named."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import model
from model.classifier import StanceClassifier
from model.errors import ModelError

DEFAULT = Path(model.__file__).parent / "default"


def _edit(change: Callable[[dict[str, object]], object]) -> Callable[[Path], None]:
    def edit(directory: Path) -> None:
        path = directory / "config.json"
        data = json.loads(path.read_text())
        change(data)
        path.write_text(json.dumps(data))

    return edit


def _flip_a_byte(directory: Path) -> None:
    path = directory / "model.onnx"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


DAMAGES: list[tuple[Callable[[Path], object], str]] = [
    (shutil.rmtree, "no such model directory"),
    (lambda d: (d / "config.json").unlink(), "config.json: missing"),
    (lambda d: (d / "model.onnx").unlink(), "model.onnx: missing"),
    (lambda d: (d / "tokenizer.json").unlink(), "tokenizer.json: missing"),
    (_flip_a_byte, "damaged or exchanged"),
    (lambda d: (d / "model.onnx").write_bytes(b""), "damaged or exchanged"),
    (lambda d: (d / "config.json").write_text("{"), "config.json: malformed"),
    (lambda d: (d / "config.json").write_bytes(b"\xff\xfe"), "config.json: malformed"),
    (lambda d: (d / "config.json").write_text("[]"), "config.json: malformed"),
    (_edit(lambda c: c.update(format=99)), "this version reads 1"),
    (_edit(lambda c: c.pop("thresholds")), "config.json: malformed"),
    (_edit(lambda c: c.update(thresholds={"support": 0.5})), "does not name the labels"),
    (_edit(lambda c: c.update(files={"../model.onnx": "0"})), "names no hash"),
]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DEFAULT, tmp_path / "model"))


@pytest.mark.parametrize(("damage", "message"), DAMAGES, ids=[message for _, message in DAMAGES])
def test_a_damaged_directory_is_refused(directory: Path, damage: Callable[[Path], object], message: str) -> None:
    damage(directory)
    with pytest.raises(ModelError, match=message):
        StanceClassifier.from_pretrained(directory)


def test_a_network_that_is_none_is_refused_even_with_the_right_hash(directory: Path) -> None:
    from model.config import file_sha256

    (directory / "model.onnx").write_bytes(b"no network")
    digest = file_sha256(directory / "model.onnx")
    _edit(lambda c: c["files"].update({"model.onnx": digest}))(directory)  # type: ignore[attr-defined]
    with pytest.raises(ModelError, match="cannot load it"):
        StanceClassifier.from_pretrained(directory)


def test_a_copied_directory_loads_by_its_path(directory: Path) -> None:
    assert StanceClassifier.from_pretrained(str(directory)).info == StanceClassifier.from_pretrained().info


def test_a_hub_name_that_cannot_be_had_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match=r"someone/no-such-model: no such directory"):
        StanceClassifier.from_pretrained("someone/no-such-model")


def test_a_hub_name_loads_from_the_hub_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The real loading path of the hub client, on a cache laid out as it lays it out."""
    repository = tmp_path / "hub" / "models--someone--stances"
    snapshot = repository / "snapshots" / "0123456789abcdef0123456789abcdef01234567"
    shutil.copytree(DEFAULT, snapshot)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(snapshot.name)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.chdir(tmp_path)
    loaded = StanceClassifier.from_pretrained("someone/stances")
    assert loaded.directory == snapshot
    assert loaded.classify("Norway warned Iceland.").sentences


def test_the_model_imports_neither_torch_nor_transformers() -> None:
    code = (
        "import sys, model.classifier as c; c.StanceClassifier.from_pretrained().classify('Norway warned Iceland.');"
        "print([m for m in ('torch', 'transformers', 'datasets', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
