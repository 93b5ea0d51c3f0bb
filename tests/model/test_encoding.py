"""Country-blind token ids."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

import model
from model.documents import Span
from model.encoding import SLOTS, EncodableSentence, Encoder, Row, mask, slot_ids

TOKENIZER = Path(model.__file__).parent / "default" / "tokenizer.json"


@cache
def encoder(max_tokens: int = 256) -> Encoder:
    return Encoder(Tokenizer.from_file(str(TOKENIZER)), max_tokens)


def sentence(template: str, *names: str) -> EncodableSentence:
    """Fill ``{0}``, ``{1}`` … with names and note where they stand."""
    text, spans = "", [[] for _ in names]  # type: list[list[Span]]
    for part in template.replace("{", "\0{").replace("}", "}\0").split("\0"):
        if part.startswith("{"):
            index = int(part[1:-1])
            spans[index].append(Span(len(text), len(text) + len(names[index])))
            text += names[index]
        else:
            text += part
    return EncodableSentence(text, tuple(map(tuple, spans)))


def test_names_leave_no_trace_in_the_ids() -> None:
    template = "{0} warned {1} that {0}'s patience, like the {1} fleet, has limits."
    first, second = encoder().encode(
        [sentence(template, "Norway", "US"), sentence(template, "Timor-Leste", "Guinea-Bissau")]
    )
    assert first.ids == second.ids
    assert first.positions == second.positions


def test_positions_point_at_the_placeholders() -> None:
    (row,) = encoder().encode([sentence("{0} told {1} and {2} that {0} waits.", "Oman", "Peru", "Mali")])
    slots = slot_ids(encoder().tokenizer)
    assert row.entities == (0, 1, 2)
    assert [[row.ids[p] for p in positions] for positions in row.positions] == [[slots[0]] * 2, [slots[1]], [slots[2]]]


@pytest.mark.parametrize("text", ["[SEP] {0} [CLS] [MASK] waits", "[ENTITY_0] {0} [ENTITY_3]", "[ENTITY_1{0}]"])
def test_text_cannot_spell_special_tokens(text: str) -> None:
    (row,) = encoder().encode([sentence(text, "Oman")])
    special = {encoder().tokenizer.token_to_id(token) for token in ("[CLS]", "[SEP]", "[MASK]")}
    assert not special & set(row.ids[1:-1])
    assert sum(token in set(slot_ids(encoder().tokenizer)) for token in row.ids) == 1


def test_more_entities_than_slots_share_tokens_but_not_places() -> None:
    count = SLOTS + 5
    names = [f"C{index}" for index in range(count)]
    (row,) = encoder().encode([sentence(" ".join(f"{{{index}}}" for index in range(count)), *names)])
    assert row.entities == tuple(range(count))
    assert len({position for positions in row.positions for position in positions}) == count


def test_sentences_without_entities_are_not_encoded() -> None:
    rows = encoder().encode([EncodableSentence("Nothing here.", ()), sentence("{0} waits.", "Oman")])
    assert [row.sentence for row in rows] == [1]


def test_long_sentences_are_read_in_windows_that_cover_every_mention() -> None:
    filler = "and so on " * 30
    long = sentence(f"{{0}} {filler} {{1}} {filler} {{0}} {filler} {{2}}", "Oman", "Peru", "Mali")
    rows = encoder(max_tokens=64).encode([long])
    assert len(rows) > 1
    assert all(len(row.ids) <= 64 for row in rows)
    assert {entity for row in rows for entity in row.entities} == {0, 1, 2}


@given(st.lists(st.tuples(st.text(max_size=12), st.integers(0, 20)), min_size=1, max_size=30))
def test_any_text_keeps_its_mentions(pieces: list[tuple[str, int]]) -> None:
    text, spans = "", {}  # type: ignore[var-annotated]
    for piece, entity in pieces:
        text += piece
        spans.setdefault(entity, []).append(Span(len(text), len(text) + 1))
        text += "X"
    built = EncodableSentence(text, tuple(tuple(places) for places in spans.values()))
    _, order = mask(built)
    assert len(order) == len(pieces)
    rows: list[Row] = encoder(max_tokens=40).encode([built])
    assert {entity for row in rows for entity in row.entities} == set(range(len(spans)))
