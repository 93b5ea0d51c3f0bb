"""Checkpoints that are whole or do not count: written under another name, sealed with hashes, then renamed."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from transformers.trainer import TRAINER_STATE_NAME

from model.config import file_sha256

SEAL = "sealed.json"
"""Names every file of a checkpoint with its SHA-256; written last."""
PREFIX = "checkpoint-"
PARTIAL = "partial-"

_log = logging.getLogger(__name__)


def checkpoint_folder(root: Path, step: int) -> Path:
    """Return where the checkpoint of a step lies."""
    return root / f"{PREFIX}{step}"


def partial_folder(root: Path, step: int) -> Path:
    """Return where the checkpoint of a step is written, before it counts."""
    return root / f"{PARTIAL}{step}"


def seal(partial: Path, folder: Path) -> None:
    """Turn a folder with all files of a checkpoint into a checkpoint, at one stroke.

    Args:
        partial: The folder as it was written.
        folder: Where it shall lie.
    """
    hashes = {path.name: file_sha256(path) for path in sorted(partial.iterdir()) if path.name != SEAL}
    (partial / SEAL).write_text(json.dumps(hashes, indent=2), encoding="utf-8")
    for path in partial.iterdir():
        _to_disk(path)
    _to_disk(partial)
    if folder.exists():
        shutil.rmtree(folder)
    partial.rename(folder)
    _to_disk(folder.parent)


def prune(root: Path, best_step: int | None) -> None:
    """Remove all checkpoints but the last, the one before it and the best."""
    steps = [step for step, _ in _checkpoints(root)]
    for step, folder in _checkpoints(root):
        if step not in steps[:2] and step != best_step:
            shutil.rmtree(folder)


def clean(root: Path) -> None:
    """Remove what a killed run left unfinished or damaged, with a note on what was damaged."""
    for path in root.glob(f"{PARTIAL}*"):
        shutil.rmtree(path)
    for _, folder in _checkpoints(root):
        if not _is_whole(folder):
            _log.warning("ignored %s: it is incomplete or damaged", folder)
            shutil.rmtree(folder)


def last_checkpoint(root: Path) -> Path | None:
    """Return the newest checkpoint to go on from; the best one so far must be there too, for the end of the run.

    Call `clean` before.
    """
    for _, folder in _checkpoints(root):
        best = read_state(folder).get("best_global_step")
        if not best or checkpoint_folder(root, best).is_dir():
            return folder
        _log.warning("ignored %s: the best checkpoint before it is missing", folder)
    return None


def read_state(folder: Path) -> dict[str, Any]:
    """Return what the trainer noted in a checkpoint."""
    state: dict[str, Any] = json.loads((folder / TRAINER_STATE_NAME).read_text(encoding="utf-8"))
    return state


def is_finished(state: dict[str, Any]) -> bool:
    """Say whether training was over with a checkpoint: by early stopping, or because no step was left."""
    control = state["stateful_callbacks"].get("TrainerControl", {}).get("args", {})
    return bool(control.get("should_training_stop")) or int(state["global_step"]) >= int(state["max_steps"])


def write_whole(path: Path, text: str) -> None:
    """Write a small file so that it is there whole or not at all."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def _checkpoints(root: Path) -> Iterator[tuple[int, Path]]:
    """Yield steps and folders, the newest first."""
    found = [(int(match[1]), path) for path in root.glob(f"{PREFIX}*") if (match := re.search(r"-(\d+)$", path.name))]
    return iter(sorted(found, reverse=True))


def _is_whole(folder: Path) -> bool:
    try:
        hashes = json.loads((folder / SEAL).read_text(encoding="utf-8"))
        return all(file_sha256(folder / name) == digest for name, digest in hashes.items())
    except (OSError, ValueError, AttributeError):
        return False


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
