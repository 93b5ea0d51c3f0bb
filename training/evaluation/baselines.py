"""What a user could do without the model: predict nothing, look for cue words, or fit a linear model on words.

All of them are given entities with their places, annotated or found, and answer as the model does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline

from model.annotation import AnnotatedSentence
from model.documents import Span
from model.scheme import LabelScheme
from training.evaluation.records import (
    IntArray,
    LocatedEntity,
    LocatedSentence,
    Prediction,
    gold_labels,
    locate_annotated,
)

CUES = {
    "support": r"reinforc\w+|stand(?:s|ing)? (?:by|with)|stood (?:by|with)|welcom\w+|back(?:s|ed|ing)?|support\w*"
    r"|provid\w+|pledg\w+|prais\w+|hail\w*|endors\w+|aid(?:s|ed|ing)?|solidarity",
    "deterrence": r"deter(?:s|red|ring|rence|rent)?|dissuad\w+|discourag\w+|readiness to impose"
    r"|(?:will|would) respond if|(?:will|would) not hesitate",
    "denial": r"den(?:y|ies|ied|ying|ials?)|reject\w*|dismiss\w*|refus\w+|baseless|rul(?:es?|ed|ing) out|non-?starter",
    "warning": r"warn\w*|caution\w*|alert\w*|threat\w*|ultimatums?|retaliat\w+|or else",
}
"""Cue words of the annotation guidelines, as regular expressions."""

SELF, OTHER = "entityself", "entityother"


class Baseline(Protocol):
    """Something that predicts the stances of given entities."""

    def predict(self, sentences: Sequence[LocatedSentence]) -> list[Prediction]:
        """Predict the stances of every entity of every sentence."""


class AlwaysNone:
    """Nobody takes a stance."""

    def predict(self, sentences: Sequence[LocatedSentence]) -> list[Prediction]:
        """Predict that no entity takes a stance."""
        return [Prediction({code: {} for code in sentence.codes}) for sentence in sentences]


class CueWords:
    """At each cue word, the nearest entity before it takes the stance toward the next one after it."""

    def __init__(self, scheme: LabelScheme) -> None:
        """Take the cue words of the scheme's labels; labels without cue words are never predicted."""
        self._patterns = {
            label: re.compile(rf"\b(?:{CUES[label]})\b", re.IGNORECASE) for label in scheme.names if label in CUES
        }

    def predict(self, sentences: Sequence[LocatedSentence]) -> list[Prediction]:
        """Predict the stances of every entity of every sentence."""
        return [self._predict(sentence) for sentence in sentences]

    def _predict(self, sentence: LocatedSentence) -> Prediction:
        labels: dict[str, dict[str, frozenset[str]]] = {code: {} for code in sentence.codes}
        for label, pattern in self._patterns.items():
            for cue in pattern.finditer(sentence.text):
                holder = _nearest_before(sentence, cue.start())
                if holder is not None:
                    targets = _next_after(sentence, cue.end()) - {holder}
                    labels[holder][label] = labels[holder].get(label, frozenset()) | targets
        return Prediction(labels)


def _nearest_before(sentence: LocatedSentence, place: int) -> str | None:
    before = [(span.end, entity.code) for entity in sentence.entities for span in entity.spans if span.end <= place]
    return max(before)[1] if before else None


def _next_after(sentence: LocatedSentence, place: int) -> frozenset[str]:
    after = [(span.start, entity.code) for entity in sentence.entities for span in entity.spans if span.start >= place]
    return frozenset([min(after)[1]]) if after else frozenset()


class LinearWords:
    """TF-IDF of words and word pairs with one logistic regression a label.

    An entity's text is the sentence with the entity's mentions replaced by one word and all others' by another, so
    that this baseline is as blind to the countries as the model. A stance is aimed at the nearest other entity.
    """

    def __init__(self, scheme: LabelScheme, sentences: Sequence[AnnotatedSentence]) -> None:
        """Fit on annotated sentences.

        Raises:
            ValueError: the sentences hold no entity.
        """
        self._labels = scheme.names
        self._directed = scheme.directed
        texts, truths = [], []
        for sentence in sentences:
            gold = gold_labels(sentence)
            located = locate_annotated(sentence)
            for entity in located.entities:
                if scheme.none or gold[entity.code]:
                    texts.append(mark(located, entity))
                    truths.append([label in gold[entity.code] for label in self._labels])
        # Where labels exclude each other, the last class is that of taking none.
        answers = np.array(truths, dtype=np.int64)
        self._exclusive = not scheme.multi_label
        if self._exclusive:
            answers = np.where(answers.any(axis=1), answers.argmax(axis=1), len(self._labels))
        regression = LogisticRegression(class_weight="balanced", max_iter=1000)
        self._model: Pipeline = make_pipeline(
            TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, token_pattern=r"(?u)\b\w+\b"),
            regression if self._exclusive else OneVsRestClassifier(regression),
        )
        self._model.fit(texts, answers)

    def predict(self, sentences: Sequence[LocatedSentence]) -> list[Prediction]:
        """Predict the stances of every entity of every sentence."""
        texts = [mark(sentence, entity) for sentence in sentences for entity in sentence.entities]
        rows = iter(self._predict(texts))
        return [
            Prediction({entity.code: self._stances(next(rows), sentence, entity) for entity in sentence.entities})
            for sentence in sentences
        ]

    def _predict(self, texts: list[str]) -> IntArray:
        if not texts:
            return np.zeros((0, len(self._labels)), np.int64)
        decisions: IntArray = self._model.predict(texts)
        if self._exclusive:
            return np.eye(len(self._labels) + 1, dtype=np.int64)[decisions][:, :-1]
        return decisions.reshape(-1, len(self._labels))

    def _stances(self, row: IntArray, sentence: LocatedSentence, entity: LocatedEntity) -> dict[str, frozenset[str]]:
        taken = [label for label, positive in zip(self._labels, row, strict=True) if positive]
        return dict.fromkeys(taken, _nearest(sentence, entity) if self._directed else frozenset())


def mark(sentence: LocatedSentence, entity: LocatedEntity) -> str:
    """Return a sentence with an entity's mentions replaced by one word and those of the others by another."""
    spans = sorted(
        (
            (span.start, span.end, SELF if other is entity else OTHER)
            for other in sentence.entities
            for span in other.spans
        ),
        key=lambda span: (span[0], span[2] == OTHER),
    )
    parts, place = [], 0
    for start, end, word in spans:
        if start >= place:
            parts += [sentence.text[place:start], word]
            place = end
    return "".join([*parts, sentence.text[place:]])


def _nearest(sentence: LocatedSentence, entity: LocatedEntity) -> frozenset[str]:
    distances = [
        (_distance(span, other_span), other.code)
        for other in sentence.entities
        if other is not entity
        for other_span in other.spans
        for span in entity.spans
    ]
    return frozenset([min(distances)[1]]) if distances else frozenset()


def _distance(one: Span, other: Span) -> int:
    return max(one.start - other.end, other.start - one.end, 0)
