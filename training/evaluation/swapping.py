"""Replacing the countries of a document by others, each mention by a word of the same kind."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from model.documents import Kind, Mention, Source, Span
from model.encoding import EncodableSentence
from model.results import DocumentResult, SentenceResult

BLOCS = {
    "EU": "European Union",
    "NATO": "NATO",
    "UN": "United Nations",
    "G7": "G7",
    "G20": "G20",
    "AFRICAN_UNION": "African Union",
    "ARAB_LEAGUE": "Arab League",
    "ASEAN": "ASEAN",
    "OPEC": "OPEC",
}
ABBREVIATION_LETTERS = 4
"""Upper-case mentions up to this length may be abbreviations, and say nothing of the replacement's case."""


@dataclass(frozen=True, slots=True)
class CountryForms:
    """The words that stand for a country in a swapped text."""

    code: str
    name: str
    adjective: str
    people: str
    capital: str
    seat: str
    body: str
    person: str

    def like(self, mention: Mention) -> str:
        """Return the word of the mention's kind."""
        match mention.source:
            case Source.ADJECTIVE:
                form = self.people if mention.text.lower().endswith("s") else self.adjective
            case Source.CAPITAL:
                form = self.capital
            case Source.SEAT:
                form = self.seat
            case Source.BODY:
                form = self.body
            case Source.TITLE | Source.OFFICE_HOLDER | Source.INTRODUCED:
                form = self.person
            case _:
                form = self.name
        return form or self.capital


@dataclass(frozen=True, slots=True)
class SwappedDocument:
    """A document with its countries replaced.

    Attributes:
        text: The new text.
        codes: Old code to new code of every entity of the document.
        originals: The document's sentences that have entities, with the mentions that were found.
        sentences: The same sentences with the replacements in the place of these mentions.
    """

    text: str
    codes: Mapping[str, str]
    originals: tuple[EncodableSentence, ...]
    sentences: tuple[EncodableSentence, ...]


@cache
def country_forms() -> dict[str, CountryForms]:
    """Read the forms of the countries that take the places of others, by code."""
    lines = (files(__package__) / "swap_forms.tsv").read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader((line for line in lines if not line.startswith("#")), delimiter="\t")
    return {row["code"]: CountryForms(**row) for row in rows}


def draw_codes(document: DocumentResult, rng: np.random.Generator) -> dict[str, str] | None:
    """Draw another country for every country and another bloc for every bloc of a document, no two alike.

    Returns:
        Old code to new code; None if the document names more countries or blocs than there are to replace them.
    """
    kinds = {r.entity.code: r.entity.kind for sentence in document.sentences for r in sentence.entities}
    drawn: dict[str, str] = {}
    for pool, codes in (
        (list(country_forms()), [code for code, kind in kinds.items() if kind != Kind.BLOC]),
        (list(BLOCS), [code for code, kind in kinds.items() if kind == Kind.BLOC]),
    ):
        free = [code for code in pool if code not in kinds]
        if len(free) < len(codes):
            return None
        drawn.update(zip(codes, map(str, rng.permutation(free)), strict=False))
    return drawn


def swap(text: str, document: DocumentResult, codes: Mapping[str, str]) -> SwappedDocument:
    """Replace every mention that was found in a text by a mention of the drawn country in the same form."""
    pieces: list[str] = []
    originals: list[EncodableSentence] = []
    sentences: list[EncodableSentence] = []
    place = 0
    for sentence in document.sentences:
        swapped = _swap_sentence(sentence, codes)
        if swapped.entities:
            originals.append(encodable(sentence))
            sentences.append(swapped)
        pieces += [text[place : sentence.start], swapped.text]
        place = sentence.end
    return SwappedDocument("".join([*pieces, text[place:]]), codes, tuple(originals), tuple(sentences))


def encodable(sentence: SentenceResult) -> EncodableSentence:
    """Return a classified sentence with the places of its entities."""
    return EncodableSentence(
        sentence.text,
        tuple(
            tuple(Span(m.start - sentence.start, m.end - sentence.start) for m in result.entity.mentions)
            for result in sentence.entities
        ),
    )


def _swap_sentence(sentence: SentenceResult, codes: Mapping[str, str]) -> EncodableSentence:
    mentions = sorted(
        ((mention, index) for index, result in enumerate(sentence.entities) for mention in result.entity.mentions),
        key=lambda found: found[0].start,
    )
    spans: list[list[Span]] = [[] for _ in sentence.entities]
    text, place = "", 0
    for mention, index in mentions:
        text += sentence.text[place : mention.start - sentence.start]
        replacement = _replacement(mention, codes[mention.code], shouting=sentence.text.isupper())
        spans[index].append(Span(len(text), len(text) + len(replacement)))
        text += replacement
        place = mention.end - sentence.start
    return EncodableSentence(text + sentence.text[place:], tuple(map(tuple, spans)))


def _replacement(mention: Mention, code: str, *, shouting: bool) -> str:
    form = BLOCS[code] if code in BLOCS else country_forms()[code].like(mention)
    capitals = mention.text.isupper() and sum(map(str.isalpha, mention.text)) > ABBREVIATION_LETTERS
    return form.upper() if shouting or capitals else form
