"""Percentile bootstrap intervals (Efron 1979) for statistics of counts that add up over sentences.

Sentences are drawn with replacement. A draw is kept as the number of times that each sentence was drawn, so that the
counts of all draws are one matrix product and every statistic is computed on all draws at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from training.evaluation.records import FloatArray, IntArray

LEVEL = 0.95

Statistic = Callable[[FloatArray], FloatArray]
"""Maps summed counts ``[..., *shape]`` to values ``[...]``; undefined values are NaN."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its 95% interval.

    Attributes:
        value: The statistic of the data; None if it is undefined there.
        low: Lower end of the interval; None if no draw defines the statistic.
        high: Upper end of the interval.
    """

    value: float | None
    low: float | None = None
    high: float | None = None


class Bootstrap:
    """Draws of a set of sentences.

    Attributes:
        weights: How often each draw holds each sentence, shape ``[draws, sentences]``.
    """

    def __init__(self, sentences: int, draws: int = 1000, seed: int = 0) -> None:
        """Draw `draws` samples of as many sentences as there are."""
        rng = np.random.default_rng(seed)
        if sentences:
            self.weights = rng.multinomial(sentences, np.full(sentences, 1 / sentences), size=draws).astype(np.float64)
        else:
            self.weights = np.zeros((draws, 0))

    def estimate(self, counts: IntArray, statistic: Statistic) -> Estimate:
        """Compute a statistic of counts that add up over sentences.

        Args:
            counts: Counts of each sentence, shape ``[sentences, *shape]``.
            statistic: Function of summed counts.

        Returns:
            The statistic with the percentile interval of the draws that define it.
        """
        value = float(statistic(counts.sum(axis=0).astype(np.float64)))
        drawn = self.draws(counts, statistic)
        defined = drawn[~np.isnan(drawn)]
        if np.isnan(value):
            return Estimate(None)
        if not defined.size:
            return Estimate(value)
        low, high = np.quantile(defined, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        return Estimate(value, float(low), float(high))

    def draws(self, counts: IntArray, statistic: Statistic) -> FloatArray:
        """Compute a statistic of counts, as `estimate` takes them, on every draw; shape ``[draws]``."""
        return statistic(np.tensordot(self.weights, counts, axes=1))
