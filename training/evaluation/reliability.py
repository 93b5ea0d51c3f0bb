"""How far the predicted probabilities can be taken at their word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.evaluation.records import FloatArray, Judged

BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """Predictions whose probability falls into a range, the upper end included.

    Attributes:
        low: Lower end of the range.
        high: Upper end of the range.
        count: Number of predictions in it.
        confidence: Their mean probability; None if there are none.
        frequency: Share of them that are true; None if there are none.
    """

    low: float
    high: float
    count: int
    confidence: float | None
    frequency: float | None


@dataclass(frozen=True, slots=True)
class Reliability:
    """Calibration of a set of probabilities.

    Attributes:
        count: Number of probabilities.
        positives: Number of them whose label is annotated.
        error: Expected calibration error; None without probabilities.
        bins: Bins of equal width.
    """

    count: int
    positives: int
    error: float | None
    bins: tuple[Bin, ...]


def reliability(probabilities: FloatArray, truths: FloatArray, bins: int = BINS) -> Reliability:
    """Compute the reliability diagram and the expected calibration error (ECE).

    The ECE is the mean over all predictions of the distance between mean probability and share of true ones in the
    prediction's bin (Guo et al. 2017, here of the probability of the positive class, in bins of equal width).

    Args:
        probabilities: Predicted probabilities, shape ``[n]``.
        truths: 1 where the label is annotated, else 0, shape ``[n]``.
        bins: Number of bins.
    """
    total = len(probabilities)
    places = np.clip(np.ceil(probabilities * bins).astype(np.int64) - 1, 0, bins - 1)
    counts = np.bincount(places, minlength=bins)
    confidences = np.bincount(places, weights=probabilities, minlength=bins)
    frequencies = np.bincount(places, weights=truths, minlength=bins)
    rows = tuple(
        Bin(
            place / bins,
            (place + 1) / bins,
            int(count),
            float(confidences[place] / count) if count else None,
            float(frequencies[place] / count) if count else None,
        )
        for place, count in enumerate(counts)
    )
    error = float(np.abs(confidences - frequencies).sum() / total) if total else None
    return Reliability(total, int(truths.sum()), error, rows)


def reliabilities(judged: Sequence[Judged], labels: Sequence[str]) -> tuple[Reliability, dict[str, Reliability]]:
    """Compute the reliability of all labels together and of each, over every entity that has probabilities.

    An entity that is not annotated holds no stance; one that was not found has no probability and does not count.
    """
    rows = [
        (scores, [label in pair.gold.get(code, {}) for label in labels])
        for pair in judged
        for code, scores in pair.predicted.scores.items()
    ]
    probabilities = np.array([scores for scores, _ in rows], dtype=np.float64).reshape(-1, len(labels))
    truths = np.array([truth for _, truth in rows], dtype=np.float64).reshape(-1, len(labels))
    by_label = {label: reliability(probabilities[:, i], truths[:, i]) for i, label in enumerate(labels)}
    return reliability(probabilities.ravel(), truths.ravel()), by_label
