"""A training run as plain options, named as those of ``entity-stance train``: kept beside the model, and read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from training.reading.columns import Columns
from training.settings import TrainingConfig

if TYPE_CHECKING:
    from training.training_run import TrainingRun

RENAMED = {
    "teachers": "teacher",
    "calibration": "calibrate",
    "version": "model_version",
    "scheme_file": "scheme",
    "lora_rank": "lora",
}
"""Fields whose options are called otherwise."""
OF_RUN = (
    "data",
    "dev",
    "columns",
    "base",
    "scheme_file",
    "teachers",
    "teacher_share",
    "variants",
    "unlabelled",
    "calibration",
    "test",
    "notes",
    "name",
    "version",
    "max_tokens",
    "keep_weights",
)
OF_REPORTING = ("report_to", "callbacks", "save_steps")
OF_CONFIG = tuple(field.name for field in fields(TrainingConfig))


def options_of(run: TrainingRun) -> dict[str, Any]:
    """Return the options of a run, without ``out``, as plain data."""
    parts = ((run, OF_RUN), (run.config, OF_CONFIG), (run.reporting, OF_REPORTING))
    return {RENAMED.get(name, name): _plain(getattr(part, name)) for part, names in parts for name in names}


def run_of(options: Mapping[str, Any], base: TrainingRun) -> TrainingRun:
    """Return a run with options as `options_of` names them; what they leave open is taken from another run.

    Args:
        options: Values of the types that the run has, tuples also as lists; None leaves an option open.
        base: The other run.
    """
    given = {name: tuple(v) if isinstance(v, list) else v for name, v in options.items() if v is not None}
    own: dict[str, Any]
    config: dict[str, Any]
    reporting: dict[str, Any]
    own, config, reporting = (
        {name: given[key] for name in names if (key := RENAMED.get(name, name)) in given}
        for names in (OF_RUN, OF_CONFIG, OF_REPORTING)
    )
    return replace(base, **own, config=replace(base.config, **config), reporting=replace(base.reporting, **reporting))


def save_options(run: TrainingRun, path: Path) -> None:
    """Write the options of a run as YAML, as ``train --config`` reads it; those that are not set are left out."""
    options = {name: value for name, value in options_of(run).items() if value not in (None, [])}
    text = yaml.safe_dump(options, sort_keys=False, allow_unicode=True)
    path.write_text(f"# entity-stance train --config {path.name} --out DIR\n{text}", encoding="utf-8")


def _plain(value: Any) -> Any:
    if isinstance(value, Columns):
        return ",".join(f"{role}={name}" for role, name in value.given.items()) or None
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return str(value) if isinstance(value, Path | str) else value
