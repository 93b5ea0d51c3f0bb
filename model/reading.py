"""Documents to sentences with the entities found in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from model.countries.finder import CountryFinder
from model.countries.registry import entity_info
from model.documents import Document, Entity, Kind, Mention, Span
from model.encoding import EncodableSentence
from model.scheme import STANCES, LabelScheme
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

    def __init__(self, scheme: LabelScheme = STANCES) -> None:
        """Look for what the scheme names: countries and blocs, entities of its own, or both."""
        self._own = {entity.code: entity for entity in scheme.gazetteer}
        self._finder = CountryFinder(scheme.gazetteer, countries=scheme.countries)

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
            found.append(FoundSentence(sentence, self._entities(inside, names)))
        return found

    def _entities(self, mentions: Sequence[Mention], names: dict[str, str]) -> tuple[Entity, ...]:
        """Group the mentions of one sentence by entity, in the order of first mention."""
        groups: dict[str, list[Mention]] = {}
        for mention in mentions:
            groups.setdefault(mention.code, []).append(mention)
        return tuple(self._entity(code, tuple(group), names) for code, group in groups.items())

    def _entity(self, code: str, mentions: tuple[Mention, ...], names: dict[str, str]) -> Entity:
        if code in names:
            return Entity(code, None, names[code], Kind.CUSTOM, mentions)
        if code in self._own:
            own = self._own[code]
            return Entity(code, None, own.name, Kind.CUSTOM, mentions, own.type)
        info = entity_info(code)
        return Entity(code, info.alpha3, info.name, info.kind, mentions)
