"""Mistakes grouped by what they share: the labels that are confused, and the words around the entities.

Within each kind of confusion, the sentences with the entity and the others masked become TF-IDF vectors, and Ward's
agglomerative clustering (1963) puts together those that use the same words.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.cluster import AgglomerativeClustering
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, TfidfVectorizer

from training.evaluation.marking import OTHER, SELF, mark
from training.evaluation.metrics import NONE
from training.evaluation.records import IntArray, Judged, LocatedSentence

PER_CLUSTER = 8
"""Mistakes that a cluster should hold, about: one kind of confusion has as many clusters as that makes."""
MOST_PER_KIND = 6
SMALLEST = 2
WORDS = 6
EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class ErrorCluster:
    """Mistakes that share what is confused and the words around it.

    Attributes:
        annotated: The label that is missed, or ``none``.
        predicted: The label that is made up, or ``none``.
        size: Number of mistakes.
        words: Words that set its sentences apart from the other mistakes, each in several of them; the clearest first.
        ids: Its records.
        examples: Sentences nearest to its centre; None if texts are left out.
    """

    annotated: str
    predicted: str
    size: int
    words: tuple[str, ...]
    ids: tuple[str, ...]
    examples: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class _Mistake:
    id: str
    text: str
    masked: str


def error_clusters(
    sentences: Sequence[LocatedSentence], judged: Sequence[Judged], *, texts: bool, limit: int = 20
) -> list[ErrorCluster]:
    """Group the mistakes of a system, the largest groups first.

    Args:
        sentences: What was classified, with the entities that were given or found.
        judged: The answers beside the annotation.
        texts: Whether clusters show sentences.
        limit: How many clusters to return.
    """
    kinds: dict[tuple[str, str], list[_Mistake]] = defaultdict(list)
    for kind, mistake in _mistakes(sentences, judged):
        kinds[kind].append(mistake)
    everything = [mistake for mistakes in kinds.values() for mistake in mistakes]
    if len(everything) < SMALLEST:
        return []
    vectorizer = TfidfVectorizer(
        stop_words=sorted({*ENGLISH_STOP_WORDS, SELF, OTHER}), sublinear_tf=True, token_pattern=r"(?u)\b[^\W\d_]{2,}\b"
    )
    try:
        vectors: csr_matrix = vectorizer.fit_transform([mistake.masked for mistake in everything])
    except ValueError:  # No sentence has a word that says anything.
        return []
    vocabulary, first = vectorizer.get_feature_names_out(), 0
    clusters: list[ErrorCluster] = []
    for kind, mistakes in kinds.items():
        rows = np.arange(first, first + len(mistakes))
        first += len(mistakes)
        for members in _divide(rows, vectors):
            if len(members) >= SMALLEST:
                chosen = [everything[index] for index in _from_centre(members, vectors)]
                words = _words(members, vectors, vocabulary)
                examples = tuple(mistake.text for mistake in chosen[:EXAMPLES]) if texts else None
                ids = tuple(mistake.id for mistake in chosen)
                clusters.append(ErrorCluster(*kind, len(members), words, ids, examples))
    return sorted(clusters, key=lambda cluster: (-cluster.size, cluster.annotated, cluster.predicted))[:limit]


def _mistakes(
    sentences: Sequence[LocatedSentence], judged: Sequence[Judged]
) -> Iterator[tuple[tuple[str, str], _Mistake]]:
    """Yield mistakes with what is confused: as in the confusion matrix, a miss pairs with what is made up instead."""
    for sentence, pair in zip(sentences, judged, strict=True):
        for entity in sentence.entities:
            gold = set(pair.gold.get(entity.code, {}))
            predicted = set(pair.predicted.labels.get(entity.code, {}))
            if gold != predicted:
                mistake = _Mistake(sentence.id, sentence.text, mark(sentence, entity))
                for missed in sorted(gold - predicted) or [NONE]:
                    for spurious in sorted(predicted - gold) or [NONE]:
                        yield (missed, spurious), mistake


def _divide(rows: IntArray, vectors: csr_matrix) -> list[IntArray]:
    count = min(max(1, round(len(rows) / PER_CLUSTER)), MOST_PER_KIND)
    if count == 1:
        return [rows]
    groups = AgglomerativeClustering(count, linkage="ward").fit_predict(vectors[rows].toarray())
    return [rows[groups == group] for group in range(count)]


def _from_centre(members: IntArray, vectors: csr_matrix) -> IntArray:
    """Return a cluster's rows, the nearest to its centre first."""
    dense = vectors[members].toarray()
    return members[np.argsort(-(dense @ dense.mean(axis=0)), kind="stable")]


def _words(members: IntArray, vectors: csr_matrix, vocabulary: Sequence[str]) -> tuple[str, ...]:
    own = np.asarray(vectors[members].mean(axis=0)).ravel()
    # What is frequent here counts, and counts more if it is rarer among the other mistakes.
    weights = 2 * own - np.asarray(vectors.mean(axis=0)).ravel()
    # A word of a single sentence says nothing of the others, and might tell the sentence.
    shared = np.asarray((vectors[members] > 0).sum(axis=0)).ravel() >= SMALLEST
    order = np.argsort(-weights, kind="stable")
    return tuple([str(vocabulary[index]) for index in order if shared[index] and weights[index] > 0][:WORDS])
