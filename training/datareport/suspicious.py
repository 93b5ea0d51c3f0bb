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
from training.datareport.measure import NONE, Parts, asked_entities
from training.evaluation.baselines import mark
from training.evaluation.records import locate_annotated
from training.examples import encodable
from training.splits import near_duplicate_groups

FOLDS = 3
FEWEST = 10
"""Sentences with an entity below which nothing can be learned of them."""

Floats = NDArray[np.float64]


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
    sentence: AnnotatedSentence
    entity: AnnotatedEntity


def suspicious_labels(
    parts: Parts, scheme: LabelScheme, top: int, classifier: StanceClassifier | None = None
) -> list[Suspicion]:
    """List the most surprising labels, worst first.

    Args:
        parts: The data.
        scheme: The labels.
        top: Number of labels to list, at most.
        classifier: A model that has not learned from the data; None for a linear one, cross-validated.

    Returns:
        Suspicions whose annotation is less probable than not; none where there are too few sentences to learn from.
    """
    members = [(part, s) for part, sentences in parts.items() for s in sentences if s.entities]
    cases = [_Case(part, sentence, entity) for part, sentence in members for entity in asked_entities(sentence)]
    if not cases or (classifier is None and len(members) < FEWEST):
        return []
    sentences = [sentence for _, sentence in members]
    scores = _scored(sentences, classifier) if classifier else _cross_validated(sentences, cases, scheme)
    judged = _of_several(cases, scores, scheme) if scheme.multi_label else _of_one(cases, scores, scheme)
    judged = [suspicion for suspicion in judged if suspicion.probability < 0.5]
    return sorted(judged, key=lambda suspicion: suspicion.probability)[:top]


def _scored(sentences: Sequence[AnnotatedSentence], classifier: StanceClassifier) -> Floats:
    """Return the classifier's probabilities ``[cases, labels]``."""
    rows = [
        np.asarray(row, np.float64)
        for sentence, scores in zip(sentences, classifier.score(list(map(encodable, sentences))), strict=True)
        for entity, row in zip(sentence.entities, scores.labels, strict=True)
        if entity in asked_entities(sentence)
    ]
    return np.stack(rows)


def _cross_validated(sentences: Sequence[AnnotatedSentence], cases: Sequence[_Case], scheme: LabelScheme) -> Floats:
    """Return a linear model's probabilities ``[cases, labels]``, each fold's from the others."""
    folds = np.random.default_rng(0).permutation(len(sentences)) % FOLDS
    for group in near_duplicate_groups(sentences):
        folds[group] = folds[group[0]]
    fold_of = {id(sentence): fold for sentence, fold in zip(sentences, folds, strict=True)}
    fold = np.array([fold_of[id(case.sentence)] for case in cases])
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
