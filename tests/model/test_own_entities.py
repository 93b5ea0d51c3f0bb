"""Entities of a scheme's own gazetteer in texts: whole words, longest first, beside countries or instead of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from model.documents import Document, GivenEntity, Kind, Source
from model.reading import Reader
from model.scheme import STANCES, OwnEntity

OWN = (
    OwnEntity("ORION", "Orion Shipping", "company", ("Orion Shipping", "Orion", "ore-1")),
    OwnEntity("BANK", "Bank of Norway", "bank", ("Bank of Norway",)),
    OwnEntity("UNION", "Workers' Union", "union", ("Workers' Union", "Union")),
    OwnEntity("GEORGIA", "Georgia Mills", "company", ("Georgia",)),
    OwnEntity("CAFE", "Café Roux", "company", ("Café Roux",)),
)
BOTH = Reader(replace(STANCES, gazetteer=OWN))
ALONE = Reader(replace(STANCES, gazetteer=OWN, countries=False))


def found(reader: Reader, text: str, *given: GivenEntity) -> list[tuple[str, str]]:
    return [
        (entity.code, mention.text)
        for sentence in reader.read(Document(text, entities=given))
        for entity in sentence.entities
        for mention in entity.mentions
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Orion Shipping left; Orion stayed.", [("ORION", "Orion Shipping"), ("ORION", "Orion")]),
        ("ORION SHIPPING left.", [("ORION", "ORION SHIPPING")]),
        ("The orion and Orions and Orionid left.", []),
        ("ORE-1 and ore‑1 are ships.", [("ORION", "ORE-1"), ("ORION", "ore‑1")]),
        ("Orion's fleet left Oslo.", [("ORION", "Orion"), ("NO", "Oslo")]),
        ("The Bank of Norway warned Norway.", [("BANK", "Bank of Norway"), ("NO", "Norway")]),
        ("The European Union warned the Union.", [("EU", "European Union"), ("UNION", "Union")]),
        ("Georgia and Armenia talked.", [("GEORGIA", "Georgia"), ("AM", "Armenia")]),
        ("The workers’ union, Workers’ Union, met.", [("UNION", "Workers’ Union")]),
        ("Cafe Roux closed.", [("CAFE", "Cafe Roux")]),
    ],
)
def test_forms_are_whole_words_and_the_longest_counts(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(BOTH, text) == expected
    assert found(ALONE, text) == [(code, form) for code, form in expected if code not in {"NO", "EU", "AM"}] or (
        "European Union" in text and found(ALONE, text) == [("UNION", "Union"), ("UNION", "Union")]
    )


def test_they_are_answered_with_their_type() -> None:
    (sentence,) = BOTH.read(Document("Orion met Norway."))
    orion, norway = sentence.entities
    assert (orion.name, orion.kind, orion.type, orion.alpha3) == ("Orion Shipping", Kind.CUSTOM, "company", None)
    assert orion.mentions[0].source is Source.GAZETTEER
    assert norway.type is None


def test_what_the_caller_names_wins() -> None:
    given = GivenEntity("STAR", "A star", ("Orion",))
    assert found(BOTH, "Orion Shipping saw Orion.", given) == [("STAR", "Orion"), ("STAR", "Orion")]


def test_they_introduce_no_persons_and_no_ministers() -> None:
    text = "Orion spokeswoman Anna Berg denied it. Berg left. Foreign Minister Jan Holt met Orion. Holt left."
    assert found(BOTH, text) == [("ORION", "Orion"), ("ORION", "Orion")]


def test_without_a_gazetteer_and_countries_only_what_the_caller_names_is_found() -> None:
    reader = Reader(replace(STANCES, countries=False))
    assert found(reader, "Norway met Orion.") == []
    assert found(reader, "Norway met Orion.", GivenEntity("O", "Orion", ("Orion",))) == [("O", "Orion")]
