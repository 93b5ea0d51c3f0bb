"""A base encoder may come from anybody: neither its code nor a pickle of it is run."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from model.errors import ModelError
from training.base import load_base, load_network


class _Bomb:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[[Path], object], tuple[Path]]:
        return Path.touch, (self.mark,)


def test_code_of_a_base_is_not_run(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    code = f"import pathlib\npathlib.Path({str(mark)!r}).touch()\nclass Own: pass\n"
    base = tmp_path / "base"
    base.mkdir()
    (base / "own.py").write_text(code)
    classes = {"AutoConfig": "own.Own", "AutoModel": "own.Own", "AutoTokenizer": ["own.Own", "own.Own"]}
    (base / "config.json").write_text(json.dumps({"model_type": "own", "auto_map": classes}))
    with pytest.raises(ModelError, match="cannot load the base encoder"):
        load_base(str(base))
    assert not mark.exists()


def test_code_named_by_kept_weights_is_not_run(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    (tmp_path / "own.py").write_text(f"import pathlib\npathlib.Path({str(mark)!r}).touch()\nclass Own: pass\n")
    settings = {"model_type": "bert", "hidden_size": 8, "num_attention_heads": 1, "auto_map": {"AutoModel": "own.Own"}}
    (tmp_path / "encoder.json").write_text(json.dumps(settings))
    with pytest.raises(ModelError, match="cannot go on from the model directory"):
        load_network(str(tmp_path), labels=4)
    assert not mark.exists()


def test_pickled_weights_of_a_base_are_not_opened(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    base = tmp_path / "base"
    base.mkdir()
    (base / "config.json").write_text(json.dumps({"model_type": "bert", "hidden_size": 8, "num_attention_heads": 1}))
    (base / "pytorch_model.bin").write_bytes(pickle.dumps(_Bomb(mark)))
    with pytest.raises(ModelError, match="cannot load the base encoder"):
        load_base(str(base))
    assert not mark.exists()
