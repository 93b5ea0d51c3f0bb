"""Texts to measure with: the corpus's own sentences, put together to articles; no sentence stands twice."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from itertools import count
from pathlib import Path

SEEDS = Path(__file__).resolve().parents[1] / "seeds"
SENTENCES_AN_ARTICLE = 20
DISTINCT = 400
"""Articles that can be made of the corpus without using a sentence twice."""
COUNTRIES = ("Norway", "Chile", "Kenya", "Japan", "Peru", "Ghana", "Cuba", "Nepal")
WORDS = ("traders", "farmers", "teachers", "voters", "nurses", "miners", "pilots", "judges")
EVENTS = ("a ceasefire", "new elections", "the budget", "a trade pact", "the border", "fishing rights", "a census")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def sentences(count: int) -> list[str]:
    """Draw distinct sentences of the corpus, always the same.

    Raises:
        ValueError: the corpus has fewer.
    """
    lines = [line for path in sorted(SEEDS.glob("*.jsonl")) for line in path.read_text(encoding="utf-8").splitlines()]
    texts = sorted({json.loads(line)["text"] for line in lines})
    return random.Random(1).sample(texts, count)


def articles(count: int, length: int = SENTENCES_AN_ARTICLE) -> list[str]:
    """Make articles of so many distinct sentences each."""
    drawn = sentences(count * length)
    return ["\n".join(drawn[start : start + length]) for start in range(0, len(drawn), length)]


def endless_articles() -> Iterator[str]:
    """Yield articles without end in which no sentence stands twice, so that no server can read two as one.

    The marks that tell them apart are equally many tokens for the first ten thousand: each number is one.
    """
    drawn = articles(DISTINCT)
    for number in count():
        lines = drawn[number % DISTINCT].splitlines()
        yield "\n".join(f"On day {number % 100} of year {number // 100}, {line}" for line in lines)


def sentences_naming(countries: int, count: int) -> list[str]:
    """Make sentences of equal length in tokens that name so many countries, at most eight.

    Each word that stands for a country is one token, and so is the placeholder that replaces a country.
    """
    drawn = random.Random(countries)
    made = []
    for _ in range(count):
        actors = drawn.sample(COUNTRIES, countries) + drawn.sample(WORDS, len(COUNTRIES) - countries)
        told = f"{drawn.choice(EVENTS)} and {drawn.choice(EVENTS)}"
        made.append(f"{', '.join(actors)} said on {drawn.choice(DAYS)} that talks on {told} had begun.")
    return made
