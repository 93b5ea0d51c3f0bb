"""What a trained network is worth on annotated sentences, as plain numbers by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from model.annotation import AnnotatedSentence
from model.batching import Scored, equal_length_batches
from model.classifier import ModelInfo, StanceClassifier
from model.config import ModelConfig
from model.encoding import EncodableSentence, Encoder, Row
from model.runtime import build_feed
from model.scheme import LabelScheme
from model.scoring import Scorer, SentenceScores
from training.evaluation.metrics import (
    exact_sentence_counts,
    f1_of,
    macro_f1_of,
    share_of,
    stance_counts,
    triple_counts,
)
from training.evaluation.predictions import Classifier, predict_given
from training.evaluation.records import Judged, Prediction, asked_only, gold_labels, judge, locate_annotated
from training.evaluation.reliability import reliabilities
from training.network import StanceNetwork

Figures = Mapping[str, float | None]
"""Values by the name of their metric; None where a metric is undefined."""


class FloatClassifier(StanceClassifier):
    """A classifier for given entities whose network runs in torch: for networks that are measured and not kept.

    Its decisions are those of `StanceClassifier`. It finds no entities.
    """

    def __init__(self, network: StanceNetwork, encoder: Encoder, config: ModelConfig) -> None:
        """Take a trained network, what encodes its rows, and its calibration and thresholds."""
        self.config = config
        self.scheme = config.scheme
        self.info = ModelInfo(config.name, config.version, "")
        self._network = network.eval()
        self._encoder = encoder
        self._thresholds = _in_order(config.thresholds, config.scheme)
        self._toward_thresholds = _in_order(config.toward_thresholds, config.scheme)

    def score(self, sentences: Sequence[EncodableSentence]) -> list[SentenceScores]:
        """Score the given entities of sentences: one score a sentence, in the order given."""
        rows = self._encoder.encode(sentences)
        # Only its arithmetic is used, for which it needs no runtime.
        scorer = Scorer(self._encoder, None, self.config)  # type: ignore[arg-type]
        return scorer.probabilities(sentences, rows, _logits(self._network, rows))


def judged(classifier: Classifier, sentences: Sequence[AnnotatedSentence]) -> list[Judged]:
    """Put the annotation of sentences beside what a model says of the annotated entities, by its own thresholds."""
    predictions = predict_given(classifier, [locate_annotated(sentence) for sentence in sentences])
    return asked_only(judge([gold_labels(sentence) for sentence in sentences], predictions), classifier.scheme)


def figures(pairs: Sequence[Judged], scheme: LabelScheme) -> dict[str, float | None]:
    """Return the figures of `training.evaluation.metrics`, with given entities.

    Args:
        pairs: Annotation and prediction of each sentence.
        scheme: Names the labels.

    Returns:
        Macro and micro F1, direction F1 where the scheme has one, share of sentences that are wholly right,
        calibration error, and the F1 of each label.
    """
    counts = stance_counts(pairs, scheme.names).sum(axis=0).astype(float)
    values = {"macro F1": float(macro_f1_of(counts)), "micro F1": float(f1_of(counts.sum(axis=0)))}
    if scheme.directed:
        values["direction F1"] = float(f1_of(triple_counts(pairs).sum(axis=0).astype(float)))
    values["exact sentences"] = float(share_of(exact_sentence_counts(pairs).sum(axis=0).astype(float)))
    values |= {f"{name} F1": float(value) for name, value in zip(scheme.names, f1_of(counts), strict=True)}
    error = reliabilities(pairs, scheme.names)[0].error
    defined = {name: value if value == value else None for name, value in values.items()}  # noqa: PLR0124 - NaN
    return defined | {"calibration error": error}


def prediction_record(sentence: AnnotatedSentence, prediction: Prediction, scheme: LabelScheme) -> dict[str, object]:
    """Return what a model says of a sentence's entities as a line of a predictions file, without the text."""
    return {
        "id": sentence.id,
        "file": sentence.file,
        "entities": [
            {
                "code": code,
                "stances": {label: sorted(targets) for label, targets in stances.items()},
                "scores": {
                    name: round(float(score), 4)
                    for name, score in zip(scheme.names, prediction.scores[code], strict=True)
                },
            }
            for code, stances in prediction.labels.items()
        ],
    }


def _in_order(values: Mapping[str, float], scheme: LabelScheme) -> NDArray[np.float64]:
    return np.array([values[name] for name in scheme.names])


def _logits(network: StanceNetwork, rows: Sequence[Row]) -> list[Scored]:
    scored: list[Scored | None] = [None] * len(rows)
    with torch.inference_mode():
        for batch in equal_length_batches(rows):
            feed = {name: torch.from_numpy(array) for name, array in build_feed([rows[i] for i in batch]).items()}
            labels, toward = (tensor.float().numpy() for tensor in network(**feed))
            for place, index in enumerate(batch):
                count = len(rows[index].entities)
                scored[index] = labels[place, :count], toward[place, :count, :count]
    return [row for row in scored if row is not None]
