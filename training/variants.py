"""Further sentences without annotation, made of annotated ones: for students, whose teachers say what they mean.

Three ways, after Tang et al. (2019), *Distilling Task-Specific Knowledge from BERT*, adapted to sentences with
mentions: a part of a sentence cut at its punctuation, two sentences joined to one, and words exchanged for others of
the same length. What comes out need not be good English, only near enough to what a student will meet.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from model.documents import Span
from model.encoding import EncodableSentence

CLAUSE_END = re.compile(r"[,;:]\s+|\s[-–—]\s|\s(?=(?:and|but|while|after|as|which|who|saying|that)\s)")
JOINTS = (", while ", "; ", ", and ", ", after ", " as ", ", adding that ", " - ")
WORD = re.compile(r"[a-z]+")
FEWEST_WORDS = 4
EXCHANGED = 0.15
"""Share of the words that an exchange replaces."""


def variants(sentences: Sequence[EncodableSentence], count: int, seed: int) -> list[EncodableSentence]:
    """Make ``count`` further sentences, each with at least one entity, of sentences with entities.

    Raises:
        ValueError: no sentence has an entity.
    """
    rng = np.random.default_rng(seed)
    sources = [sentence for sentence in sentences if sentence.entities]
    if count and not sources:
        raise ValueError("no sentence with an entity to make variants of")
    words: dict[int, list[str]] = {}
    for sentence in sources:
        for word in WORD.findall(sentence.text):
            words.setdefault(len(word), []).append(word)
    made: list[EncodableSentence] = []
    while len(made) < count:
        first, second = (sources[int(index)] for index in rng.integers(0, len(sources), 2))
        way = rng.random()
        if way < 0.4:
            variant = cut(first, rng)
        elif way < 0.7:
            variant = join(cut(first, rng), cut(second, rng), JOINTS[int(rng.integers(len(JOINTS)))])
        else:
            variant = exchange_words(first, words, rng)
        if variant.entities and len(variant.text.split()) >= FEWEST_WORDS:
            made.append(variant)
    return made


def cut(sentence: EncodableSentence, rng: np.random.Generator) -> EncodableSentence:
    """Return a run of the sentence's clauses, with the entities that are mentioned in it."""
    ends = [match.end() for match in CLAUSE_END.finditer(sentence.text)]
    places = [0, *ends, len(sentence.text)]
    first = int(rng.integers(0, len(places) - 1))
    last = int(rng.integers(first + 1, len(places)))
    start, end = places[first], places[last]
    kept = (
        tuple(Span(span.start - start, span.end - start) for span in spans if start <= span.start and span.end <= end)
        for spans in sentence.entities
    )
    return EncodableSentence(sentence.text[start:end].rstrip(" ,;:-–—"), tuple(spans for spans in kept if spans))


def join(first: EncodableSentence, second: EncodableSentence, joint: str) -> EncodableSentence:
    """Return two sentences as one; entities of both stay different ones."""
    start = first.text.rstrip(".!? ") + joint
    moved = tuple(
        tuple(Span(span.start + len(start), span.end + len(start)) for span in spans) for spans in second.entities
    )
    return EncodableSentence(start + second.text, first.entities + moved)


def exchange_words(
    sentence: EncodableSentence, words: Mapping[int, Sequence[str]], rng: np.random.Generator
) -> EncodableSentence:
    """Exchange some lower-case words outside of mentions for others of the same length, so that spans hold.

    Args:
        sentence: The sentence.
        words: By length, the words to take from; a word that stands there more often is taken more often.
        rng: Source of chance.
    """
    mentioned = {place for spans in sentence.entities for span in spans for place in range(span.start, span.end)}
    text = sentence.text
    for match in WORD.finditer(text):
        others = words.get(len(match.group()), ())
        if others and match.start() not in mentioned and rng.random() < EXCHANGED:
            text = text[: match.start()] + others[int(rng.integers(len(others)))] + text[match.end() :]
    return EncodableSentence(text, sentence.entities)
