"""The report's pictures, as PNG files in memory."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.evaluation.bootstrap import Estimate
from training.evaluation.learning_curve import CurvePoint
from training.evaluation.metrics import NONE, Metrics
from training.evaluation.records import FloatArray
from training.evaluation.reliability import Reliability
from training.evaluation.slices import SliceMetrics

DOTS_PER_INCH = 144
COLOURS = ("#1f5f8b", "#b0b7bd", "#e0a458", "#7a9e7e", "#a05195", "#5fa8d3", "#c8553d", "#6b705c")
GRID = "#d9dee2"
LEGEND_COLUMNS = 4
PANELS = 5
"""Reliability diagrams beside each other."""


def f1_figure(systems: Mapping[str, Metrics], labels: Sequence[str]) -> bytes:
    """Draw each system's F1 of every label and their mean as bars with intervals."""
    figure = Figure(figsize=(max(8.5, 0.16 * len(systems) * (len(labels) + 1)), 3.8))
    axes = figure.subplots()
    width = 0.8 / len(systems)
    places = np.arange(len(labels) + 1)
    for number, (name, metrics) in enumerate(systems.items()):
        estimates = [*(metrics.labels[label].f1 for label in labels), metrics.macro_f1]
        offset = (number - (len(systems) - 1) / 2) * width
        axes.bar(
            places + offset,
            [estimate.value or 0.0 for estimate in estimates],
            width * 0.92,
            yerr=_error_bars(estimates),
            color=COLOURS[number % len(COLOURS)],
            error_kw={"elinewidth": 1, "capsize": 2, "ecolor": "#333"},
            label=name,
        )
    gold = next(iter(systems.values())).labels
    axes.set_xticks(places, [*(f"{label}\n(n = {gold[label].gold})" for label in labels), "macro"])
    axes.set_ylim(0, 1)
    axes.set_ylabel("F1")
    _clean(axes, "y")
    axes.legend(
        loc="upper center",
        bbox_to_anchor=(0.5, 1.09 + 0.07 * -(-len(systems) // LEGEND_COLUMNS)),
        ncols=min(len(systems), LEGEND_COLUMNS),
        frameon=False,
    )
    return _png(figure)


def reliability_figure(overall: Reliability, by_label: Mapping[str, Reliability]) -> bytes:
    """Draw one reliability diagram for all labels and one for each."""
    panels = {"all": overall, **by_label}
    columns, rows = min(len(panels), PANELS), -(-len(panels) // PANELS)
    figure = Figure(figsize=(2.3 * columns, 2.9 * rows))
    grid = figure.subplots(rows, columns, squeeze=False)
    for place in range(len(panels), rows * columns):
        grid.flat[place].set_visible(False)
    for axes, (name, values) in zip(grid.flat, panels.items(), strict=False):
        bins = [one for one in values.bins if one.count]
        axes.plot([0, 1], [0, 1], color="#888", linestyle=":", linewidth=1)
        axes.plot(
            [one.confidence or 0.0 for one in bins],
            [one.frequency or 0.0 for one in bins],
            color=COLOURS[0],
            linewidth=1,
        )
        axes.scatter(
            [one.confidence or 0.0 for one in bins],
            [one.frequency or 0.0 for one in bins],
            s=[8 + 14 * np.log10(one.count) for one in bins],
            color=COLOURS[0],
        )
        error = "–" if values.error is None else f"{values.error:.3f}"
        axes.set_title(f"{name}\nECE {error}, {values.positives} of {values.count}", fontsize=8)
        axes.set_xlim(-0.03, 1.03)
        axes.set_ylim(-0.03, 1.03)
        axes.set_aspect("equal")
        axes.set_xlabel("probability", fontsize=8, labelpad=1)
        axes.tick_params(labelsize=7)
        _clean(axes, "both")
    for first in grid[:, 0]:
        first.set_ylabel("share that is true", fontsize=8)
    figure.subplots_adjust(hspace=0.5)
    return _png(figure)


def confusion_figure(matrix: Sequence[Sequence[int]], labels: Sequence[str]) -> bytes:
    """Draw a confusion matrix, coloured by the share of each row."""
    counts = np.array(matrix, dtype=np.float64)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    names = [*labels, NONE]
    size = max(4.2, 0.5 * (len(labels) + 1))
    figure = Figure(figsize=(size + 1, size))
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        colour = "white" if shares[row, column] > 0.5 else "black"
        axes.text(column, row, f"{int(count)}", ha="center", va="center", color=colour, fontsize=9)
    axes.set_xticks(range(len(names)), names, rotation=30, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("predicted")
    axes.set_ylabel("annotated")
    return _png(figure)


def slices_figure(slices: Sequence[SliceMetrics]) -> bytes:
    """Draw the micro F1 of every slice that has stances as points with intervals."""
    shown = [part for part in slices if part.micro_f1.value is not None]
    figure = Figure(figsize=(8.5, 0.6 + 0.24 * max(len(shown), 1)))
    axes = figure.subplots()
    groups = list(dict.fromkeys(part.group for part in shown))
    for place, part in enumerate(shown):
        estimate = part.micro_f1
        colour = COLOURS[groups.index(part.group) % 2 * 4]
        axes.errorbar(
            [estimate.value or 0.0],
            [place],
            xerr=_error_bars([estimate]),
            fmt="o",
            markersize=4,
            capsize=2,
            color=colour,
        )
    names = [f"{part.group}: {part.name} (n = {sum(part.gold.values())})" for part in shown]
    axes.set_yticks(range(len(shown)), names, fontsize=8)
    axes.set_ylim(len(shown) - 0.5, -0.5)
    axes.set_xlim(0, 1)
    axes.set_xlabel("micro F1")
    _clean(axes, "x")
    return _png(figure)


def learning_curve_figure(points: Sequence[CurvePoint]) -> bytes:
    """Draw metrics against the number of training sentences, which doubles at equal distances."""
    figure = Figure(figsize=(6.5, 3.8))
    axes = figure.subplots()
    for number, metric in enumerate(dict.fromkeys(point.metric for point in points)):
        own = [point for point in points if point.metric == metric]
        axes.errorbar(
            [point.sentences for point in own],
            [point.value.value or 0.0 for point in own],
            yerr=_error_bars([point.value for point in own]),
            marker="o",
            markersize=4,
            capsize=3,
            color=COLOURS[number % len(COLOURS)],
            label=metric,
        )
    axes.set_xscale("log", base=2)
    places = sorted({point.sentences for point in points})
    axes.set_xticks(places, [f"{place:,}" for place in places], rotation=30, ha="right")
    axes.minorticks_off()
    axes.set_xlabel("training sentences")
    _clean(axes, "y")
    axes.legend(frameon=False)
    return _png(figure)


def _error_bars(estimates: Sequence[Estimate]) -> FloatArray:
    """Return distances to the interval's ends, shape ``[2, estimates]``; zero where there is none."""
    below = [(e.value or 0.0) - e.low if e.low is not None else 0.0 for e in estimates]
    above = [e.high - (e.value or 0.0) if e.high is not None else 0.0 for e in estimates]
    distances: FloatArray = np.maximum(np.array([below, above]), 0.0)
    return distances


def _clean(axes: Axes, grid: Literal["x", "y", "both"]) -> None:
    axes.grid(axis=grid, color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DOTS_PER_INCH, bbox_inches="tight", facecolor="white")
    return buffer.getvalue()
