"""Figures whose thresholds never saw what they are scored on."""

from __future__ import annotations

import numpy as np

from model.scheme import STANCES
from training.prediction import Logits
from training.selection import exchanged_score


def _logits(noise: float, seed: int = 0) -> Logits:
    """Two entities a sentence; the first takes a label in half of the sentences, aimed at the second."""
    rng = np.random.default_rng(seed)
    count = 400
    gold = np.zeros((count, 2, 4), np.float32)
    gold[:, 0] = rng.random((count, 4)) < 0.5
    labels = (gold * 4 - 2 + rng.normal(0, noise, gold.shape)).astype(np.float32)
    toward = np.repeat(gold, 1, axis=1)
    return Logits(
        labels=labels.reshape(-1, 4),
        gold_labels=gold.reshape(-1, 4),
        toward=(toward * 4 - 2).reshape(-1, 4),
        gold_toward=toward.reshape(-1, 4),
        asked=gold.reshape(-1, 4),
        sentence=np.repeat(np.arange(count), 2),
        pair_sentence=np.repeat(np.arange(count), 2),
        holder=np.arange(2 * count),
    )


def test_a_perfect_network_scores_one() -> None:
    score = exchanged_score(_logits(0), STANCES)
    assert score.macro_f1 == score.micro_f1 == score.direction_f1 == score.average_precision == 1
    assert score.calibration_error < 0.02


def test_noise_costs_and_a_coin_scores_what_a_coin_does() -> None:
    good, bad, coin = (exchanged_score(_logits(noise), STANCES) for noise in (1, 3, 100))
    assert 1 > good.macro_f1 > bad.macro_f1 > coin.macro_f1
    # Saying yes to everything is the best that can be done without knowledge: precision 1/4, recall 1.
    assert coin.macro_f1 < 0.45
    assert coin.calibration_error < 0.1
