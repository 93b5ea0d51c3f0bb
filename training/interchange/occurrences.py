"""What annotation tools hold: places in a text, and statements between them.

An annotated sentence lists each distinct form of a mention once; a tool holds every place where one stands. Both ways
keep all there is to know: a sentence becomes all its places, and places become their distinct forms.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from model.annotation import AnnotatedSentence, mention_spans
from model.scheme import STANCES, LabelScheme
from training.corpus import record_faults, sentence_of


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


@dataclass(slots=True)
class Reading:
    """What reading a file gave.

    Attributes:
        sentences: The faultless sentences.
        faults: One text each, with file and line, task or row.
    """

    sentences: list[AnnotatedSentence] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


class Collector:
    """Checks sentences one by one; a faulty one does not cost the others."""

    def __init__(self, path: Path, scheme: LabelScheme = STANCES) -> None:
        """Collect the sentences of a file."""
        self.reading = Reading()
        self._path = path
        self._scheme = scheme
        self._seen: dict[str, str] = {}

    def add(self, place: str, record: dict[str, Any]) -> None:
        """Take a record in the form of annotated files, or its faults; ``place`` says where in the file it stands."""
        faults = list(record_faults(record, self._scheme))
        if not faults and (first := self._seen.setdefault(record["id"], place)) != place:
            faults.append(f"id {record['id']!r} stands at {first} already")
        for fault in faults:
            self.fault(place, fault)
        if not faults:
            self.reading.sentences.append(sentence_of(record, self._path.name))

    def fault(self, place: str, fault: str) -> None:
        """Take note that something cannot be read."""
        self.reading.faults.append(f"{self._path}:{place}: {fault}")


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
    return {"id": id, "text": text, "entities": entities}


def utf16_to_code_points(text: str, start: int, end: int) -> tuple[int, int]:
    """Turn offsets that count UTF-16 units, as JavaScript does, into offsets that count code points."""
    units = text.encode("utf-16-le")
    return tuple(len(units[: 2 * offset].decode("utf-16-le", "ignore")) for offset in (start, end))  # type: ignore[return-value]
