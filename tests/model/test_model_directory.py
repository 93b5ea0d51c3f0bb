"""Model directories: what is missing or damaged is named."""

from __future__ import annotations

import json
import os
import pickle
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest

import model
from model.classifier import StanceClassifier
from model.config import file_sha256
from model.errors import ModelError
from model.scheme import STANCES

DEFAULT = Path(model.__file__).parent / "default"


def _edit(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
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
    (_edit(lambda c: c.update(files={})), "names no hash"),
    (lambda d: (d / "config.json").write_text("[" * 100_000), "config.json: malformed"),
]

ABSURD: list[tuple[dict[str, Any], str]] = [
    ({"max_tokens": 10**12}, "max_tokens is no whole number from 8 to 65,536: 1000000000000"),
    ({"max_tokens": 0}, "max_tokens is no whole number"),
    ({"max_tokens": 256.5}, "max_tokens is no whole number"),
    ({"max_tokens": True}, "max_tokens is no whole number"),
    ({"pad_id": -1}, "pad_id is no whole number"),
    ({"name": ["a"]}, "name is no text"),
    ({"thresholds": dict.fromkeys(STANCES.names, float("nan"))}, "thresholds.support is no finite number: nan"),
    ({"thresholds": dict.fromkeys(STANCES.names, "0.5")}, "thresholds.support is no finite number"),
    ({"toward_thresholds": dict.fromkeys(STANCES.names, 7)}, "toward_thresholds.support is no probability: 7"),
    (
        {"calibration": {key: {"slope": float("inf")} for key in STANCES.names}},
        "calibration.support.slope is no finite",
    ),
    ({"calibration": {key: {"code": 1} for key in STANCES.names}}, "malformed"),
    ({"scheme": {"name": "none", "labels": []}}, "has no labels"),
    ({"files": {"../model.onnx": "0" * 64}}, "'../model.onnx' is no plain file name"),
    ({"files": {"/etc/passwd": "0" * 64}}, "'/etc/passwd' is no plain file name"),
    ({"files": {"..\\model.onnx": "0" * 64}}, "is no plain file name"),
    ({"files": {"..": "0" * 64}}, "is no plain file name"),
    ({"files": {"model.onnx": "0"}}, "is no SHA-256"),
    ({"files": {"model.onnx": None}}, "is no SHA-256"),
    ({"files": {"pytorch_model.bin": "0" * 64}}, "would run code when it is loaded"),
]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DEFAULT, tmp_path / "model"))


@pytest.mark.parametrize(("damage", "message"), DAMAGES, ids=[message for _, message in DAMAGES])
def test_a_damaged_directory_is_refused(directory: Path, damage: Callable[[Path], object], message: str) -> None:
    damage(directory)
    with pytest.raises(ModelError, match=message):
        StanceClassifier.from_pretrained(directory)


@pytest.mark.parametrize(("change", "message"), ABSURD, ids=[message for _, message in ABSURD])
def test_an_absurd_configuration_is_refused(directory: Path, change: dict[str, Any], message: str) -> None:
    _edit(lambda c: c.update(change))(directory)
    with pytest.raises(ModelError, match=re.escape(message)):
        StanceClassifier.from_pretrained(directory)


def test_a_scheme_that_lacks_a_label_of_the_network_is_refused(directory: Path) -> None:
    def drop(config: dict[str, Any]) -> None:
        config["scheme"]["labels"].pop()
        for key in ("thresholds", "toward_thresholds", "calibration", "toward_calibration"):
            config[key].pop("warning")

    _edit(drop)(directory)
    with pytest.raises(ModelError, match="names 3 labels, the network has 4"):
        StanceClassifier.from_pretrained(directory)


class _Bomb:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[[Path], object], tuple[Path]]:
        return Path.touch, (self.mark,)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "model.pkl"])
def test_a_pickle_in_place_of_the_weights_is_never_opened(directory: Path, tmp_path: Path, name: str) -> None:
    (directory / name).write_bytes(pickle.dumps(_Bomb(tmp_path / "mark")))
    (directory / "model.onnx").unlink()
    with pytest.raises(ModelError, match=rf"model.onnx: missing; {name} is never opened"):
        StanceClassifier.from_pretrained(directory)
    assert not (tmp_path / "mark").exists()


def test_a_pickle_under_the_name_of_the_network_is_no_network(directory: Path, tmp_path: Path) -> None:
    _exchange_network(directory, pickle.dumps(_Bomb(tmp_path / "mark")))
    with pytest.raises(ModelError, match="cannot load it"):
        StanceClassifier.from_pretrained(directory)
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize("name", ["config.json", "model.onnx", "tokenizer.json"])
def test_a_link_that_leads_out_of_the_directory_is_refused(directory: Path, tmp_path: Path, name: str) -> None:
    (directory / name).rename(tmp_path / name)
    (directory / name).symlink_to(Path("..") / name)
    with pytest.raises(ModelError, match=rf"{name}: is a link that leads out"):
        StanceClassifier.from_pretrained(directory)


@pytest.mark.parametrize("name", ["config.json", "model.onnx"])
def test_a_link_in_a_circle_is_missing(directory: Path, name: str) -> None:
    (directory / name).unlink()
    (directory / name).symlink_to(name)
    with pytest.raises(ModelError, match=rf"{name}: missing"):
        StanceClassifier.from_pretrained(directory)


def test_a_pipe_in_place_of_a_file_is_not_waited_for(directory: Path) -> None:
    (directory / "tokenizer.json").unlink()
    os.mkfifo(directory / "tokenizer.json")
    with pytest.raises(ModelError, match=r"tokenizer.json: missing"):
        StanceClassifier.from_pretrained(directory)


def test_links_within_the_directory_and_to_it_load(directory: Path, tmp_path: Path) -> None:
    (directory / "model.onnx").rename(directory / "weights-1")
    (directory / "model.onnx").symlink_to("weights-1")
    (tmp_path / "current").symlink_to(directory)
    assert StanceClassifier.from_pretrained(tmp_path / "current").info == StanceClassifier.from_pretrained().info


@pytest.mark.parametrize("location", ["../secret.bin", "/etc/hostname", "beside.bin"])
def test_a_network_with_data_in_other_files_is_refused(directory: Path, location: str) -> None:
    network = onnx.load(directory / "model.onnx")
    weights = network.graph.initializer[0]
    weights.ClearField("raw_data")
    weights.data_location = onnx.TensorProto.EXTERNAL
    weights.external_data.add(key="location", value=location)
    (directory / "beside.bin").write_bytes(bytes(1_000_000))
    _exchange_network(directory, network.SerializeToString())
    with pytest.raises(ModelError, match="refers to data in other files"):
        StanceClassifier.from_pretrained(directory)


def _exchange_network(directory: Path, network: bytes) -> None:
    """Put another network in place, with the right hash."""
    (directory / "model.onnx").write_bytes(network)
    digest = file_sha256(directory / "model.onnx")
    _edit(lambda c: c["files"].update({"model.onnx": digest}))(directory)


def test_a_network_that_is_none_is_refused_even_with_the_right_hash(directory: Path) -> None:
    _exchange_network(directory, b"no network")
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
    (repository / "blobs").mkdir()
    for path in list(snapshot.iterdir()):
        blob = repository / "blobs" / file_sha256(path)
        path.rename(blob)
        path.symlink_to(Path("../../blobs") / blob.name)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(snapshot.name)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.chdir(tmp_path)
    loaded = StanceClassifier.from_pretrained("someone/stances")
    assert loaded.directory == snapshot
    assert loaded.classify("Norway warned Iceland.").sentences
    (snapshot / "config.json").unlink()
    (repository.parent / "config.json").write_bytes((DEFAULT / "config.json").read_bytes())
    (snapshot / "config.json").symlink_to("../../../config.json")  # out of the repository
    with pytest.raises(ModelError, match="leads out"):
        StanceClassifier.from_pretrained("someone/stances")


def test_the_model_imports_neither_torch_nor_transformers() -> None:
    code = (
        "import sys, model.classifier as c; c.StanceClassifier.from_pretrained().classify('Norway warned Iceland.');"
        "print([m for m in ('torch', 'transformers', 'datasets', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
