"""Labels that are likely to be wrong: those that a model which has not learned them finds most surprising.

Without a model of your own, a linear one judges: TF-IDF of words and word pairs, the entity's mentions replaced by one
word and those of the others by another, fitted on other folds than the one it judges, near-duplicates in one fold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from model.annotation import AnnotatedEntity, AnnotatedSentence
from model.classifier import StanceClassifier
from model.scheme import LabelScheme
from training.datareport.measure import NONE, asked_entities
from training.evaluation.marking import mark
from training.evaluation.records import locate_annotated
from training.examples import encodable

FOLDS = 3
FEWEST = 10
"""Sentences with an entity below which nothing can be learned of them."""

Floats = NDArray[np.float64]

Members = Sequence[tuple[str, AnnotatedSentence]]
"""Annotated sentences, each with the part of the data that it belongs to."""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A label that surprises.

    Attributes:
        part: The part of the data.
        id: The sentence.
        code: The entity.
        annotated: The label that it has; of several labels ``no LABEL`` where it has not.
        expected: What the model expects instead.
        probability: What the model gives to the annotation.
        text: The sentence.
    """

    part: str
    id: str
    code: str
    annotated: str
    expected: str
    probability: float
    text: str


@dataclass(frozen=True, slots=True)
class _Case:
    """An entity whose labels are annotated."""

    part: str
    index: int
    sentence: AnnotatedSentence
    entity: AnnotatedEntity


def suspicious_labels(
    members: Members,
    groups: Sequence[Sequence[int]],
    scheme: LabelScheme,
    top: int,
    classifier: StanceClassifier | None = None,
) -> list[Suspicion]:
    """List the most surprising labels, worst first.

    Args:
        members: The sentences, each with its part of the data.
        groups: Indices of sentences that are alike, see `training.splits.linked`.
        scheme: The labels.
        top: Number of labels to list, at most.
        classifier: A model that has not learned from the data; None for a linear one, cross-validated.

    Returns:
        Suspicions whose annotation is less probable than not; none where there are too few sentences to learn from.
    """
    cases = [
        _Case(part, index, sentence, entity)
        for index, (part, sentence) in enumerate(members)
        for entity in asked_entities(sentence)
    ]
    if not cases or (classifier is None and len({case.index for case in cases}) < FEWEST):
        return []
    scores = _scored(cases, classifier) if classifier else _cross_validated(cases, groups, scheme)
    judged = _of_several(cases, scores, scheme) if scheme.multi_label else _of_one(cases, scores, scheme)
    judged = [suspicion for suspicion in judged if suspicion.probability < 0.5]
    return sorted(judged, key=lambda suspicion: suspicion.probability)[:top]


def _scored(cases: Sequence[_Case], classifier: StanceClassifier) -> Floats:
    """Return the classifier's probabilities ``[cases, labels]``."""
    sentences = {case.index: case.sentence for case in cases}
    scores = dict(zip(sentences, classifier.score(list(map(encodable, sentences.values()))), strict=True))
    rows = [scores[case.index].labels[case.sentence.entities.index(case.entity)] for case in cases]
    return np.stack([np.asarray(row, np.float64) for row in rows])


def _cross_validated(cases: Sequence[_Case], groups: Sequence[Sequence[int]], scheme: LabelScheme) -> Floats:
    """Return a linear model's probabilities ``[cases, labels]``, each fold's from the others."""
    dealt = np.random.default_rng(0).permutation(len(groups)) % FOLDS
    group_of = {index: number for number, group in enumerate(groups) for index in group}
    fold = dealt[[group_of[case.index] for case in cases]]
    texts = np.array([_marked(case) for case in cases], dtype=object)
    gold = np.array([[name in case.entity.stances for name in scheme.names] for case in cases])
    scores = np.zeros(gold.shape)
    for held_out in (fold == number for number in range(FOLDS)):
        if held_out.any() and not held_out.all():
            scores[held_out] = _learned(texts[~held_out], gold[~held_out], texts[held_out], scheme)
    return scores


def _learned(
    texts: NDArray[np.object_], gold: NDArray[np.bool_], others: NDArray[np.object_], scheme: LabelScheme
) -> Floats:
    """Fit on some texts, and return the probabilities of others."""
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\b\w+\b")
    seen, unseen = words.fit_transform(texts), words.transform(others)
    if not scheme.multi_label:
        classes = np.where(gold.any(axis=1), gold.argmax(axis=1), len(scheme.names))
        scores = np.zeros((len(others), len(scheme.names) + 1))
        present = np.unique(classes)
        if len(present) == 1:
            scores[:, present] = 1
        else:
            scores[:, present] = LogisticRegression(C=10, max_iter=1000).fit(seen, classes).predict_proba(unseen)
        return scores[:, :-1]
    columns = [
        LogisticRegression(C=10, solver="liblinear").fit(seen, column).predict_proba(unseen)[:, 1]
        if column.any() and not column.all()
        else np.full(len(others), float(column.all()))
        for column in gold.T
    ]
    return np.stack(columns, axis=1)


def _marked(case: _Case) -> str:
    located = locate_annotated(case.sentence)
    return mark(located, next(entity for entity in located.entities if entity.code == case.entity.code))


def _of_several(cases: Sequence[_Case], scores: Floats, scheme: LabelScheme) -> list[Suspicion]:
    """Judge every label of every entity."""
    found = []
    for case, row in zip(cases, scores, strict=True):
        for name, score in zip(scheme.names, row, strict=True):
            words = (name, f"no {name}") if name in case.entity.stances else (f"no {name}", name)
            found.append(_suspicion(case, *words, score if name in case.entity.stances else 1 - score))
    return found


def _of_one(cases: Sequence[_Case], scores: Floats, scheme: LabelScheme) -> list[Suspicion]:
    """Judge the one label of every entity, or that it has none."""
    names = [*scheme.names, NONE]
    whole = np.column_stack([scores, np.clip(1 - scores.sum(axis=1), 0, 1)])
    found = []
    for case, row in zip(cases, whole, strict=True):
        annotated = next(iter(case.entity.stances), NONE)
        found.append(_suspicion(case, annotated, names[int(row.argmax())], row[names.index(annotated)]))
    return [suspicion for suspicion in found if suspicion.annotated != suspicion.expected]


def _suspicion(case: _Case, annotated: str, expected: str, probability: float) -> Suspicion:
    sentence = case.sentence
    return Suspicion(
        case.part, sentence.id, case.entity.code, annotated, expected, round(float(probability), 4), sentence.text
    )
