"""What a user could do with annotated sentences and a text classifier: the most frequent label, TF-IDF, SetFit.

An entity's text is its sentence with the entity and the others marked; each entity is classified by itself, and a label
is aimed at the nearest other entity. Where the scheme is single-label, an entity takes the likeliest label, or none.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline

from model.annotation import AnnotatedSentence
from model.scheme import LabelScheme
from training.evaluation.marking import enclose, mark, nearest
from training.evaluation.records import (
    IntArray,
    LocatedEntity,
    LocatedSentence,
    Prediction,
    gold_labels,
    locate_annotated,
)


class TextBaseline(ABC):
    """A text classifier that is asked about one entity at a time."""

    def __init__(self, scheme: LabelScheme, sentences: Sequence[AnnotatedSentence]) -> None:
        """Fit on annotated sentences.

        Raises:
            ValueError: the sentences hold no entity to learn from.
        """
        self.scheme = scheme
        texts, truths = [], []
        for located, entity, labels in _examples(scheme, sentences):
            texts.append(self.text(located, entity))
            truths.append([label in labels for label in scheme.names])
        if not texts:
            raise ValueError("there is no annotated entity to learn from")
        self.fit(texts, np.array(truths, dtype=np.int64))

    def predict(self, sentences: Sequence[LocatedSentence]) -> list[Prediction]:
        """Predict the labels of every entity of every sentence."""
        texts = [self.text(sentence, entity) for sentence in sentences for entity in sentence.entities]
        rows = iter(self.decide(texts) if texts else ())
        return [
            Prediction({entity.code: self._labels(next(rows), sentence, entity) for entity in sentence.entities})
            for sentence in sentences
        ]

    def _labels(self, row: IntArray, sentence: LocatedSentence, entity: LocatedEntity) -> dict[str, frozenset[str]]:
        taken = [label for label, positive in zip(self.scheme.names, row, strict=True) if positive]
        return dict.fromkeys(taken, nearest(sentence, entity) if self.scheme.directed else frozenset())

    @abstractmethod
    def text(self, sentence: LocatedSentence, entity: LocatedEntity) -> str:
        """Return what the classifier reads of an entity."""

    @abstractmethod
    def fit(self, texts: Sequence[str], truths: IntArray) -> None:
        """Learn from texts and the labels that are true of them, shape ``[texts, labels]``."""

    @abstractmethod
    def decide(self, texts: Sequence[str]) -> IntArray:
        """Return which labels each of at least one text takes, shape ``[texts, labels]``."""


class Majority(TextBaseline):
    """The most frequent label of the annotated sentences, or none if that is more frequent."""

    def text(self, sentence: LocatedSentence, entity: LocatedEntity) -> str:
        """Return nothing: the label is always the same."""
        return ""

    def fit(self, texts: Sequence[str], truths: IntArray) -> None:
        """Count the combinations of labels."""
        self._row = np.array(Counter(map(tuple, truths.tolist())).most_common(1)[0][0], np.int64)

    def decide(self, texts: Sequence[str]) -> IntArray:
        """Return the most frequent combination for each text."""
        return np.tile(self._row, (len(texts), 1))


class LinearWords(TextBaseline):
    """TF-IDF of words and word pairs with logistic regression; one a label where an entity may take several.

    Mentions of the entity are replaced by one word and all others' by another, so that this baseline is as blind to the
    countries as the model.
    """

    def text(self, sentence: LocatedSentence, entity: LocatedEntity) -> str:
        """Return the sentence with the mentions replaced."""
        return mark(sentence, entity)

    def fit(self, texts: Sequence[str], truths: IntArray) -> None:
        """Fit the vocabulary and the regression."""
        words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, token_pattern=r"(?u)\b\w+\b")
        self._known = known_labels(truths)
        regression = LogisticRegression(class_weight="balanced", max_iter=1000)
        if self.scheme.multi_label:
            self._model = make_pipeline(words, OneVsRestClassifier(regression))
            self._model.fit(texts, truths[:, self._known])
        else:
            self._model = make_pipeline(words, regression)
            self._model.fit(texts, classes(truths))

    def decide(self, texts: Sequence[str]) -> IntArray:
        """Return the labels above one half, or the likeliest."""
        predicted = self._model.predict(texts)
        if not self.scheme.multi_label:
            return rows_of_classes(predicted, len(self.scheme.names))
        rows = np.zeros((len(texts), len(self.scheme.names)), np.int64)
        rows[:, self._known] = np.asarray(predicted).reshape(len(texts), -1)
        return rows


class SetFit(TextBaseline):
    """SetFit (Tunstall et al. 2022): a sentence encoder tuned on pairs of texts, then logistic regression.

    The entity's mentions stand in ``<s>…</s>``, the others' in ``<t>…</t>``, names included.
    """

    def __init__(
        self, scheme: LabelScheme, sentences: Sequence[AnnotatedSentence], *, base: str | None = None, seed: int = 0
    ) -> None:
        """Fit on annotated sentences.

        Args:
            scheme: Names the labels.
            sentences: What to learn from.
            base: Sentence encoder, as `training.base` names bases; None for its default.
            seed: Seed of the pairs and of the order in which they are learned.

        Raises:
            ModuleNotFoundError: the extra ``setfit`` is not installed.
            ValueError: there is no entity to learn from, or all have the same labels.
        """
        self._base, self._seed = base, seed
        super().__init__(scheme, sentences)

    def text(self, sentence: LocatedSentence, entity: LocatedEntity) -> str:
        """Return the sentence with the mentions in tags."""
        return enclose(sentence, entity)

    def fit(self, texts: Sequence[str], truths: IntArray) -> None:
        """Tune the encoder and fit the regression."""
        from training.evaluation.contrastive import fit_setfit  # noqa: PLC0415 - the extra ``setfit``

        self._known = known_labels(truths)
        targets = truths[:, self._known] if self.scheme.multi_label else classes(truths)
        self._model = fit_setfit(texts, targets, base=self._base, seed=self._seed)

    def decide(self, texts: Sequence[str]) -> IntArray:
        """Return the labels above one half, or the likeliest."""
        predicted = np.asarray(self._model.predict(list(texts), as_numpy=True, show_progress_bar=False))
        if not self.scheme.multi_label:
            return rows_of_classes(predicted, len(self.scheme.names))
        rows = np.zeros((len(texts), len(self.scheme.names)), np.int64)
        rows[:, self._known] = predicted.reshape(len(texts), -1)
        return rows


def known_labels(truths: IntArray) -> IntArray:
    """Return the indices of the labels that are true somewhere and false elsewhere: the others cannot be learned.

    Raises:
        ValueError: there is none.
    """
    known = np.flatnonzero(truths.any(axis=0) & ~truths.all(axis=0))
    if not known.size:
        raise ValueError("all entities to learn from have the same labels")
    return known


def classes(truths: IntArray) -> IntArray:
    """Return one class a row: the index of its label, or the number of labels if it has none."""
    none = ~truths.any(axis=1)
    found: IntArray = np.where(none, truths.shape[1], truths.argmax(axis=1))
    return found


def rows_of_classes(predicted: IntArray, labels: int) -> IntArray:
    """Return classes, as `classes` gives them, as rows of labels."""
    rows: IntArray = (np.asarray(predicted)[:, None] == np.arange(labels)[None]).astype(np.int64)
    return rows


def _examples(
    scheme: LabelScheme, sentences: Sequence[AnnotatedSentence]
) -> Iterator[tuple[LocatedSentence, LocatedEntity, dict[str, frozenset[str]]]]:
    """Yield the entities to learn from; where every entity takes a label, those without one are not asked."""
    for sentence in sentences:
        gold, located = gold_labels(sentence), locate_annotated(sentence)
        for entity in located.entities:
            if gold[entity.code] or scheme.none:
                yield located, entity, gold[entity.code]
