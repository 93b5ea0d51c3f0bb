"""Time grows with the length of a text and no faster, whatever the text.

Seconds are those of the processor, which other work on the machine disturbs less than the clock's. Set
ENTITY_STANCE_LINEAR_CHARACTERS to a million to measure as far as that.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from statistics import median

import pytest
from tokenizers import Tokenizer

from model.classifier import default_directory
from model.config import TOKENIZER_FILE, ModelConfig
from model.countries.finder import CountryFinder
from model.documents import Document
from model.encoding import Encoder
from model.reading import Reader
from model.sentences import split_sentences

LONGEST = int(os.environ.get("ENTITY_STANCE_LINEAR_CHARACTERS", "64000"))
GROWTH = 8
"""How much longer each longer text is; a quadratic stage takes 64 times as long for it."""
TOLERANCE = 1.5
NOISE_SECONDS = 0.02
ROUNDS = 3
ATTEMPTS = 3
"""A machine with other work may slow one measurement down; what is not linear fails all of them."""

# What stands first in the text, and what fills it up.
TEXTS = {
    "one word": ("", "x"),
    "one word beside a country": ("Norway ", "x"),
    "one word of capitals": ("Norway Minister ", "X"),
    "hyphens": ("Norway ", "x-"),
    "dots": ("", "."),
    "dots with spaces": ("Norway ", ". "),
    "quotes": ("", '"'),
    "opening quotes": ("", "“"),
    "unclosed quotes": ("", "“Norway warned "),
    "marks and closing quotes": ("", '."'),
    "newlines": ("Norway", "\n"),
    "spaces": ("Norway ", " "),
    "initials": ("", "A. "),
    "abbreviations": ("", "Lt. Col. U.S. Mr. "),
    "one country": ("", "Congo "),
    "countries in one sentence": ("", "Iran, "),
    "mixed scripts": ("", "Russia Россия 俄罗斯 روسيا "),
    "combining marks": ("", "e\u0301\u0300"),
    "ministers": ("Norway ", "minister Xa "),
    "kings": ("", "King Abdullah of Jordan "),
    "half a country": ("North Korea ", "North "),
    "newswire": ("", "Russian Foreign Minister Ivan Petrov warned the United States. “We deny it,” he said. "),
}


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    directory = default_directory()
    tokenizer = Tokenizer.from_file(str(directory / TOKENIZER_FILE))
    return Encoder(tokenizer, ModelConfig.load(directory).max_tokens)


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


@pytest.fixture(scope="module")
def finder() -> CountryFinder:
    return CountryFinder()


@pytest.mark.parametrize("name", TEXTS)
def test_time_is_linear_in_the_text(name: str, reader: Reader, finder: CountryFinder, encoder: Encoder) -> None:
    start, unit = TEXTS[name]

    def stages(characters: int) -> dict[str, Callable[[], object]]:
        text = (start + unit * (characters // len(unit) + 1))[:characters]
        sentences = split_sentences(text)
        found = [item.encodable() for item in reader.read(Document(text)) if item.entities]
        return {
            "splitting": lambda: split_sentences(text),
            "finding": lambda: finder.find(text, sentences),
            "reading": lambda: reader.read(Document(text)),
            "encoding": lambda: encoder.encode(found),
        }

    short, long = stages(LONGEST // GROWTH), stages(LONGEST)
    for stage, work in long.items():
        assert any(_is_linear(f"{name}, {stage}", short[stage], work) for _ in range(ATTEMPTS)), stage


def _is_linear(name: str, short: Callable[[], object], long: Callable[[], object]) -> bool:
    before, after = _seconds(short), _seconds(long)
    return after <= TOLERANCE * GROWTH * before + NOISE_SECONDS


def _seconds(work: Callable[[], object]) -> float:
    """Return the median time that a stage takes."""
    times = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return median(times)
