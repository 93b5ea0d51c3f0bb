"""Figures to choose a model by that no threshold has been fitted for: from logits, one half of the data for the other.

Half of the sentences fit calibration and thresholds, the other half is scored with them, and then the halves change
places; the counts of both are added up. So every sentence is scored once, by thresholds that have not seen it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.calibration import Calibrator, label_calibrator, taken_labels
from model.scheme import LabelScheme
from training.calibrate import Decision, fit_decisions
from training.evaluation.metrics import f1_of, macro_f1_of
from training.evaluation.records import FloatArray
from training.evaluation.reliability import reliability
from training.prediction import Logits, asked_entities, mean_average_precision

SPLITS = 20
"""Random divisions into halves over which the figures are averaged; a single one is a matter of luck."""


@dataclass(frozen=True, slots=True)
class SelectionScore:
    """Figures of one model on given entities.

    Attributes:
        average_precision: Mean average precision over the labels.
        macro_f1: Mean F1 over the labels with exchanged thresholds.
        micro_f1: F1 of all labels pooled.
        direction_f1: F1 of (holder, label, target) triples.
        label_f1: F1 of each label.
        calibration_error: Expected calibration error over ten bins of equal width, all labels pooled.
    """

    average_precision: float
    macro_f1: float
    micro_f1: float
    direction_f1: float
    label_f1: dict[str, float]
    calibration_error: float


def exchanged_score(logits: Logits, scheme: LabelScheme, seed: int = 0) -> SelectionScore:
    """Score logits with calibration and thresholds from the half of the sentences that is not being scored.

    Args:
        logits: Raw scores and gold; `Logits.sentence` and `Logits.pair_sentence` say which sentence a row belongs to.
        scheme: Names the labels.
        seed: Seed of the divisions.
    """
    rng = np.random.default_rng(seed)
    sentences = int(logits.sentence.max()) + 1
    scores = [_one_division(logits, scheme, rng.permutation(sentences) % 2) for _ in range(SPLITS)]
    labels, targets = np.mean([score[0] for score in scores], axis=0), np.mean([score[1] for score in scores], axis=0)
    f1 = f1_of(labels)
    return SelectionScore(
        mean_average_precision(logits, scheme),
        float(macro_f1_of(labels)),
        float(f1_of(labels.sum(0))),
        float(f1_of(targets.sum(0))),
        dict(zip(scheme.names, map(float, f1), strict=True)),
        float(np.mean([score[2] for score in scores])),
    )


def _one_division(logits: Logits, scheme: LabelScheme, half: NDArray[np.int64]) -> tuple[FloatArray, FloatArray, float]:
    """Return counts of labels and of triples, and the calibration error."""
    labels, targets, probabilities = [], [], []
    for scored in (0, 1):
        fitted = fit_decisions(_part(logits, half, 1 - scored), scheme)
        part = _part(logits, half, scored)
        counted = asked_entities(part.gold_labels, scheme)
        chance, taken = _decided(part.labels, fitted[0], scheme)
        taken &= counted[:, None]
        aimed = _aimed(part.toward, fitted[1], scheme)
        labels.append(_counts(taken, part.gold_labels))
        targets.append(_counts(aimed & taken[part.holder], part.gold_toward))
        probabilities.append((chance[counted], part.gold_labels[counted]))
    chance, gold = (np.concatenate(arrays).ravel() for arrays in zip(*probabilities, strict=True))
    error = reliability(chance.astype(np.float64), gold.astype(np.float64)).error
    return labels[0] + labels[1], targets[0] + targets[1], error or 0.0


def _part(logits: Logits, half: NDArray[np.int64], wanted: int) -> Logits:
    entities, pairs = half[logits.sentence] == wanted, half[logits.pair_sentence] == wanted
    place = np.cumsum(entities) - 1
    return Logits(
        labels=logits.labels[entities],
        gold_labels=logits.gold_labels[entities],
        toward=logits.toward[pairs],
        gold_toward=logits.gold_toward[pairs],
        asked=logits.asked[pairs],
        sentence=logits.sentence[entities],
        pair_sentence=logits.pair_sentence[pairs],
        holder=place[logits.holder[pairs]],
    )


def _decided(
    logits: NDArray[np.float32], decision: Decision, scheme: LabelScheme
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return probabilities of labels, and which are taken."""
    chance = label_calibrator(decision.calibration, scheme)(logits)
    return chance, taken_labels(chance, np.array([decision.thresholds[name] for name in scheme.names]), scheme)


def _aimed(logits: NDArray[np.float32], decision: Decision, scheme: LabelScheme) -> NDArray[np.bool_]:
    """Return which pairs' labels are aimed at the second one, if they are taken."""
    chance = Calibrator(decision.calibration, scheme.names)(logits)
    thresholds = np.array([decision.thresholds[name] for name in scheme.names])
    return np.asarray((chance >= thresholds) & scheme.directed)


def _counts(predicted: NDArray[np.bool_], gold: NDArray[np.float32]) -> FloatArray:
    """Return true positives, false positives and false negatives of each label."""
    true = gold > 0
    return np.stack([(predicted & true).sum(0), (predicted & ~true).sum(0), (~predicted & true).sum(0)], -1).astype(
        float
    )
