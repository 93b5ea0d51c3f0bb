"""The plain data that the evaluation passes around."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from model.annotation import AnnotatedSentence, mention_spans
from model.documents import Span
from model.scheme import LabelScheme

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

Stances = Mapping[str, frozenset[str]]
"""Stances of one entity: label to the codes that it is aimed at."""

Labels = Mapping[str, Stances]
"""Stances of one sentence: code of every entity, also of those without a stance, to its stances."""


@dataclass(frozen=True, slots=True)
class LocatedEntity:
    """An entity and where a text mentions it.

    Attributes:
        code: Code of the entity.
        spans: Its mentions, in the order of the text.
    """

    code: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class LocatedSentence:
    """A record's text with its entities, annotated or found."""

    id: str
    text: str
    entities: tuple[LocatedEntity, ...]

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes of the entities, in their order."""
        return tuple(entity.code for entity in self.entities)


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a system says of one sentence.

    Attributes:
        labels: Stances of every entity that the system was given or found.
        scores: Probability of each label, shape ``[labels]``, by code; empty for systems without probabilities.
    """

    labels: Labels
    scores: Mapping[str, FloatArray] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judged:
    """A sentence's annotation next to what a system says of it."""

    gold: Labels
    predicted: Prediction

    def only(self, code: str) -> Judged:
        """Return the part that concerns one entity as holder; targets stay as they are."""
        return Judged(_only(self.gold, code), Prediction(_only(self.predicted.labels, code)))


def asked_only(judged: Sequence[Judged], scheme: LabelScheme) -> list[Judged]:
    """Leave out the entities that are not asked: annotated without a label in a scheme where that is no answer."""
    if scheme.none:
        return list(judged)
    return [_without(pair, {code for code, taken in pair.gold.items() if not taken}) for pair in judged]


def _without(pair: Judged, codes: Set[str]) -> Judged:
    labels = {code: taken for code, taken in pair.predicted.labels.items() if code not in codes}
    scores = {code: row for code, row in pair.predicted.scores.items() if code not in codes}
    gold = {code: taken for code, taken in pair.gold.items() if code not in codes}
    return Judged(gold, Prediction(labels, scores))


def _only(labels: Labels, code: str) -> Labels:
    return {code: labels[code]} if code in labels else {}


def gold_labels(sentence: AnnotatedSentence) -> dict[str, dict[str, frozenset[str]]]:
    """Return the annotated stances of every entity of a sentence."""
    return {
        entity.code: {label: frozenset(targets) for label, targets in entity.stances.items()}
        for entity in sentence.entities
    }


def locate_annotated(sentence: AnnotatedSentence) -> LocatedSentence:
    """Return a sentence with its annotated entities where their mentions stand."""
    entities = tuple(
        LocatedEntity(entity.code, tuple(spans))
        for entity, spans in zip(sentence.entities, mention_spans(sentence), strict=True)
    )
    return LocatedSentence(sentence.id, sentence.text, entities)


def judge(gold: Sequence[Labels], predictions: Iterable[Prediction]) -> list[Judged]:
    """Put annotations and predictions of the same sentences side by side."""
    return [Judged(labels, prediction) for labels, prediction in zip(gold, predictions, strict=True)]
