"""Which sentences are worth a look: uncertain answers on sentences unlike those that were judged.

Uncertainty is the largest binary entropy, in bits, over all entities and labels of a sentence (uncertainty sampling;
Settles 2009, section 3.1). A label's probability is moved first so that its threshold becomes 0.5: what is uncertain
is the decision. Novelty is 1 minus the largest cosine similarity to a judged sentence, over hashed words and pairs of
words with the entities masked. The priority is ``uncertainty * (1 + novelty) / 2``: a sentence like one that was
judged counts half. Everything is deterministic and needs no model.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from model.annotation import AnnotatedSentence, masked_text

SKETCH_SIZE = 256
_MOST = 255


class Judged:
    """Judged sentences, which others are compared with."""

    def __init__(self, sketches: Sequence[bytes]) -> None:
        """Read their sketches."""
        self._rows = _unit_rows(sketches)

    def novelties(self, sketches: Sequence[bytes]) -> list[float]:
        """Return the novelty, in [0, 1], of each sentence."""
        if not sketches or not len(self._rows):
            return [1.0] * len(sketches)
        similar = (_unit_rows(sketches) @ self._rows.T).max(axis=1)
        return [round(max(0.0, 1 - float(value)), 4) for value in similar]


def uncertainty(entities: Sequence[Mapping[str, Any]], thresholds: Mapping[str, float]) -> float:
    """Return how uncertain the answer for a sentence is.

    Args:
        entities: Its entities as answered, with ``scores``.
        thresholds: Per label, the probability from which it is taken; 0.5 where there is none.

    Returns:
        Bits, in [0, 1]; 0 for a sentence without entities.
    """
    return max(
        (
            _entropy(_centred(score, thresholds.get(label, 0.5)))
            for entity in entities
            for label, score in entity["scores"].items()
        ),
        default=0.0,
    )


def sketch(sentence: AnnotatedSentence) -> bytes:
    """Return what a sentence is compared by: ``SKETCH_SIZE`` counts of hashed words and pairs of words."""
    words = re.findall(r"\w+|@", masked_text(sentence).casefold())
    counts = [0] * SKETCH_SIZE
    for term in [*words, *map(" ".join, pairwise(words))]:
        place = crc32(term.encode()) % SKETCH_SIZE
        counts[place] = min(counts[place] + 1, _MOST)
    return bytes(counts)


def priority(uncertain: float, novel: float) -> float:
    """Return the order in which sentences are offered, the greatest first."""
    return uncertain * (1 + novel) / 2


def _unit_rows(sketches: Sequence[bytes]) -> NDArray[np.float32]:
    rows = np.frombuffer(b"".join(sketches), np.uint8).reshape(len(sketches), SKETCH_SIZE).astype(np.float32)
    lengths = np.sqrt((rows * rows).sum(axis=1, keepdims=True))
    unit: NDArray[np.float32] = rows / np.maximum(lengths, np.float32(1))
    return unit


def _centred(score: float, threshold: float) -> float:
    """Stretch both sides of a threshold so that it lies at 0.5."""
    if score < threshold:
        return score / threshold / 2
    return 1 - (1 - score) / (1 - threshold) / 2 if threshold < 1 else 0.5


def _entropy(probability: float) -> float:
    if not 0 < probability < 1:
        return 0.0
    rest = 1 - probability
    return -probability * math.log2(probability) - rest * math.log2(rest)
