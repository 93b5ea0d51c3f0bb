"""Parts of the data that are worth a look of their own."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from model.annotation import AnnotatedSentence
from model.scheme import LabelScheme
from training.evaluation.bootstrap import Bootstrap, Estimate
from training.evaluation.metrics import f1_of, macro_f1_of, stance_counts, triple_counts
from training.evaluation.records import Judged

LENGTHS = ((12, "up to 12 words"), (25, "13 to 25 words"), (40, "26 to 40 words"))
LONGEST = "over 40 words"
MOST_ENTITIES = 4
HEADLINE_WORDS = 14
TITLE_CASE_WORDS = 3
TITLE_CASE_LETTERS = 5
COUNTRY_ENTITIES = 10


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of the data.

    Attributes:
        group: What the data is divided by.
        name: Which part this is.
        indices: Indices of its sentences.
        code: The only holder to look at; None for all.
    """

    group: str
    name: str
    indices: tuple[int, ...]
    code: str | None = None


@dataclass(frozen=True, slots=True)
class SliceMetrics:
    """How well a system does on a slice.

    Attributes:
        group: What the data is divided by.
        name: Which part this is.
        sentences: Number of its sentences.
        entities: Number of their annotated entities.
        gold: Number of annotated stances, by label.
        micro_f1: F1 of all labels pooled.
        macro_f1: Mean F1 of the labels that are annotated or predicted.
        direction_f1: F1 of triples (holder, stance, target); None if the scheme is undirected.
    """

    group: str
    name: str
    sentences: int
    entities: int
    gold: dict[str, int]
    micro_f1: Estimate
    macro_f1: Estimate
    direction_f1: Estimate | None


def is_headline(text: str) -> bool:
    """Whether a text looks like a headline.

    It does if it has at most 14 words and no full stop at its end, or if all its words of five letters and more, at
    least three of them, begin with a capital.
    """
    if len(text.split()) <= HEADLINE_WORDS and not text.rstrip(" \"'”’)").endswith("."):
        return True
    long_words = [word for word in re.findall(r"[^\W\d_]+", text) if len(word) >= TITLE_CASE_LETTERS]
    return len(long_words) >= TITLE_CASE_WORDS and all(word[0].isupper() for word in long_words)


def make_slices(sentences: Sequence[AnnotatedSentence]) -> list[Slice]:
    """Divide sentences by length, number of entities, headline or body, source, and country."""
    members: dict[tuple[str, str], list[int]] = defaultdict(list)
    holders: dict[str, list[int]] = defaultdict(list)
    for index, sentence in enumerate(sentences):
        for group, name in _parts(sentence):
            members[group, name].append(index)
        for entity in sentence.entities:
            holders[entity.code].append(index)
    groups = list(dict.fromkeys(group for group, _ in members))
    ordered = sorted(members, key=lambda part: (groups.index(part[0]), _order(part[1])))
    frequent = sorted(
        (code for code, indices in holders.items() if len(indices) >= COUNTRY_ENTITIES),
        key=lambda code: (-len(holders[code]), code),
    )
    everywhere = tuple(range(len(sentences)))
    return [Slice(group, name, tuple(members[group, name])) for group, name in ordered] + [
        Slice("country", code, everywhere, code) for code in frequent
    ]


def _order(name: str) -> tuple[int, str]:
    """Order lengths by length and everything else by name."""
    lengths = [length for _, length in LENGTHS] + [LONGEST]
    return (lengths.index(name) if name in lengths else 0), name


def _parts(sentence: AnnotatedSentence) -> Iterator[tuple[str, str]]:
    words = len(sentence.text.split())
    yield "length", next((name for limit, name in LENGTHS if words <= limit), LONGEST)
    count = len(sentence.entities)
    yield "entities", f"{MOST_ENTITIES} and more" if count >= MOST_ENTITIES else str(count)
    yield "kind of text", "headline" if is_headline(sentence.text) else "body"
    yield "source", sentence.id.split("-", 1)[0]


def measure_slice(part: Slice, judged: Sequence[Judged], scheme: LabelScheme, *, draws: int, seed: int) -> SliceMetrics:
    """Compute a slice's metrics; `judged` holds all sentences of the data."""
    chosen = [judged[index] for index in part.indices]
    if part.code is not None:
        chosen = [pair.only(part.code) for pair in chosen]
        chosen = [pair for pair in chosen if pair.gold or pair.predicted.labels]
    bootstrap = Bootstrap(len(chosen), draws, seed)
    counts = stance_counts(chosen, scheme.names)
    positives = counts[..., 0] + counts[..., 2]
    return SliceMetrics(
        group=part.group,
        name=part.name,
        sentences=len(chosen),
        entities=sum(len(pair.gold) for pair in chosen),
        gold={label: int(positives[:, position].sum()) for position, label in enumerate(scheme.names)},
        micro_f1=bootstrap.estimate(counts.sum(axis=1), f1_of),
        macro_f1=bootstrap.estimate(counts, macro_f1_of),
        direction_f1=bootstrap.estimate(triple_counts(chosen), f1_of) if scheme.directed else None,
    )
