"""Scores to probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from model.config import Calibration

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
