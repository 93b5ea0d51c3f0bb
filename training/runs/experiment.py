"""One of many runs: trained in memory, measured, not exported; and what keeps many runs together in a folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from model.config import file_sha256
from model.scheme import LabelScheme
from training.checkpoints import write_whole
from training.corpus import corpus_files
from training.options import options_of
from training.pipeline import fit_prepared, model_config, prepare
from training.prediction import Logits, predict
from training.runs.scoring import FloatClassifier
from training.selection import exchanged_score
from training.training_run import Sentences, TrainingRun

SETTINGS_FILE = "settings.json"


@dataclass(frozen=True, slots=True)
class Trained:
    """A network that was trained to be measured.

    Attributes:
        classifier: The network with calibration and thresholds from the dev sentences.
        dev: What the network says of the dev sentences, beside gold.
        fitted: Best dev score, epochs and seconds.
    """

    classifier: FloatClassifier
    dev: Logits
    fitted: dict[str, float]


def train_in_memory(run: TrainingRun, sentences: Sentences, checkpoints: Path) -> Trained:
    """Train a network as `training.pipeline.train` does, without exporting it: its figures are those in float.

    Args:
        run: The settings; its data and ``out`` are not read.
        sentences: What to learn, to stop by and to calibrate on.
        checkpoints: Folder for checkpoints, from which a killed run goes on; the caller removes it.

    Raises:
        ModelError: the base encoder cannot be loaded.
        ValueError: a setting is not possible here.
    """
    run = replace(run, reporting=replace(run.reporting, quiet=True))
    prepared = prepare(run, sentences)
    fitted = fit_prepared(run, prepared, checkpoints)
    dev = predict(prepared.network, prepared.data.dev, prepared.data.dev_collator)
    config = model_config(run, prepared, dev, {})
    return Trained(FloatClassifier(prepared.network, prepared.rows, config), dev, fitted)


def dev_figures(logits: Logits, scheme: LabelScheme) -> dict[str, float | None]:
    """Return figures on dev data, each half scored with thresholds from the other one."""
    score = exchanged_score(logits, scheme)
    values = {
        "dev average precision": score.average_precision,
        "dev macro F1": score.macro_f1,
        "dev micro F1": score.micro_f1,
        "dev direction F1": score.direction_f1,
        "dev calibration error": score.calibration_error,
    }
    return {name: value if value == value else None for name, value in values.items()}  # noqa: PLR0124 - NaN


def claim(run: TrainingRun, what: Mapping[str, Any]) -> None:
    """Make the folder ``run.out`` for many runs, or go on in one that was made with the same settings.

    Args:
        run: What the runs share.
        what: What else must be the same.

    Raises:
        ValueError: the folder was made with other data or settings.
    """
    run.out.mkdir(parents=True, exist_ok=True)
    paths = (*run.data, *run.dev, *run.calibration)
    files = {str(file): file_sha256(file) for file in (corpus_files(paths) if paths else [])}
    apart = ("report_to", "callbacks", "save_steps", "threads")
    options = {name: value for name, value in options_of(run).items() if name not in apart}
    settings = json.loads(json.dumps({"options": options, "files": files, **what}))
    path = run.out / SETTINGS_FILE
    if path.exists() and json.loads(path.read_text(encoding="utf-8")) != settings:
        raise ValueError(f"{run.out} holds runs with other data or settings; remove it or choose another --out")
    write_whole(path, json.dumps(settings, indent=2, ensure_ascii=False))


def once(out: Path, name: str, make: Callable[[Path], dict[str, Any]]) -> dict[str, Any]:
    """Return the result of one of many runs: the kept one, or one that is made now and kept.

    Args:
        out: Folder of the runs.
        name: Name of this one; its result is kept in ``name.json``.
        make: Makes it, given a folder for checkpoints that is removed afterwards.
    """
    path, checkpoints = out / f"{name}.json", out / f"{name}.checkpoints"
    if not path.exists():
        write_whole(path, json.dumps(make(checkpoints), indent=2, ensure_ascii=False))
    shutil.rmtree(checkpoints, ignore_errors=True)
    result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return result
