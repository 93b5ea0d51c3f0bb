"""The model card: what a model is, what it was made from, how to read it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from model.config import ModelConfig

if TYPE_CHECKING:
    from training.pipeline import TrainingResult, TrainingRun

CARD_FILE = "README.md"


def write_card(path: Path, config: ModelConfig, result: TrainingResult, run: TrainingRun) -> None:
    """Write the card of a freshly trained model."""
    path.write_text("\n".join(_lines(config, result, run)) + "\n", encoding="utf-8")


def label_threshold(config: ModelConfig, label: str) -> str:
    """Say from when on a label is taken."""
    return f"{config.thresholds[label]:.2f}" if config.scheme.multi_label else "the most probable"


def target_threshold(config: ModelConfig, label: str) -> str:
    """Say from when on a label is aimed at another entity."""
    return f"{config.toward_thresholds[label]:.2f}" if config.scheme.directed else "–"


def _lines(config: ModelConfig, result: TrainingResult, run: TrainingRun) -> list[str]:
    counts, parity = result.sentences, result.parity
    return [
        f"# {config.name} {config.version}",
        "",
        f"Says for every entity of a sentence which labels of the scheme `{config.scheme.name}` it takes"
        + (", and toward whom." if config.scheme.directed else "."),
        "The network reads a placeholder in place of every mention and never learns which country it is.",
        "",
        "| | |",
        "|---|---|",
        f"| Base encoder | `{config.base}` |",
        f"| Trained on | {counts['train']:,} sentences, the train split of the data below |",
        *_teaching(result, run),
        f"| Stopped by | {counts['dev']:,} dev sentences, mean average precision {result.dev_score:.3f} |",
        f"| Calibrated on | {counts['calibration']:,} sentences that were not trained on |",
        f"| Training time | {result.seconds:,.0f} s, {result.epochs:g} epochs |",
        f"| int8 against torch | logits differ by {parity.int8_mean:.2f} in the mean, {parity.int8_max:.2f} at most;"
        f" {parity.same_side:.1%} on the same side of zero |",
        "",
        "## Labels",
        "",
        "| label | meaning | threshold | threshold of a target |",
        "|---|---|---|---|",
        *(
            f"| {label.name} | {label.description} | {label_threshold(config, label.name)} |"
            f" {target_threshold(config, label.name)} |"
            for label in config.scheme.labels
        ),
        "",
        "## Data",
        "",
        *(f"- `{name}`: sha256 `{digest}`" for name, digest in result.data.items()),
        "",
        "Calibration and thresholds, never learned from:",
        "",
        *(f"- `{name}`: sha256 `{digest}`" for name, digest in result.calibration.items()),
        *([] if result.calibration else ["- the dev split of the data"]),
        "",
        "## Files",
        "",
        *(f"- `{name}`: sha256 `{digest}`" for name, digest in config.files.items()),
        "",
        "## Settings",
        "",
        *(f"- {name}: {value}" for name, value in asdict(run.config).items()),
    ]


def _teaching(result: TrainingResult, run: TrainingRun) -> list[str]:
    """Return the row on teachers, with the hash of what each knew."""
    if not result.teachers:
        return []
    names = ", ".join(f"`{name}` ({digest[:12]}…)" for name, digest in result.teachers.items())
    return [
        f"| Taught by | teacher {names}, whose word counts for {run.teacher_share:g} beside the annotation; alone on"
        f" {run.variants:,} variants of the sentences |"
    ]
