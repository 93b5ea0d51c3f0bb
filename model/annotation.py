"""Annotated sentences: what they are, and what the guidelines' record format allows.

`seeds/annotation-guidelines.md` says what each field means. Files of annotated sentences are read by `training`; the
service checks corrections with the same rules.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from model.countries.registry import is_known_code
from model.documents import Span
from model.scheme import LabelScheme


@dataclass(frozen=True, slots=True)
class AnnotatedEntity:
    """A country of an annotated sentence.

    Attributes:
        code: Its code.
        mentions: Its surface forms.
        stances: The targets of each stance that it takes.
        spans: The exact places of its mentions where the annotation marks them; without any, all places where its
            forms stand as whole words.
    """

    code: str
    mentions: tuple[str, ...]
    stances: dict[str, tuple[str, ...]]
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class AnnotatedSentence:
    """One annotated sentence.

    Attributes:
        id: Its name.
        text: The sentence.
        entities: Its entities.
        file: Name of the file that it was read from.
        holders: Codes of the entities whose stances are annotated, if not all are: of a pair row, the source.
    """

    id: str
    text: str
    entities: tuple[AnnotatedEntity, ...]
    file: str = field(default="", compare=False)
    holders: tuple[str, ...] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class AnnotationFault:
    """One thing that is wrong with the annotation of a sentence.

    Attributes:
        path: Where, as keys and indices from the record, for instance ``("entities", 1, "mentions", 0)``.
        reason: What is wrong.
        subject: The field or the code that it is about, for messages without a path.
    """

    path: tuple[str | int, ...]
    reason: str
    subject: str

    def __str__(self) -> str:
        """Return the fault as one short text."""
        return f"{self.subject}: {self.reason}"


def read_entities(entities: Collection[Mapping[str, Any]]) -> tuple[AnnotatedEntity, ...]:
    """Return faultless entities of a record as dataclasses."""
    return tuple(
        AnnotatedEntity(
            entity["code"],
            tuple(entity["mentions"]),
            {stance: tuple(toward) for stance, toward in entity["stances"].items()},
            tuple(Span(start, end) for start, end in entity.get("spans", ())),
        )
        for entity in entities
    )


def text_key(text: str) -> str:
    """Return what tells a sentence from others: its words, whatever the letter case and the punctuation."""
    return re.sub(r"\W+", " ", text).casefold().strip()


def mention_spans(sentence: AnnotatedSentence) -> list[list[Span]]:
    """Find the places of each entity's mentions: one list per entity, no overlaps.

    Marked places are as they are marked; else every whole-word place of the entity's forms counts, longest forms first.
    """
    spans = [sorted(entity.spans, key=lambda span: span.start) for entity in sentence.entities]
    marked = [span for entity in sentence.entities for span in entity.spans]
    open_ = [(index, entity) for index, entity in enumerate(sentence.entities) if not entity.spans]
    owner = {form: index for index, entity in open_ for form in entity.mentions}
    if owner:
        for match in _form_pattern(owner).finditer(sentence.text):
            if not any(span.start < match.end() and match.start() < span.end for span in marked):
                spans[owner[match.group()]].append(Span(*match.span()))
    # A form that only stands inside another entity's longer form, or inside a word, still is where it is.
    for index, entity in open_:
        if not spans[index]:
            start = sentence.text.index(entity.mentions[0])
            spans[index].append(Span(start, start + len(entity.mentions[0])))
    return spans


def masked_text(sentence: AnnotatedSentence) -> str:
    """Return the text with ``@`` in place of every mention, so that only what is said of the entities is left."""
    text = sentence.text
    for start, end in sorted(((s.start, s.end) for spans in mention_spans(sentence) for s in spans), reverse=True):
        text = f"{text[:start]}@{text[end:]}"
    return text


def annotation_faults(
    text: Any, entities: Any, scheme: LabelScheme, custom: Collection[str] = ()
) -> Iterator[AnnotationFault]:
    """Yield what is wrong with the annotation of a sentence; text and entities are plain JSON data.

    Args:
        text: The sentence.
        entities: Its entities, each with ``code``, ``mentions``, ``stances`` and perhaps ``spans``.
        scheme: The labels that may be given.
        custom: Codes of the annotator's own, which are allowed besides the known ones and those of the scheme.
    """
    if not isinstance(text, str) or not text.strip():
        yield AnnotationFault(("text",), "missing or empty", "text")
        return
    if "\0" in text or not _encodable(text):
        yield AnnotationFault(("text",), "holds a NUL or a lone surrogate", "text")
    if not isinstance(entities, list) or not all(isinstance(entity, dict) for entity in entities):
        yield AnnotationFault(("entities",), "missing or not a list of objects", "entities")
        return
    codes = [entity.get("code") for entity in entities]
    for code, times in Counter(map(str, codes)).items():
        if times > 1:
            yield AnnotationFault(("entities",), f"{code} stands {times} times", "entities")
    for index, entity in enumerate(entities):
        yield from _entity_faults(("entities", index), entity, text, codes, scheme, custom)
    yield from _overlap_faults(entities)


def _entity_faults(
    path: tuple[str | int, ...],
    entity: Mapping[str, Any],
    text: str,
    codes: list[Any],
    scheme: LabelScheme,
    custom: Collection[str],
) -> Iterator[AnnotationFault]:
    code = entity.get("code")
    if not isinstance(code, str) or not (is_known_code(code) or code in scheme.codes or code in custom):
        yield AnnotationFault((*path, "code"), f"unknown code {code!r}", "code")
    yield from _mention_faults((*path, "mentions"), entity, text)
    yield from _span_faults((*path, "spans"), entity, text)
    yield from _stance_faults((*path, "stances"), entity, codes, scheme)


def _mention_faults(path: tuple[str | int, ...], entity: Mapping[str, Any], text: str) -> Iterator[AnnotationFault]:
    code, mentions = str(entity.get("code")), entity.get("mentions")
    if not isinstance(mentions, list) or not mentions:
        yield AnnotationFault(path, "no mentions", code)
        return
    for index, mention in enumerate(mentions):
        if not isinstance(mention, str) or not mention.strip() or mention not in text:
            yield AnnotationFault((*path, index), f"mention {mention!r} is not in the text", code)
        elif mention in mentions[:index]:
            yield AnnotationFault((*path, index), f"mention {mention!r} stands twice", code)


def _span_faults(path: tuple[str | int, ...], entity: Mapping[str, Any], text: str) -> Iterator[AnnotationFault]:
    code, mentions, spans = str(entity.get("code")), entity.get("mentions"), entity.get("spans", [])
    if not isinstance(spans, list):
        yield AnnotationFault(path, "spans: not a list of pairs of offsets", code)
        return
    for index, span in enumerate(spans):
        if not _is_span(span, len(text)):
            yield AnnotationFault((*path, index), f"span {span!r} is no pair of offsets in the text", code)
        elif isinstance(mentions, list) and (form := text[span[0] : span[1]]) not in mentions:
            yield AnnotationFault((*path, index), f"span {span!r} is {form!r}, which is none of the mentions", code)
    if spans and isinstance(mentions, list) and all(_is_span(span, len(text)) for span in spans):
        forms = [text[start:end] for start, end in spans]
        for mention in (mention for mention in mentions if mention not in forms):
            yield AnnotationFault(path, f"no span is the mention {mention!r}", code)


def _overlap_faults(entities: list[Mapping[str, Any]]) -> Iterator[AnnotationFault]:
    """Yield the spans that begin before another one ends."""
    placed = [
        (tuple(span), index)
        for index, entity in enumerate(entities)
        if isinstance(entity.get("spans"), list)
        for span in entity["spans"]
        if _is_span(span)
    ]
    placed.sort()
    for (before, _), (span, index) in pairwise(placed):
        if span[0] < before[1]:
            reason = f"spans {list(before)} and {list(span)} overlap"
            yield AnnotationFault(("entities", index, "spans"), reason, str(entities[index].get("code")))


def _is_span(span: Any, length: int = sys.maxsize) -> bool:
    if not isinstance(span, list) or len(span) != 2 or not all(type(offset) is int for offset in span):
        return False
    return bool(0 <= span[0] < span[1] <= length)


def _stance_faults(
    path: tuple[str | int, ...], entity: Mapping[str, Any], codes: list[Any], scheme: LabelScheme
) -> Iterator[AnnotationFault]:
    code, stances = str(entity.get("code")), entity.get("stances")
    if not isinstance(stances, dict):
        yield AnnotationFault(path, "stances: missing or not an object", code)
        return
    if not scheme.multi_label and len(stances) > 1:
        yield AnnotationFault(path, f"several labels, but the scheme {scheme.name!r} allows one", code)
    for stance, toward in stances.items():
        place = (*path, stance)
        if stance not in scheme.names:
            yield AnnotationFault(place, f"unknown stance {stance!r} (known: {', '.join(scheme.names)})", code)
        if not isinstance(toward, list):
            yield AnnotationFault(place, f"{stance}: targets are not a list", code)
            continue
        if toward and not scheme.directed:
            yield AnnotationFault(place, f"{stance} toward others, but the scheme {scheme.name!r} has no targets", code)
            continue
        for index, target in enumerate(toward):
            if target not in codes:
                reason = f"{stance} toward {target!r}, which is no entity of this sentence"
                yield AnnotationFault((*place, index), reason, code)
            elif target == code:
                yield AnnotationFault((*place, index), f"{stance} toward itself", code)
            elif target in toward[:index]:
                yield AnnotationFault((*place, index), f"{stance} toward {target!r} twice", code)


def _form_pattern(forms: Mapping[str, int]) -> re.Pattern[str]:
    longest_first = sorted(forms, key=len, reverse=True)
    return re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, longest_first)) + r")(?!\w)")


def _encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
