"""The figures of an evaluation report in a model's card."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import EvalResult

from model.config import NETWORK_FILE, ModelConfig
from training.card import CARD_FILE, CITING, FIGURES, citing_lines, plain_card, with_front_matter
from training.evaluation.bootstrap import Estimate
from training.evaluation.rendering import escape_markdown, format_estimate, format_number, format_share
from training.evaluation.report import SCHEMA

TASK = "text-classification"


@dataclass(frozen=True, slots=True)
class CardOptions:
    """What a report does not say.

    Attributes:
        data_name: What to call the data; None for the names of their files.
        license: License of the model, as the hub names it.
        language: Language of the texts, as ISO 639-1.
    """

    data_name: str | None = None
    license: str = "apache-2.0"
    language: str = "en"


def update_card(directory: Path, report: Path, options: CardOptions) -> Path:
    """Write the figures of a report into a model's card, and return its path.

    Raises:
        ModelError: the model is incomplete or damaged.
        ValueError: the folder holds no report, or one of another model.
    """
    config = ModelConfig.load(directory)
    data = _read_report(report)
    if data["model"]["sha256"] != config.files[NETWORK_FILE]:
        raise ValueError(f"{report}: is a report of another model, {data['model']['name']} {data['model']['version']}")
    path = directory / CARD_FILE
    text = path.read_text(encoding="utf-8") if path.is_file() else plain_card(config)
    text = FIGURES.put(text, _figure_lines(data, options), before="## Data")
    text = CITING.put(text, citing_lines(config))
    text = with_front_matter(
        text, config, license=options.license, language=options.language, results=list(_results(data, options))
    )
    path.write_text(text, encoding="utf-8")
    return path


def _read_report(folder: Path) -> dict[str, Any]:
    path = folder / "report.json"
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise ValueError(f"{path}: not JSON: {error}") from None
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise ValueError(f"{path}: is no evaluation report")
    return data


def _data_name(data: Mapping[str, Any], options: CardOptions) -> str:
    return options.data_name or ", ".join(Path(file["path"]).name for file in data["data"]["files"])


def _metrics(setting: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the metrics of a setting that are defined for its scheme, by name."""
    model = setting["model"]
    yield "macro F1", model["macro_f1"]
    yield "micro F1", model["micro"]["f1"]
    for label, figures in model["labels"].items():
        yield f"{label} F1", figures["f1"]
    if model["direction"]:
        yield "direction F1", model["direction"]["f1"]
    if model["found_entities"]:
        yield "entity F1", model["found_entities"]["f1"]


def _settings(data: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the settings that a report has, by what they are called."""
    found = {"end to end": data["end_to_end"]} if data["end_to_end"] else {}
    return {**found, "entities given": data["gold_entities"]}


def _results(data: Mapping[str, Any], options: CardOptions) -> Iterator[EvalResult]:
    for how, setting in _settings(data).items():
        for name, estimate in _metrics(setting):
            if estimate["value"] is not None:
                yield EvalResult(
                    task_type=TASK,
                    task_name="Stance of entities",
                    dataset_type="annotated-sentences",
                    dataset_name=_data_name(data, options),
                    dataset_split=data["data"]["split"],
                    metric_type="f1",
                    metric_name=f"{name}, {how}",
                    metric_value=round(estimate["value"], 4),
                )


def _figure_lines(data: Mapping[str, Any], options: CardOptions) -> list[str]:
    settings = _settings(data)
    about, run, swap = data["data"], data["run"], data.get("swap")
    split = f", split {about['split']}" if about["split"] else ""
    columns = [dict(_metrics(setting)) for setting in settings.values()]
    rows = [(name, *(_estimate(column.get(name)) for column in columns)) for name in columns[0]]
    rows.append(("calibration error", *(format_number(one["reliability"]["error"]) for one in settings.values())))
    if swap and swap["swapped"]:
        shares = format_share(swap["end_to_end"]), format_share(swap["network"])
        rows.append(("same answer after swapping countries", *shares))
    others = [{**setting.get("others", {}), **setting["baselines"]} for setting in settings.values()]
    heads = ["end to end from raw text" if name == "end to end" else name for name in settings]
    head = [f"| | {' | '.join(heads)} |", "|---|" + "---|" * len(heads)]
    return [
        "## Figures",
        "",
        f"On {escape_markdown(_data_name(data, options))}: {about['sentences']:,} sentences, {about['entities']:,}"
        f" entities{escape_markdown(split)}; in brackets, 95% bootstrap intervals over sentences.",
        "",
        *head,
        *(f"| {escape_markdown(name)} | {' | '.join(values)} |" for name, *values in rows),
        "",
        "Others on the same sentences, macro F1:",
        "",
        *head,
        *(
            f"| {escape_markdown(name)} | {' | '.join(_estimate(column[name]['macro_f1']) for column in others)} |"
            for name in others[0]
        ),
        "",
        *(f"- `{Path(file['path']).name}`: sha256 `{file['sha256']}`" for file in about["files"]),
        "",
        f"Measured {run['created'][:10]} by entity-stance {run['package_version']}:",
        "",
        "```sh",
        run["command"],
        "```",
    ]


def _estimate(value: Mapping[str, Any] | None) -> str:
    return format_estimate(None if value is None else Estimate(value["value"], value["low"], value["high"]))
