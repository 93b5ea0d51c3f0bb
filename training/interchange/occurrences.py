"""What annotation tools hold: places in a text, and statements between them.

An annotated sentence lists each distinct form of a mention once; a tool holds every place where one stands. Both ways
keep all there is to know: a sentence becomes all its places, and places become their distinct forms.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from model.annotation import AnnotatedSentence, mention_spans, read_entities
from training.reading.marks import SOURCE, TARGET


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A place where an entity is mentioned; offsets count Unicode code points of the sentence."""

    code: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Statement:
    """That an entity takes a stance, toward another one or, if the target is None, toward nobody."""

    holder: str
    stance: str
    target: str | None


def occurrences(sentence: AnnotatedSentence) -> list[Occurrence]:
    """Find all places of the entities of a sentence: entity by entity, form by form, in the order of the annotation.

    A form that stands nowhere by itself, but only inside a longer form or a word, gets its first place there; only such
    places overlap.
    """
    found: list[Occurrence] = []
    for entity, spans in zip(sentence.entities, mention_spans(sentence), strict=True):
        for form in dict.fromkeys(entity.mentions):
            places = [span.start for span in spans if sentence.text[span.start : span.end] == form]
            found += (
                Occurrence(entity.code, start, start + len(form)) for start in places or [sentence.text.index(form)]
            )
    return found


def statements(sentence: AnnotatedSentence) -> Iterator[Statement]:
    """Yield the stances of a sentence, one for each target, or one without a target."""
    for entity in sentence.entities:
        for stance, targets in entity.stances.items():
            for target in targets or (None,):
                yield Statement(entity.code, stance, target)


def assemble(id: str, text: str, places: Sequence[Occurrence], stated: Iterable[Statement]) -> dict[str, Any]:
    """Make a record of places and statements: entities in the order of first mention, each distinct form once.

    As in the seeds, a form counts from where its letters first stand, be it inside a longer one.

    Raises:
        ValueError: a place lies outside the text, or a statement names an entity without a place.
    """
    forms: dict[str, list[str]] = {}
    for place in places:
        if not 0 <= place.start < place.end <= len(text):
            raise ValueError(f"{place.code}: offsets {place.start} to {place.end} do not lie in the text")
        forms.setdefault(place.code, []).append(text[place.start : place.end])
    stances: dict[str, dict[str, list[str]]] = {code: {} for code in forms}
    for statement in stated:
        if statement.holder not in forms:
            raise ValueError(f"{statement.holder} takes the stance {statement.stance} without being mentioned")
        targets = stances[statement.holder].setdefault(statement.stance, [])
        # A statement between two mentions of one entity is how tools without labels of entities say "toward nobody".
        if statement.target not in (None, statement.holder, *targets):
            targets.append(str(statement.target))
    entities = [
        {"code": code, "mentions": list(dict.fromkeys(forms[code])), "stances": stances[code]}
        for code in sorted(forms, key=lambda code: min(map(text.index, forms[code])))
    ]
    return with_own_codes(with_places({"id": id, "text": text, "entities": entities}, places))


def with_places(record: dict[str, Any], places: Iterable[Occurrence]) -> dict[str, Any]:
    """Return a record that keeps the exact places of its mentions if they are not those of its forms.

    Places that overlap cannot be kept; then the forms alone count.
    """
    placed = set(places)
    bare = AnnotatedSentence(record["id"], record["text"], read_entities(record["entities"]))
    ends = [(place.start, place.end) for place in sorted(placed, key=lambda place: (place.start, place.end))]
    if placed == set(occurrences(bare)) or any(one[1] > other[0] for one, other in pairwise(ends)):
        return record
    entities = [
        entity | {"spans": sorted([place.start, place.end] for place in placed if place.code == entity["code"])}
        for entity in record["entities"]
    ]
    return record | {"entities": entities}


def with_own_codes(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record that declares the codes of pair rows as the annotator's own, if it has any."""
    own = [entity["code"] for entity in record["entities"] if entity["code"] in (SOURCE, TARGET)]
    return record | {"custom": own} if own else record


def utf16_to_code_points(text: str, start: int, end: int) -> tuple[int, int]:
    """Turn offsets that count UTF-16 units, as JavaScript does, into offsets that count code points."""
    units = text.encode("utf-16-le")
    return tuple(len(units[: 2 * offset].decode("utf-16-le", "ignore")) for offset in (start, end))  # type: ignore[return-value]
