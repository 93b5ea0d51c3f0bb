"""Figures of several runs: their mean with an interval, as Markdown, JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from training.checkpoints import write_whole
from training.evaluation.learning_curve import mean_interval
from training.runs.scoring import Figures


@dataclass(frozen=True, slots=True)
class Mean:
    """The mean of a metric over runs.

    Attributes:
        count: Runs for which it is defined.
        mean: Their mean; None if there are none.
        deviation: Standard deviation between runs; None for fewer than two.
        low: Lower end of the 95% interval of the mean, by Student's t; None for fewer than two runs.
        high: Upper end.
    """

    count: int
    mean: float | None
    deviation: float | None = None
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        """Return the mean with its interval."""
        if self.mean is None:
            return "undefined"
        if self.low is None or self.high is None:
            return f"{self.mean:.3f}"
        return f"{self.mean:.3f} ({self.low:.3f} to {self.high:.3f})"


def mean_of(values: Sequence[float | None]) -> Mean:
    """Return the mean of the defined values, with Student's t-interval."""
    defined = np.array([value for value in values if value is not None], float)
    if not defined.size:
        return Mean(0, None)
    found = mean_interval(defined.tolist())
    deviation = float(defined.std(ddof=1)) if len(defined) > 1 else None
    return Mean(len(defined), found.value, deviation, found.low, found.high)


def summarise(runs: Mapping[str, Figures]) -> dict[str, Mean]:
    """Return the mean of every metric over runs, by the name of the metric."""
    metrics = dict.fromkeys(metric for figures in runs.values() for metric in figures)
    return {metric: mean_of([figures.get(metric) for figures in runs.values()]) for metric in metrics}


def write_tables(out: Path, name: str, runs: Mapping[str, Figures], **more: Any) -> dict[str, Mean]:
    """Write ``name.md``, ``name.json`` and ``name.csv``.

    Args:
        out: The folder.
        name: Name of the files.
        runs: Figures of each run, by its name.
        more: What else the JSON file holds.

    Returns:
        The mean of every metric.
    """
    summary = summarise(runs)
    data = {"summary": {metric: asdict(mean) for metric, mean in summary.items()}, "runs": runs, **more}
    write_whole(out / f"{name}.json", json.dumps(data, indent=2, ensure_ascii=False) + "\n")
    write_whole(out / f"{name}.md", markdown(runs, summary))
    with io.StringIO() as text:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["run", *summary])
        writer.writerows([run, *(figures.get(metric) for metric in summary)] for run, figures in runs.items())
        write_whole(out / f"{name}.csv", text.getvalue())
    return summary


def markdown(runs: Mapping[str, Figures], summary: Mapping[str, Mean]) -> str:
    """Return a table with a row a metric: the mean with its interval, then every run."""
    head = ["metric", "mean (95% interval)", *runs]
    rows = [
        [metric, str(mean), *(_cell(figures.get(metric)) for figures in runs.values())]
        for metric, mean in summary.items()
    ]
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cell(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}"
