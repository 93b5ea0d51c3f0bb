"""What can be counted of annotated sentences."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from model.annotation import AnnotatedEntity, AnnotatedSentence, mention_spans
from model.encoding import Encoder, mask
from model.scheme import LabelScheme
from training.examples import encodable
from training.splits import NearDuplicate

NONE = "none"
RARE = 20
"""Annotated cases below which a label is rare: too few to learn from, and to say how well it is learned."""

Parts = Mapping[str, Sequence[AnnotatedSentence]]
"""Annotated sentences by the part of the data that they belong to: train, dev, test, against."""


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long sentences are: mean, median, 95th percentile and the longest."""

    mean: float
    median: float
    p95: float
    longest: int


@dataclass(frozen=True, slots=True)
class PartSummary:
    """One part in figures.

    Attributes:
        sentences: Number of sentences.
        entities: Number of entities, counted once a sentence.
        asked: Number of them whose labels are annotated: all, but of pair rows only the sources.
        without_label: Number of sentences in which nobody takes a label.
        labels: How often each label is taken.
        combinations: How often each set of labels is taken by one entity, the most frequent first.
        targets: Number of targets of all labels.
        words: Lengths in words.
        tokens: Lengths in tokens, mentions masked as the network reads them.
        window: Tokens that the network reads at once.
        over_window: Number of sentences that are longer.
        same_texts: Number of sentences whose text stood before in the part (pair rows of one text, for instance).
        near_duplicates: Number of sentences that are near-duplicates of an earlier one of the part.
    """

    sentences: int
    entities: int
    asked: int
    without_label: int
    labels: dict[str, int]
    combinations: dict[str, int]
    targets: int
    words: Lengths
    tokens: Lengths
    window: int
    over_window: int
    same_texts: int
    near_duplicates: int


@dataclass(frozen=True, slots=True)
class Reading:
    """One of several annotations of the same words: where it stands, and the labels that it gives."""

    part: str
    id: str
    labels: str


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Sentences that say the same but for the names of the entities, and have different labels."""

    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True)
class RareLabel:
    """A label with few cases; ``missing`` are the parts without any."""

    label: str
    count: int
    missing: tuple[str, ...]


def summary(
    sentences: Sequence[AnnotatedSentence], alike: Collection[NearDuplicate], scheme: LabelScheme, encoder: Encoder
) -> PartSummary:
    """Count what a part holds, of whose sentences it is known which are alike."""
    asked = [entity for sentence in sentences for entity in asked_entities(sentence)]
    taken = Counter(label for entity in asked for label in entity.stances)
    combinations = Counter(" + ".join(sorted(entity.stances, key=scheme.names.index)) or NONE for entity in asked)
    tokens = _token_counts(sentences, encoder)
    return PartSummary(
        sentences=len(sentences),
        entities=sum(len(sentence.entities) for sentence in sentences),
        asked=len(asked),
        without_label=sum(not any(e.stances for e in asked_entities(sentence)) for sentence in sentences),
        labels={name: taken[name] for name in scheme.names},
        combinations=dict(combinations.most_common()),
        targets=sum(len(targets) for entity in asked for targets in entity.stances.values()),
        words=_lengths([len(re.findall(r"\w+", sentence.text)) for sentence in sentences]),
        tokens=_lengths(tokens),
        window=encoder.max_tokens,
        over_window=sum(count > encoder.max_tokens for count in tokens),
        same_texts=len({pair.second for pair in alike if pair.same_text}),
        near_duplicates=len({pair.second for pair in alike if not pair.same_text}),
    )


def asked_entities(sentence: AnnotatedSentence) -> list[AnnotatedEntity]:
    """Return the entities whose labels are annotated."""
    holders = sentence.holders
    return [entity for entity in sentence.entities if holders is None or entity.code in holders]


def contradictions(parts: Parts, scheme: LabelScheme) -> list[Contradiction]:
    """List sentences whose words are the same but for the entities' names, and whose labels are not."""
    found: dict[tuple[str, int | None], list[Reading]] = defaultdict(list)
    for part, sentences in parts.items():
        for sentence in sentences:
            order = _in_order(sentence)
            key = _words(sentence, order), _holder(sentence, order)
            found[key].append(Reading(part, sentence.id, _labels(order, scheme)))
    differing = (readings for readings in found.values() if len({reading.labels for reading in readings}) > 1)
    return [Contradiction(tuple(readings)) for readings in differing]


def rare_labels(summaries: Mapping[str, PartSummary], scheme: LabelScheme) -> list[RareLabel]:
    """List the labels with fewer than `RARE` cases, or with none in a part, the rarest first."""
    rare = []
    for name in scheme.names:
        counts = {part: summary.labels[name] for part, summary in summaries.items()}
        missing = tuple(part for part, count in counts.items() if not count)
        if sum(counts.values()) < RARE or missing:
            rare.append(RareLabel(name, sum(counts.values()), missing))
    return sorted(rare, key=lambda label: label.count)


def _token_counts(sentences: Sequence[AnnotatedSentence], encoder: Encoder) -> list[int]:
    texts = [mask(encodable(sentence))[0] for sentence in sentences]
    return [len(encoding.ids) for encoding in encoder.tokenizer.encode_batch_fast(texts, add_special_tokens=True)]


def _lengths(counts: Sequence[int]) -> Lengths:
    if not counts:
        return Lengths(0.0, 0.0, 0.0, 0)
    median, p95 = np.percentile(counts, [50, 95])
    mean = float(np.mean(counts))
    return Lengths(round(mean, 1), round(float(median), 1), round(float(p95), 1), max(counts))


def _in_order(sentence: AnnotatedSentence) -> list[tuple[AnnotatedEntity, list[tuple[int, int]]]]:
    """Return the entities with their places, in the order of first mention."""
    places = ([(span.start, span.end) for span in spans] for spans in mention_spans(sentence))
    return sorted(zip(sentence.entities, places, strict=True), key=lambda item: item[1][0])


def _words(sentence: AnnotatedSentence, order: Iterable[tuple[AnnotatedEntity, list[tuple[int, int]]]]) -> str:
    """Return the words of a sentence, numbers in place of its entities."""
    text = sentence.text
    spans = [(start, end, number) for number, (_, places) in enumerate(order) for start, end in places]
    for start, end, number in sorted(spans, reverse=True):
        text = f"{text[:start]} @{number} {text[end:]}"
    return " ".join(re.findall(r"\w+|@\d+", text.casefold()))


def _holder(sentence: AnnotatedSentence, order: Iterable[tuple[AnnotatedEntity, list[tuple[int, int]]]]) -> int | None:
    """Return the number of the source of a pair row, whose reverse may be annotated too; None for other sentences."""
    if sentence.holders is None:
        return None
    return next((number for number, (entity, _) in enumerate(order) if entity.code in sentence.holders), -1)


def _labels(order: Sequence[tuple[AnnotatedEntity, list[tuple[int, int]]]], scheme: LabelScheme) -> str:
    """Return the labels in words, the entities by their numbers."""
    numbers = {entity.code: str(number + 1) for number, (entity, _) in enumerate(order)}
    parts = [
        f"{numbers[entity.code]} {label}" + "".join(f" → {number}" for number in sorted(numbers[t] for t in targets))
        for entity, _ in order
        for label, targets in sorted(entity.stances.items(), key=lambda item: scheme.names.index(item[0]))
    ]
    return ", ".join(parts) or NONE
