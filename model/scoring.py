"""Sentences with their entities in, probabilities out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.batching import Flow, Scored, Ticket
from model.calibration import Calibrator, label_calibrator
from model.config import ModelConfig
from model.encoding import EncodableSentence, Encoder, Row
from model.runtime import Runtime

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SentenceScores:
    """Probabilities for the entities of one sentence.

    Attributes:
        labels: That an entity takes a label, ``[entities, labels]``.
        toward: That, if it does, the label is aimed at another entity, ``[entities, entities, labels]``, the holder
            first; 0 on the diagonal, and no labels at all if the scheme is undirected.
    """

    labels: Floats
    toward: Floats


class Scorer:
    """Encodes sentences, asks the network and calibrates what it says."""

    def __init__(self, encoder: Encoder, runtime: Runtime, config: ModelConfig) -> None:
        self.encoder = encoder
        self.runtime = runtime
        self.scheme = config.scheme
        self._calibrate_labels = label_calibrator(config.calibration, self.scheme)
        self._calibrate_toward = Calibrator(config.toward_calibration, self.scheme.names)

    def submit(self, sentences: Sequence[EncodableSentence], flow: Flow | None = None) -> PendingScores:
        """Encode sentences and queue them for the network."""
        return self.submit_rows(sentences, self.encoder.encode(sentences), flow)

    def submit_rows(
        self, sentences: Sequence[EncodableSentence], rows: Sequence[Row], flow: Flow | None = None
    ) -> PendingScores:
        """Queue rows of sentences that are encoded already."""
        return PendingScores(self, sentences, rows, self.runtime.submit(rows, flow))

    def probabilities(
        self, sentences: Sequence[EncodableSentence], rows: Sequence[Row], logits: Sequence[Scored]
    ) -> list[SentenceScores]:
        """Turn the logits of rows into the probabilities of sentences, in the order given."""
        labels = [np.full((len(s.entities), len(self.scheme.labels)), -np.inf, np.float32) for s in sentences]
        toward = [np.full((len(array), *array.shape), -np.inf, np.float32) for array in labels]
        for row, scored in zip(rows, logits, strict=True):
            merge_window(row, scored, labels[row.sentence], toward[row.sentence])
        return [self._calibrated(*arrays) for arrays in zip(labels, toward, strict=True)]

    def _calibrated(self, labels: Floats, toward: Floats) -> SentenceScores:
        aimed = self._calibrate_toward(toward)
        aimed[np.arange(len(aimed)), np.arange(len(aimed))] = 0
        if not self.scheme.directed:
            aimed = aimed[..., :0]
        return SentenceScores(self._calibrate_labels(labels), aimed)


@dataclass(frozen=True, slots=True)
class PendingScores:
    """Sentences that wait for the network."""

    scorer: Scorer
    sentences: Sequence[EncodableSentence]
    rows: Sequence[Row]
    ticket: Ticket

    def result(self, timeout: float | None = None) -> list[SentenceScores]:
        """Wait for the scores: one a sentence, in the order given.

        Args:
            timeout: Seconds to wait at most.

        Raises:
            TimeoutError: they are not there in time.
        """
        return self.scorer.probabilities(self.sentences, self.rows, self.ticket.future.result(timeout))


def merge_window(row: Row, scored: Scored, labels: Floats, toward: Floats) -> None:
    """Write the scores of a window into those of its sentence, where the highest of several windows counts."""
    members = np.array(row.entities)
    labels[members] = np.maximum(labels[members], scored[0])
    pairs = np.ix_(members, members)
    toward[pairs] = np.maximum(toward[pairs], scored[1])
