"""Splitting text into sentences."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.sentences import split_sentences

SENTENCES = [
    ["The U.S. said it would act.", "Norway did not."],
    ["Gen. John Smith met Lt. Col. Ann Lee in Oslo.", "They left."],
    ["No. 2 official Li Wei spoke on Jan. 5 in Beijing.", "He denied it."],
    ['"We will respond. We will not wait," Foreign Minister Ali Reza said.', "He left."],
    ['"We will respond."', "Then he left for the U.S. in a hurry.", "Madrid was silent."],
    ["It cost $3.5 million, said Sen. J.B. Miller of the U.N. Security Council.", "Next."],
    ["He lives in Washington, D.C. and works for St. Mary's Inc. in the U.K. now.", "Really?", "Yes!"],
    ["OSLO (AP) -- The U.S. Navy said Mr. Jones vs. the state, e.g. a test, was over.", "U.S. troops left."],
    ["The talks ended at 5 p.m. Tuesday.", "The U.N. Secretary-General left at 6 p.m.", "He was tired..."],
    ["What did the U.S. do?", "“It denied everything.”", "And so on."],
    ["He said: 'No.'", "She left."],
    ["France ... has not replied.", "Germany has."],
    ["“Is it over? We do not know,” the minister asked.", "Nobody knew."],
    ['"Are you leaving?" Chancellor Weber asked.', "She was."],
    ["Sept. 3 was the date.", "It passed."],
    ["Kuwait bought 2.", "The rest went to Oman."],
    ["法国否认了。", "德国没有。"],
]


@pytest.mark.parametrize("sentences", SENTENCES, ids=lambda sentences: sentences[0][:30])
def test_newswire_is_split_where_sentences_end(sentences: list[str]) -> None:
    joiner = "" if sentences[0].endswith("。") else " "
    assert [sentence.text for sentence in split_sentences(joiner.join(sentences))] == sentences


def test_lines_of_their_own_are_sentences() -> None:
    text = "Norway warns Iceland over fish\n\nOSLO: Norway warned Iceland on Monday.\nIceland denied everything.\n"
    assert [sentence.text for sentence in split_sentences(text)] == [
        "Norway warns Iceland over fish",
        "OSLO: Norway warned Iceland on Monday.",
        "Iceland denied everything.",
    ]


def test_text_wrapped_at_a_column_runs_on() -> None:
    text = (
        "Norway warned Iceland on Monday that its coast guard would board any\n"
        "trawler that fished in the disputed waters, and said that it had told the\n"
        "government in Reykjavik so. Iceland said that it would not be told where its\n"
        "boats may fish.\n"
    )
    first, second = split_sentences(text)
    assert first.text.endswith("Reykjavik so.")
    assert second.text.startswith("Iceland said")


@given(st.text())
def test_every_character_that_is_not_white_space_is_in_exactly_one_sentence(text: str) -> None:
    sentences = split_sentences(text)
    position = 0
    for sentence in sentences:
        assert sentence.start >= position
        assert not text[position : sentence.start].strip()
        assert sentence.text == text[sentence.start : sentence.end] == sentence.text.strip() != ""
        position = sentence.end
    assert not text[position:].strip()


@given(st.text(alphabet='aA.!? \n"“”’US'))
def test_marks_in_any_order_lose_nothing(text: str) -> None:
    assert "".join(s.text for s in split_sentences(text)).replace(" ", "").replace("\n", "") == "".join(text.split())


@pytest.mark.parametrize("unit", [". ", '"', "a", "U.S. ", "“", "\n", '"a ', ".", "a.b.", " ", "p.m. ", "1. "])
def test_time_grows_with_the_length_and_no_faster(unit: str) -> None:
    short, long = (unit * (size // len(unit)) for size in (50_000, 500_000))

    def seconds(text: str) -> float:
        started = time.perf_counter()
        split_sentences(text)
        return time.perf_counter() - started

    # Ten times the text; a quadratic step would take a hundred times as long.
    assert min(seconds(long) for _ in range(2)) < 30 * max(min(seconds(short) for _ in range(3)), 1e-3)
