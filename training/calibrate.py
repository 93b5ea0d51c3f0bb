"""Fit probabilities and thresholds on data that the network was not trained on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from model.calibration import Calibrator
from model.config import Calibration
from model.scheme import LabelScheme
from training.trainer import Logits

RESAMPLES = 200
CANDIDATES = np.linspace(0.05, 0.95, 91)
FEWEST = 5
"""Positives (and negatives) below which a label keeps the identity calibration and the threshold 0.5."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Decision:
    """How to read the logits of each label: calibration and threshold."""

    calibration: dict[str, Calibration]
    thresholds: dict[str, float]


def fit_decisions(logits: Logits, scheme: LabelScheme, seed: int = 0) -> tuple[Decision, Decision]:
    """Fit calibration and thresholds of labels and of targets.

    Args:
        logits: Raw scores and gold of held-out entities.
        scheme: Names the labels.
        seed: Seed of the resampling that steadies the thresholds.

    Returns:
        The decisions for labels and for targets. A target's calibration is fitted where its label is taken.
    """
    labels = {name: (logits.labels[:, i], logits.gold_labels[:, i]) for i, name in enumerate(scheme.names)}
    targets = {}
    for index, name in enumerate(scheme.names):
        asked = logits.asked[:, index] > 0
        targets[name] = logits.toward[asked, index], logits.gold_toward[asked, index]
    return _decide(labels, seed), _decide(targets, seed)


def _decide(scored: dict[str, tuple[Floats, Floats]], seed: int) -> Decision:
    calibration, thresholds = {}, {}
    for name, (logits, gold) in scored.items():
        if min(gold.sum(), len(gold) - gold.sum()) < FEWEST:
            calibration[name], thresholds[name] = Calibration(), 0.5
            continue
        calibration[name] = fit_platt(logits, gold)
        probabilities = Calibrator(calibration, [name])(logits[:, None])[:, 0]
        thresholds[name] = best_threshold(probabilities, gold, seed)
    return Decision(calibration, thresholds)


def fit_platt(logits: Floats, gold: Floats) -> Calibration:
    """Fit Platt scaling (Platt 1999) by nearly unregularised logistic regression."""
    regression = LogisticRegression(C=100.0).fit(logits.reshape(-1, 1), gold > 0)
    return Calibration(float(regression.coef_[0, 0]), float(regression.intercept_[0]))


def best_threshold(probabilities: Floats, gold: Floats, seed: int) -> float:
    """Return the threshold with the best F1: the median over bootstrap resamples, which a few cases don't sway."""
    rng = np.random.default_rng(seed)
    predicted = probabilities[:, None] >= CANDIDATES
    best = []
    for _ in range(RESAMPLES):
        sample = rng.integers(0, len(gold), len(gold))
        true = gold[sample, None] > 0
        hits = (predicted[sample] & true).sum(0)
        f1 = 2 * hits / np.maximum(predicted[sample].sum(0) + true.sum(), 1)
        best.append(CANDIDATES[int(f1.argmax())])
    return round(float(np.median(best)), 3)
