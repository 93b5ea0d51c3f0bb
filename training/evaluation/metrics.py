"""Counts of right and wrong decisions, and the metrics made of them.

Every metric is computed from counts that add up over sentences; its 95% interval comes from drawing sentences
(`bootstrap`). Entities are matched by code within a sentence. A ratio whose denominator is zero is undefined and
reported as None: the F1 of a label that is neither annotated nor predicted says nothing.

Definitions:
    precision, recall, F1: van Rijsbergen (1979); micro F1 pools the counts of all labels, macro F1 is the unweighted
        mean of the labels' F1, over the labels for which it is defined.
    direction F1: micro F1 over triples (holder, stance, target); also over the triples of those stances alone that
        the annotation and the system agree on.
    exact match of a sentence: every entity takes exactly the annotated stances, targets aside.
    exact match of an entity: as above, over the annotated entities.
    entity F1: micro F1 over pairs (sentence, code).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from training.evaluation.bootstrap import Bootstrap, Estimate
from training.evaluation.records import FloatArray, IntArray, Judged, Labels

NONE = "none"
MODEL = "model"
"""What a report calls the model that it is about."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class F1:
    """Precision, recall and F1.

    Attributes:
        gold: Number of annotated positives.
        predicted: Number of predicted positives.
        precision: Share of the predicted that are annotated.
        recall: Share of the annotated that are predicted.
        f1: Harmonic mean of both.
    """

    gold: int
    predicted: int
    precision: Estimate
    recall: Estimate
    f1: Estimate


@dataclass(frozen=True, slots=True)
class Share:
    """A share of `total` cases."""

    total: int
    share: Estimate


@dataclass(frozen=True, slots=True)
class Metrics:
    """How well a system does on a set of sentences.

    Attributes:
        sentences: Number of sentences.
        entities: Number of annotated entities, counted once a sentence.
        labels: Each label's figures.
        micro: Figures of all labels pooled.
        macro_f1: Mean F1 of the labels.
        direction: Triples (holder, stance, target); None if the scheme is undirected.
        direction_given_stance: Triples of the stances that are right; None if the scheme is undirected.
        exact_sentences: Sentences all of whose stances are right.
        exact_entities: Annotated entities all of whose stances are right.
        found_entities: Pairs (sentence, code); None where the entities are given.
    """

    sentences: int
    entities: int
    labels: dict[str, F1]
    micro: F1
    macro_f1: Estimate
    direction: F1 | None
    direction_given_stance: F1 | None
    exact_sentences: Share
    exact_entities: Share
    found_entities: F1 | None


def precision_of(counts: FloatArray) -> FloatArray:
    """Precision of counts ``[..., (true positives, false positives, false negatives)]``; NaN where undefined."""
    return _ratio(counts[..., 0], counts[..., 0] + counts[..., 1])


def recall_of(counts: FloatArray) -> FloatArray:
    """Recall of counts ``[..., (true positives, false positives, false negatives)]``; NaN where undefined."""
    return _ratio(counts[..., 0], counts[..., 0] + counts[..., 2])


def f1_of(counts: FloatArray) -> FloatArray:
    """F1 of counts ``[..., (true positives, false positives, false negatives)]``; NaN where undefined."""
    return _ratio(2 * counts[..., 0], 2 * counts[..., 0] + counts[..., 1] + counts[..., 2])


def macro_f1_of(counts: FloatArray) -> FloatArray:
    """Mean F1 over the labels of counts ``[..., labels, 3]`` whose F1 is defined; NaN if none is."""
    f1 = f1_of(counts)
    defined = ~np.isnan(f1)
    return _ratio(np.where(defined, f1, 0.0).sum(axis=-1), defined.sum(axis=-1).astype(np.float64))


def share_of(counts: FloatArray) -> FloatArray:
    """Share of counts ``[..., (right, all)]``; NaN where there are none."""
    return _ratio(counts[..., 0], counts[..., 1])


def _ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    undefined = denominator == 0
    quotient: FloatArray = np.where(undefined, np.nan, numerator / np.where(undefined, 1.0, denominator))
    return quotient


def stance_counts(judged: Sequence[Judged], labels: Sequence[str]) -> IntArray:
    """Count right, spurious and missed stances: ``[sentences, labels, 3]``.

    A stance of an entity that was not found is missed; a stance of an entity that is not annotated is spurious.
    """
    per_label = [
        _counts((_takers(one.gold, label), _takers(one.predicted.labels, label)) for one in judged) for label in labels
    ]
    return np.stack(per_label, axis=1)


def triple_counts(judged: Sequence[Judged]) -> IntArray:
    """Count right, spurious and missed triples (holder, stance, target): ``[sentences, 3]``."""
    return _set_counts(judged, _triples)


def triple_counts_given_stance(judged: Sequence[Judged]) -> IntArray:
    """Count triples as `triple_counts` does, of those stances alone that annotation and prediction share."""
    return _counts(
        (
            {triple for triple in gold if triple[:2] in shared},
            {triple for triple in predicted if triple[:2] in shared},
        )
        for gold, predicted, shared in (
            (
                _triples(pair.gold),
                _triples(pair.predicted.labels),
                _holders(pair.gold) & _holders(pair.predicted.labels),
            )
            for pair in judged
        )
    )


def entity_counts(judged: Sequence[Judged]) -> IntArray:
    """Count found, spurious and missed entities: ``[sentences, 3]``."""
    return _set_counts(judged, set)


def exact_sentence_counts(judged: Sequence[Judged]) -> IntArray:
    """Count sentences all of whose stances are right: ``[sentences, (right, all)]``."""
    right = [_holders(pair.gold) == _holders(pair.predicted.labels) for pair in judged]
    return np.array([(int(exact), 1) for exact in right], dtype=np.int64).reshape(-1, 2)


def exact_entity_counts(judged: Sequence[Judged]) -> IntArray:
    """Count annotated entities all of whose stances are right: ``[sentences, (right, all)]``."""
    rows = [
        (
            sum(set(taken) == set(pair.predicted.labels.get(code, {})) for code, taken in pair.gold.items()),
            len(pair.gold),
        )
        for pair in judged
    ]
    return np.array(rows, dtype=np.int64).reshape(-1, 2)


def confusion_matrix(judged: Sequence[Judged], labels: Sequence[str]) -> IntArray:
    """Count which stances are taken for which: ``[labels + 1, labels + 1]``, gold × predicted, last is none.

    Entities take several stances at once, so an entity can count in several cells (after Heydarian et al. 2022):
    stances that are right count on the diagonal; every missed stance counts in the column of every spurious one,
    or under none if there is no spurious one; a spurious stance of an entity with nothing missed counts in the row
    none; entities rightly without a stance count in the corner.
    """
    index = {label: position for position, label in enumerate([*labels, NONE])}
    matrix = np.zeros((len(index), len(index)), dtype=np.int64)
    for pair in judged:
        for code in {**pair.gold, **pair.predicted.labels}:
            gold, predicted = set(pair.gold.get(code, {})), set(pair.predicted.labels.get(code, {}))
            for label in gold & predicted:
                matrix[index[label], index[label]] += 1
            if gold and gold == predicted:
                continue
            for missed in gold - predicted or {NONE}:
                for spurious in predicted - gold or {NONE}:
                    matrix[index[missed], index[spurious]] += 1
    return matrix


def measure(
    judged: Sequence[Judged], labels: Sequence[str], bootstrap: Bootstrap, *, directed: bool, entities_given: bool
) -> Metrics:
    """Compute all metrics of a system on a set of sentences.

    Args:
        judged: The sentences.
        labels: Labels of the scheme.
        bootstrap: Draws of as many sentences.
        directed: Whether stances have targets.
        entities_given: Whether the system was given the annotated entities.
    """
    stances = stance_counts(judged, labels)
    by_sentence = bootstrap.estimate(exact_sentence_counts(judged), share_of)
    by_entity = bootstrap.estimate(exact_entity_counts(judged), share_of)
    entities = sum(len(pair.gold) for pair in judged)
    return Metrics(
        sentences=len(judged),
        entities=entities,
        labels={label: _f1(stances[:, position], bootstrap) for position, label in enumerate(labels)},
        micro=_f1(stances.sum(axis=1), bootstrap),
        macro_f1=bootstrap.estimate(stances, macro_f1_of),
        direction=_f1(triple_counts(judged), bootstrap) if directed else None,
        direction_given_stance=_f1(triple_counts_given_stance(judged), bootstrap) if directed else None,
        exact_sentences=Share(len(judged), by_sentence),
        exact_entities=Share(entities, by_entity),
        found_entities=None if entities_given else _f1(entity_counts(judged), bootstrap),
    )


def _f1(counts: IntArray, bootstrap: Bootstrap) -> F1:
    right, spurious, missed = (int(count) for count in counts.sum(axis=0))
    return F1(
        gold=right + missed,
        predicted=right + spurious,
        precision=bootstrap.estimate(counts, precision_of),
        recall=bootstrap.estimate(counts, recall_of),
        f1=bootstrap.estimate(counts, f1_of),
    )


def _set_counts(judged: Iterable[Judged], select: Callable[[Labels], AbstractSet[T]]) -> IntArray:
    return _counts((select(pair.gold), select(pair.predicted.labels)) for pair in judged)


def _counts(sets: Iterable[tuple[AbstractSet[T], AbstractSet[T]]]) -> IntArray:
    rows = [(len(gold & predicted), len(predicted - gold), len(gold - predicted)) for gold, predicted in sets]
    return np.array(rows, dtype=np.int64).reshape(-1, 3)


def _takers(labels: Labels, label: str) -> set[str]:
    return {code for code, stances in labels.items() if label in stances}


def _holders(labels: Labels) -> set[tuple[str, str]]:
    return {(code, label) for code, stances in labels.items() for label in stances}


def _triples(labels: Labels) -> set[tuple[str, str, str]]:
    return {
        (code, label, target)
        for code, stances in labels.items()
        for label, targets in stances.items()
        for target in targets
    }
