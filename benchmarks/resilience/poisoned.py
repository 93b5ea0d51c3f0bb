"""A model that fails on one word."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from model.classifier import default_directory
from model.config import CONFIG_FILE, TOKENIZER_FILE, file_sha256

POISON = "zzpoison"


def poisoned_model(directory: Path) -> Path:
    """Copy the embedded model, with a word whose token id no embedding table holds: the runtime fails on it."""
    shutil.copytree(default_directory(), directory)
    tokenizer = json.loads((directory / TOKENIZER_FILE).read_text(encoding="utf-8"))
    tokenizer["model"]["vocab"][POISON] = 1_000_000
    (directory / TOKENIZER_FILE).write_text(json.dumps(tokenizer), encoding="utf-8")
    _rehash(directory, TOKENIZER_FILE)
    return directory


def _rehash(directory: Path, name: str) -> None:
    """Enter a changed file's hash in the configuration."""
    config = json.loads((directory / CONFIG_FILE).read_text(encoding="utf-8"))
    config["files"][name] = file_sha256(directory / name)
    (directory / CONFIG_FILE).write_text(json.dumps(config), encoding="utf-8")
