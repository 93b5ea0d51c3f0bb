"""A learning curve: what a metric came to after training on so many sentences, over several seeds."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import t

from model.errors import CorpusError
from training.evaluation.bootstrap import LEVEL, Estimate

OTHER_KEYS = frozenset({"sentences", "seed", "share"})


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """A metric after training on so many sentences.

    Attributes:
        metric: Its name.
        sentences: Number of training sentences.
        seeds: Number of runs.
        value: Their mean, with its 95% t-interval where there are several runs.
    """

    metric: str
    sentences: int
    seeds: int
    value: Estimate


def read_learning_curve(path: Path) -> tuple[CurvePoint, ...]:
    """Read a list of runs, or an object whose ``points`` are one and whose ``metric``, if it has one, is shown alone.

    A run has ``sentences``, ``seed`` and one or more metrics by name: every other number, or those of ``figures``.

    Raises:
        CorpusError: the file cannot be read, or a run lacks a field.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CorpusError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise CorpusError(f"{path}: not JSON: {error}") from None
    runs, only = (data.get("points"), data.get("metric")) if isinstance(data, dict) else (data, None)
    if not isinstance(runs, list) or not runs:
        raise CorpusError(f"{path}: holds no list of runs")
    values: dict[tuple[str, int], list[float]] = defaultdict(list)
    for number, run in enumerate(runs, 1):
        for metric, value in _metrics(path, number, run, only).items():
            values[metric, run["sentences"]].append(value)
    return tuple(
        CurvePoint(metric, sentences, len(found), mean_interval(found))
        for (metric, sentences), found in sorted(values.items())
    )


def mean_interval(values: Sequence[float]) -> Estimate:
    """Return the mean of several runs with its t-interval; a single run has none."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return Estimate(mean)
    reach = float(t.ppf((1 + LEVEL) / 2, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values)))
    return Estimate(mean, mean - reach, mean + reach)


def _metrics(path: Path, number: int, run: Any, only: Any) -> dict[str, float]:
    if not isinstance(run, dict) or type(run.get("sentences")) is not int or run["sentences"] < 1:
        raise CorpusError(f"{path}: run {number}: 'sentences' is no whole number above 0")
    figures = run.get("figures", {key: value for key, value in run.items() if key not in OTHER_KEYS})
    if not isinstance(figures, dict):
        raise CorpusError(f"{path}: run {number}: 'figures' is no object")
    found = {
        str(name): float(value)
        for name, value in figures.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and only in (None, name)
    }
    if not found:
        raise CorpusError(f"{path}: run {number}: no metric{f' {only!r}' if only else ''}")
    return found
