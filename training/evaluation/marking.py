"""A sentence as text for systems that read one entity at a time, and which other entity is nearest to it."""

from __future__ import annotations

from model.documents import Span
from training.evaluation.records import LocatedEntity, LocatedSentence

SELF, OTHER = "entityself", "entityother"


def mark(sentence: LocatedSentence, entity: LocatedEntity) -> str:
    """Return a sentence with an entity's mentions replaced by one word and those of the others by another."""
    parts, place = [], 0
    for start, end, word in _places(sentence, entity):
        if start >= place:
            parts += [sentence.text[place:start], word]
            place = end
    return "".join([*parts, sentence.text[place:]])


def enclose(sentence: LocatedSentence, entity: LocatedEntity) -> str:
    """Return a sentence with an entity's mentions as ``<s>…</s>`` and those of the others as ``<t>…</t>``."""
    parts, place = [], 0
    for start, end, word in _places(sentence, entity):
        if start >= place:
            tag = "s" if word == SELF else "t"
            parts += [sentence.text[place:start], f"<{tag}>{sentence.text[start:end]}</{tag}>"]
            place = end
    return "".join([*parts, sentence.text[place:]])


def nearest(sentence: LocatedSentence, entity: LocatedEntity) -> frozenset[str]:
    """Return the code of the other entity that is mentioned closest to an entity; empty if there is none."""
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


def _places(sentence: LocatedSentence, entity: LocatedEntity) -> list[tuple[int, int, str]]:
    """Return start, end and word of every mention, in the order of the text; at one place the entity's own first."""
    spans = ((s.start, s.end, SELF if other is entity else OTHER) for other in sentence.entities for s in other.spans)
    return sorted(spans, key=lambda span: (span[0], span[2] == OTHER))
