"""Running a classifier in the two settings: on the annotated entities, and end to end from the raw text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from model.classifier import ModelInfo
from model.documents import Document, Mention, Span
from model.encoding import EncodableSentence
from model.results import DocumentResult
from model.scheme import LabelScheme
from model.scoring import SentenceScores
from training.evaluation.records import FloatArray, LocatedEntity, LocatedSentence, Prediction


class Classifier(Protocol):
    """The part of `model.classifier.StanceClassifier` that the evaluation needs."""

    @property
    def info(self) -> ModelInfo:
        """Name, version and hash of the model."""

    @property
    def scheme(self) -> LabelScheme:
        """The labels that the model predicts."""

    def classify_documents(self, documents: Sequence[Document]) -> list[DocumentResult]:
        """Find entities and predict their stances."""

    def score(self, sentences: Sequence[EncodableSentence]) -> list[SentenceScores]:
        """Return the probabilities of given entities."""

    def decide(self, scores: SentenceScores) -> list[dict[str, list[int]]]:
        """Return each entity's labels with the indices of their targets."""


@dataclass(frozen=True, slots=True)
class EndToEnd:
    """What a classifier makes of raw texts.

    Attributes:
        documents: The classifier's answers, one a text.
        found: The entities that were found.
        predictions: Their stances.
    """

    documents: list[DocumentResult]
    found: list[LocatedSentence]
    predictions: list[Prediction]


def predict_given(classifier: Classifier, sentences: Sequence[LocatedSentence]) -> list[Prediction]:
    """Predict the stances of given entities; each text is scored as one sentence."""
    scored = [sentence for sentence in sentences if sentence.entities]
    encodable = [EncodableSentence(s.text, tuple(entity.spans for entity in s.entities)) for s in scored]
    predictions = {
        sentence.id: _given_prediction(classifier, sentence, scores)
        for sentence, scores in zip(scored, classifier.score(encodable), strict=True)
    }
    return [predictions.get(sentence.id, Prediction({})) for sentence in sentences]


def _given_prediction(classifier: Classifier, sentence: LocatedSentence, scores: SentenceScores) -> Prediction:
    codes = sentence.codes
    decided = classifier.decide(scores)
    labels = {
        code: {label: frozenset(codes[target] for target in targets) for label, targets in stances.items()}
        for code, stances in zip(codes, decided, strict=True)
    }
    return Prediction(
        labels, {code: np.asarray(row, np.float64) for code, row in zip(codes, scores.labels, strict=True)}
    )


def predict_end_to_end(classifier: Classifier, texts: Sequence[tuple[str, str]]) -> EndToEnd:
    """Find entities and predict their stances; each (id, text) is one document."""
    documents = classifier.classify_documents([Document(text, id=name) for name, text in texts])
    found = [
        LocatedSentence(name, text, _found_entities(document))
        for (name, text), document in zip(texts, documents, strict=True)
    ]
    return EndToEnd(documents, found, [document_prediction(document, classifier.scheme) for document in documents])


def document_prediction(document: DocumentResult, scheme: LabelScheme) -> Prediction:
    """Merge a document's sentences: an entity takes the stances, with all targets, that it takes in any of them.

    The probability of a label is the highest of the sentences.
    """
    labels: dict[str, dict[str, frozenset[str]]] = {}
    scores: dict[str, FloatArray] = {}
    for sentence in document.sentences:
        for result in sentence.entities:
            code = result.entity.code
            taken = labels.setdefault(code, {})
            for stance in result.stances:
                targets = frozenset(target.code for target in stance.toward)
                taken[stance.stance] = taken.get(stance.stance, frozenset()) | targets
            row = np.array([result.scores[name] for name in scheme.names], np.float64)
            scores[code] = np.maximum(scores.get(code, row), row)
    return Prediction(labels, scores)


def _found_entities(document: DocumentResult) -> tuple[LocatedEntity, ...]:
    mentions: dict[str, list[Mention]] = {}
    for sentence in document.sentences:
        for result in sentence.entities:
            mentions.setdefault(result.entity.code, []).extend(result.entity.mentions)
    return tuple(LocatedEntity(code, tuple(Span(m.start, m.end) for m in found)) for code, found in mentions.items())
