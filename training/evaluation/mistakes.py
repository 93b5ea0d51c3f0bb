"""The mistakes that are worth reading: the most confident wrong stances, and the entities missed or made up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.evaluation.records import FloatArray, Judged, LocatedSentence
from training.evaluation.swap import plain

SMALLEST_PROBABILITY = 1e-6


@dataclass(frozen=True, slots=True)
class WrongStances:
    """An entity whose stances are wrong.

    Attributes:
        id: The record.
        text: Its text; None if texts are left out.
        code: The entity.
        mentions: The entity's mentions; None if texts are left out.
        loss: Cross-entropy of the annotation under the predicted probabilities, summed over the labels, in nats.
        gold: Annotated stances with their targets.
        predicted: Predicted stances with their targets.
        scores: Probability of each label.
    """

    id: str
    text: str | None
    code: str
    mentions: list[str] | None
    loss: float
    gold: dict[str, list[str]]
    predicted: dict[str, list[str]]
    scores: dict[str, float]


@dataclass(frozen=True, slots=True)
class WrongEntities:
    """A sentence in which the finder misses entities or finds too many."""

    id: str
    text: str | None
    missed: list[str]
    spurious: list[str]


def cross_entropy(probabilities: FloatArray, truths: FloatArray) -> float:
    """Sum the binary cross-entropies of independent labels, in nats; both arrays have the shape ``[labels]``."""
    clipped = np.clip(probabilities, SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
    return float(-(truths * np.log(clipped) + (1 - truths) * np.log(1 - clipped)).sum())


def wrong_stances(
    sentences: Sequence[LocatedSentence], judged: Sequence[Judged], labels: Sequence[str], *, limit: int, texts: bool
) -> list[WrongStances]:
    """List the entities with wrong stances, the largest loss first; entities without probabilities do not count."""
    mistakes: list[WrongStances] = []
    for sentence, pair in zip(sentences, judged, strict=True):
        for entity in sentence.entities:
            code = entity.code
            gold, predicted = pair.gold.get(code, {}), pair.predicted.labels.get(code, {})
            scores = pair.predicted.scores.get(code)
            if scores is None or set(gold) == set(predicted):
                continue
            truths = np.array([label in gold for label in labels], np.float64)
            mentions = [sentence.text[span.start : span.end] for span in entity.spans]
            mistakes.append(
                WrongStances(
                    id=sentence.id,
                    text=sentence.text if texts else None,
                    code=code,
                    mentions=list(dict.fromkeys(mentions)) if texts else None,
                    loss=cross_entropy(scores, truths),
                    gold=plain({code: gold}).get(code, {}),
                    predicted=plain({code: predicted}).get(code, {}),
                    scores={label: float(score) for label, score in zip(labels, scores, strict=True)},
                )
            )
    return sorted(mistakes, key=lambda mistake: (-mistake.loss, mistake.id, mistake.code))[:limit]


def wrong_entities(
    sentences: Sequence[LocatedSentence], judged: Sequence[Judged], *, texts: bool
) -> list[WrongEntities]:
    """List the sentences in which entities are missed or spurious, in the order of the data."""
    return [
        WrongEntities(
            sentence.id,
            sentence.text if texts else None,
            sorted(set(pair.gold) - set(pair.predicted.labels)),
            sorted(set(pair.predicted.labels) - set(pair.gold)),
        )
        for sentence, pair in zip(sentences, judged, strict=True)
        if set(pair.gold) != set(pair.predicted.labels)
    ]
