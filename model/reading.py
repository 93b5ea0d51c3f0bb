"""Documents to sentences with the entities found in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from model.countries.finder import CountryFinder
from model.countries.registry import entity_info
from model.documents import Document, Entity, Kind, Mention, Span
from model.encoding import EncodableSentence
from model.sentences import Sentence, split_sentences


@dataclass(frozen=True, slots=True)
class FoundSentence:
    """A sentence of a document with the entities found in it, in the order of first mention."""

    sentence: Sentence
    entities: tuple[Entity, ...]

    def encodable(self) -> EncodableSentence:
        """Return what the encoder needs: places relative to the sentence."""
        spans = tuple(
            tuple(Span(m.start - self.sentence.start, m.end - self.sentence.start) for m in entity.mentions)
            for entity in self.entities
        )
        return EncodableSentence(self.sentence.text, spans)


class Reader:
    """Splits documents into sentences and finds their entities; build it once and keep it."""

    def __init__(self) -> None:
        self._finder = CountryFinder()

    def read(self, document: Document) -> list[FoundSentence]:
        """Return all sentences of a document, also those without an entity, in the order of the text."""
        sentences = split_sentences(document.text)
        mentions = self._finder.find(document.text, sentences, date=document.date, given=document.entities)
        names = {entity.code: entity.name for entity in document.entities}
        found = []
        position = 0
        for sentence in sentences:
            inside = []
            while position < len(mentions) and mentions[position].start < sentence.end:
                inside.append(mentions[position])
                position += 1
            found.append(FoundSentence(sentence, _entities(inside, names)))
        return found


def _entities(mentions: Sequence[Mention], names: dict[str, str]) -> tuple[Entity, ...]:
    """Group the mentions of one sentence by entity, in the order of first mention."""
    groups: dict[str, list[Mention]] = {}
    for mention in mentions:
        groups.setdefault(mention.code, []).append(mention)
    entities = []
    for code, group in groups.items():
        if code in names:
            entities.append(Entity(code, None, names[code], Kind.CUSTOM, tuple(group)))
        else:
            info = entity_info(code)
            entities.append(Entity(code, info.alpha3, info.name, info.kind, tuple(group)))
    return tuple(entities)
