"""Fit probabilities and thresholds on data that the network was not trained on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression

from model.calibration import Calibrator
from model.config import Calibration
from model.scheme import LabelScheme
from training.prediction import Logits, asked_entities

FEWEST = 5
"""Positives (and negatives) below which a label keeps the identity calibration and the threshold 0.5."""

SHIFT_PENALTY = 1.0
"""How strongly the calibration of labels that exclude each other is drawn to leaving logits where they are."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Decision:
    """How to read the logits of each label: calibration and threshold."""

    calibration: dict[str, Calibration]
    thresholds: dict[str, float]


def fit_decisions(logits: Logits, scheme: LabelScheme) -> tuple[Decision, Decision]:
    """Fit calibration and thresholds of labels and of targets.

    Args:
        logits: Raw scores and gold of held-out entities.
        scheme: Names the labels.

    Returns:
        The decisions for labels and for targets. A target's calibration is fitted where its label is taken. Where
        labels exclude each other the most probable one is taken, and their thresholds are 0.
    """
    counted = asked_entities(logits.gold_labels, scheme)
    scores, gold = logits.labels[counted], logits.gold_labels[counted]
    if scheme.multi_label:
        labels = _decide({name: (scores[:, i], gold[:, i]) for i, name in enumerate(scheme.names)})
    else:
        labels = Decision(fit_temperature(scores, gold, scheme), dict.fromkeys(scheme.names, 0.0))
    targets = {}
    for index, name in enumerate(scheme.names):
        asked = logits.asked[:, index] > 0
        targets[name] = logits.toward[asked, index], logits.gold_toward[asked, index]
    if not scheme.directed:
        targets = dict.fromkeys(scheme.names, (np.zeros(0, np.float32), np.zeros(0, np.float32)))
    return labels, _decide(targets)


def _decide(scored: dict[str, tuple[Floats, Floats]]) -> Decision:
    calibration, thresholds = {}, {}
    for name, (logits, gold) in scored.items():
        if min(gold.sum(), len(gold) - gold.sum()) < FEWEST:
            calibration[name], thresholds[name] = Calibration(), 0.5
            continue
        calibration[name] = fit_platt(logits, gold)
        probabilities = Calibrator(calibration, [name])(logits[:, None])[:, 0]
        thresholds[name] = best_threshold(probabilities)
    return Decision(calibration, thresholds)


def fit_platt(logits: Floats, gold: Floats) -> Calibration:
    """Fit Platt scaling (Platt 1999) by nearly unregularised logistic regression."""
    regression = LogisticRegression(C=100.0).fit(logits.reshape(-1, 1), gold > 0)
    return Calibration(float(regression.coef_[0, 0]), float(regression.intercept_[0]))


def fit_temperature(logits: Floats, gold: Floats, scheme: LabelScheme) -> dict[str, Calibration]:
    """Fit a temperature and a bias for each label; see `model.calibration.SoftmaxCalibrator`.

    Args:
        logits: ``[entities, labels]``.
        gold: Alike; one label is 1 at most.
        scheme: Says whether taking no label is an answer.

    Returns:
        Slope and intercept of each label. The shifts of the logits are drawn towards 0 as by a few cases, so that a
        rare label keeps its own. With fewer than `FEWEST` entities nothing is changed.
    """
    if len(gold) < FEWEST:
        return dict.fromkeys(scheme.names, Calibration())
    choices = _smoothed(np.column_stack([1 - gold.sum(1), gold]) if scheme.none else gold)
    weights = np.array([0.0] + [SHIFT_PENALTY] * len(scheme.names))

    def cost(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        slope, shifted = np.exp(parameters[0]), logits + parameters[1:]
        scaled = slope * shifted
        chances = log_softmax(np.column_stack([np.zeros(len(gold)), scaled]) if scheme.none else scaled, axis=1)
        errors = (np.exp(chances) - choices)[:, int(scheme.none) :] * slope
        gradient = np.array([(errors * shifted).sum(), *errors.sum(0)]) + weights * parameters
        return float(-(choices * chances).sum() + (weights * parameters**2).sum() / 2), gradient

    fitted = minimize(cost, np.zeros(1 + len(scheme.names)), jac=True, method="L-BFGS-B").x
    slope = float(np.exp(fitted[0]))
    return {
        name: Calibration(slope, slope * float(shift)) for name, shift in zip(scheme.names, fitted[1:], strict=True)
    }


def _smoothed(choices: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return what to aim at in place of 0 and 1, as Platt does: a class of n is right n + 1 times of n + 2.

    Otherwise a few cases that are all right would make every answer certain.
    """
    doubt = choices @ (1 / (choices.sum(axis=0) + 2))
    others = (1 - choices) / max(choices.shape[1] - 1, 1)
    return np.asarray(choices * (1 - doubt[:, None]) + others * doubt[:, None], np.float64)


def best_threshold(probabilities: Floats) -> float:
    """Return the threshold with the best F1 to be expected of calibrated probabilities: half of that F1.

    After Lipton, Elkan and Naryanaswamy (2014), *Optimal Thresholding of Classifiers to Maximize F1 Measure*. All
    probabilities have a say in it, so that a rare label's threshold does not hang on its few cases, as that of the best
    F1 counted on them would.
    """
    falling = np.sort(probabilities.astype(np.float64))[::-1]
    taken = np.arange(1, len(falling) + 1)
    expected = 2 * np.cumsum(falling) / (taken + falling.sum())
    return round(float(expected.max()) / 2, 3)
