"""The model card: what a model is, what it was made from, how to read it.

Its head is the YAML that the Hugging Face hub reads. Two sections stand between marks, so that they can be written anew
when there is a report (`training.report_card`): the figures, and how to cite.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from huggingface_hub import EvalResult, ModelCardData

from model.config import NETWORK_FILE, ModelConfig
from training.citation import bibtex

if TYPE_CHECKING:
    from training.training_run import TrainingResult, TrainingRun

CARD_FILE = "README.md"
TAGS = ("entity-stance", "stance-detection", "international-relations", "onnx")
_FRONT_MATTER = re.compile(r"\A---\n(.*?)\n---\n+", re.DOTALL)
_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the card between two marks, which do not show."""

    name: str

    def lines(self, lines: Sequence[str]) -> list[str]:
        """Return lines between the marks."""
        return [f"<!-- {self.name} -->", *lines, f"<!-- end of {self.name} -->"]

    def put(self, text: str, lines: Sequence[str], before: str | None = None) -> str:
        """Put lines into a card: in the place of the section, or where it has none before a heading, or at its end."""
        block = "\n".join(self.lines(lines))
        found = re.search(rf"<!-- {self.name} -->\n.*?<!-- end of {self.name} -->", text, re.DOTALL)
        if found:
            return f"{text[: found.start()]}{block}{text[found.end() :]}"
        heading = re.search(rf"^{re.escape(before)}$", text, re.MULTILINE) if before else None
        if heading:
            return f"{text[: heading.start()]}{block}\n\n{text[heading.start() :]}"
        return f"{text.rstrip()}\n\n{block}\n"


FIGURES, CITING = Section("figures"), Section("citing")


def write_card(path: Path, config: ModelConfig, result: TrainingResult, run: TrainingRun) -> None:
    """Write the card of a freshly trained model."""
    text = "\n".join(_lines(config, result, run)) + "\n"
    path.write_text(with_front_matter(text, config), encoding="utf-8")


def with_front_matter(
    text: str,
    config: ModelConfig,
    *,
    license: str | None = None,
    language: str | None = None,
    results: list[EvalResult] | None = None,
) -> str:
    """Return a card with the YAML head of the hub; what the head says besides is kept.

    Args:
        text: The card, with a head or without.
        config: The model's.
        license: License of the model; None leaves it open.
        language: Language of its texts; None leaves it open.
        results: Figures, which take the place of all that the head holds.

    Raises:
        ValueError: the head is no YAML.
    """
    found = _FRONT_MATTER.match(text)
    try:
        kept: Any = yaml.safe_load(found.group(1)) if found else {}
    except yaml.YAMLError as error:
        raise ValueError(f"{CARD_FILE}: its head is no YAML: {error}") from None
    kept = {key: value for key, value in (kept or {}).items() if results is None or key != "model-index"}
    new = {
        "model_name": config.name,
        "library_name": "entity-stance",
        "pipeline_tag": "text-classification",
        "tags": [*TAGS, *(tag for tag in kept.get("tags", []) if tag not in TAGS)],
        "base_model": config.base if _HUB_NAME.fullmatch(config.base) and not Path(config.base).exists() else None,
        "license": license,
        "language": language,
        "eval_results": results,
    }
    data = ModelCardData(**(kept | {key: value for key, value in new.items() if value is not None}))
    return f"---\n{data.to_yaml()}\n---\n\n{text[found.end() :] if found else text}"


def plain_card(config: ModelConfig) -> str:
    """Return what can be said of a model whose card is missing."""
    return "\n".join([*_title(config), "", *_labels(config), "", *_files(config), ""])


def citing_lines(config: ModelConfig) -> list[str]:
    """Return the section on how to cite a model."""
    return ["## To cite", "", "```bibtex", bibtex(config.name, config.version, config.files[NETWORK_FILE]), "```"]


def label_threshold(config: ModelConfig, label: str) -> str:
    """Say from when on a label is taken."""
    return f"{config.thresholds[label]:.2f}" if config.scheme.multi_label else "the most probable"


def target_threshold(config: ModelConfig, label: str) -> str:
    """Say from when on a label is aimed at another entity."""
    return f"{config.toward_thresholds[label]:.2f}" if config.scheme.directed else "–"


def _lines(config: ModelConfig, result: TrainingResult, run: TrainingRun) -> list[str]:
    counts, parity = result.sentences, result.parity
    return [
        *_title(config),
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
        *_labels(config),
        "",
        *FIGURES.lines(
            [
                "## Figures",
                "",
                "Not measured yet: `entity-stance evaluate`, then `entity-stance card` writes them here.",
            ]
        ),
        "",
        "## Limits",
        "",
        "What one sentence says, in the language and the kind of text of the data below; elsewhere it is untried. No",
        "single answer is evidence: read the sentence. Thresholds suit text in which labels are as frequent as in the",
        "data of calibration; `entity-stance calibrate` fits others.",
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
        *_files(config),
        "",
        "## Settings",
        "",
        *(f"- {name}: {value}" for name, value in asdict(run.config).items()),
        "",
        *CITING.lines(citing_lines(config)),
    ]


def _title(config: ModelConfig) -> list[str]:
    return [
        f"# {config.name} {config.version}",
        "",
        f"Says for every entity of a sentence which labels of the scheme `{config.scheme.name}` it takes"
        + (", and toward whom." if config.scheme.directed else "."),
        "The network reads a placeholder in place of every mention and never learns which country it is.",
    ]


def _labels(config: ModelConfig) -> list[str]:
    return [
        "## Labels",
        "",
        "| label | meaning | threshold | threshold of a target |",
        "|---|---|---|---|",
        *(
            f"| {label.name} | {label.description} | {label_threshold(config, label.name)} |"
            f" {target_threshold(config, label.name)} |"
            for label in config.scheme.labels
        ),
    ]


def _files(config: ModelConfig) -> list[str]:
    return ["## Files", "", *(f"- `{name}`: sha256 `{digest}`" for name, digest in config.files.items())]


def _teaching(result: TrainingResult, run: TrainingRun) -> list[str]:
    """Return the row on teachers, with the hash of what each knew."""
    if not result.teachers:
        return []
    names = ", ".join(f"`{name}` ({digest[:12]}…)" for name, digest in result.teachers.items())
    alone = [
        f"{count:,} {what}"
        for count, what in (
            (run.variants, "variants of the sentences"),
            (result.sentences.get("unlabelled", 0), "sentences of texts without annotation"),
        )
        if count
    ]
    return [
        f"| Taught by | teacher {names}, whose word counts for {run.teacher_share:g} beside the annotation"
        f"{'; alone on ' if alone else ''}{' and '.join(alone)} |"
    ]
