"""Scores to probabilities, and probabilities to decisions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from model.config import Calibration
from model.scheme import LabelScheme

Floats = NDArray[np.float32]


class Calibrator:
    """Platt scaling of several labels at once.

    Platt, J. (1999): Probabilistic outputs for support vector machines and comparisons to regularized likelihood
    methods.
    """

    def __init__(self, calibration: Mapping[str, Calibration], names: Sequence[str]) -> None:
        """Take one calibration per label, in the order of ``names``."""
        self._slopes = np.array([calibration[name].slope for name in names], dtype=np.float32)
        self._intercepts = np.array([calibration[name].intercept for name in names], dtype=np.float32)

    def __call__(self, logits: Floats) -> Floats:
        """Return probabilities for logits whose last axis is the labels; minus infinity gives 0."""
        with np.errstate(over="ignore"):
            probabilities: Floats = 1 / (1 + np.exp(-(self._slopes * logits + self._intercepts)))
        return probabilities


class SoftmaxCalibrator:
    """Probabilities of labels of which an entity takes one at most: they sum to 1 with that of taking none.

    The calibration is a temperature, the same slope for all labels, and a bias for each (Alexandari, Kundaje and
    Shrikumar 2020: Maximum likelihood with bias-corrected calibration is hard-to-beat at label shift adaptation).
    """

    def __init__(self, calibration: Mapping[str, Calibration], names: Sequence[str], *, none: bool) -> None:
        """Take one calibration per label, in the order of ``names``; with ``none``, taking no label has the logit 0."""
        self._slopes = np.array([calibration[name].slope for name in names], dtype=np.float32)
        self._intercepts = np.array([calibration[name].intercept for name in names], dtype=np.float32)
        self._none = none

    def __call__(self, logits: Floats) -> Floats:
        """Return probabilities for logits whose last axis is the labels; minus infinity gives 0."""
        return softmax(self._slopes * logits + self._intercepts, none=self._none)


def softmax(logits: Floats, *, none: bool) -> Floats:
    """Return the softmax over the last axis; with ``none`` beside one more logit, which is 0 and left out."""
    highest = logits.max(axis=-1, keepdims=True, initial=0 if none else -np.inf)
    highest = np.where(np.isfinite(highest), highest, 0)
    scores = np.exp(logits - highest)
    total = scores.sum(axis=-1, keepdims=True) + (np.exp(-highest) if none else 0)
    probabilities: Floats = (scores / np.maximum(total, np.finfo(np.float32).tiny)).astype(np.float32)
    return probabilities


def label_calibrator(calibration: Mapping[str, Calibration], scheme: LabelScheme) -> Callable[[Floats], Floats]:
    """Return what turns the label logits of a scheme into probabilities."""
    if scheme.multi_label:
        return Calibrator(calibration, scheme.names)
    return SoftmaxCalibrator(calibration, scheme.names, none=scheme.none)


def plain_probabilities(logits: Floats, scheme: LabelScheme) -> Floats:
    """Return probabilities of label logits without calibration."""
    return label_calibrator(dict.fromkeys(scheme.names, Calibration()), scheme)(logits)


def taken_labels(probabilities: Floats, thresholds: NDArray[np.float64], scheme: LabelScheme) -> NDArray[np.bool_]:
    """Decide which labels entities take.

    Args:
        probabilities: ``[entities, labels]``.
        thresholds: ``[labels]``; they count in schemes that allow several labels.
        scheme: What is allowed.

    Returns:
        ``[entities, labels]``. Where one label is allowed, the most probable one, or none if that is more probable
        yet; where several are, all that reach their thresholds, and at least the most probable one if none is no
        answer.
    """
    taken: NDArray[np.bool_]
    if not probabilities.size:
        return np.zeros(probabilities.shape, np.bool_)
    first = np.arange(probabilities.shape[1]) == probabilities.argmax(axis=1)[:, None]
    if scheme.multi_label:
        taken = probabilities >= thresholds
        return taken if scheme.none else taken | (first & ~taken.any(axis=1, keepdims=True))
    taken = first
    if scheme.none:
        taken = first & (probabilities >= 1 - probabilities.sum(axis=1, keepdims=True))
    return taken
