"""News that nobody wrote: documents of composed sentences, about as news is, in which no sentence stands twice.

Of a hundred sentences some fifty name no country, some forty name one or two and take no stance, and the rest take one,
mostly toward somebody.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

SENTENCES_A_DOCUMENT = 10
FIRST_DAY = date(2022, 1, 1)
DAYS = 730
ROWS_IN_GROUP = 5_000

# fmt: off
_COUNTRIES = (
    "the United States", "Russia", "China", "Ukraine", "France", "Germany", "India", "Iran", "Israel", "Japan",
    "Turkey", "Poland", "Brazil", "Egypt", "Kenya", "Nigeria", "South Korea", "North Korea", "Saudi Arabia",
    "Pakistan", "Norway", "Sweden", "Finland", "Mexico", "Canada", "Australia", "Indonesia", "Vietnam",
    "the Philippines", "Ethiopia", "Sudan", "Mali", "Chad", "Chile", "Peru", "Colombia", "Venezuela", "Cuba",
    "Greece", "Serbia",
)
# fmt: on
_PLACES = (
    "the harbour",
    "the old town",
    "the northern valley",
    "the stock exchange",
    "the central station",
    "the coast",
)
_PEOPLE = ("farmers", "teachers", "traders", "nurses", "engineers", "students", "residents", "analysts", "shop owners")
_DEEDS = (
    "asked for {n} more days to study the plan for {place}",
    "counted {n} visitors at {place} over the weekend, more than in any year before",
    "said that prices had risen after {n} shipments were held up near {place}",
    "gathered at {place} to mark the opening of a hall with {n} seats",
    "complained about file {n}, which deals with repairs in {place}",
    "reported losses of {n} on a day of thin trading close to {place}",
)
_NEUTRAL = (
    "Trade between {a} and {b} reached {n} million last year, according to figures published on {day}",
    "A delegation from {a} arrived on {day} for talks that are listed as item {n} of the agenda",
    "The central bank of {a} left its main rate unchanged on {day} and sold bonds worth {n} million",
    "Officials of {a} and {b} met on {day} to discuss document {n} on fishing quotas",
    "Elections in {a} will be held after {day}, with {n} candidates on the lists",
    "Heavy rain in {a} closed {n} roads and delayed flights to {b} until {day}",
)
_STANCES = (
    "{a} warned {b} on {day} that it would face severe costs if it closed route {n}",
    "{a} denied on {day} that it had supplied {b} with {n} rockets",
    "{a} said on {day} that it stands with {b} and will send {n} tonnes of aid",
    "{a} put {n} soldiers on alert on {day} and said that any attack by {b} would be answered with force",
    "{a} rejected a report of {day} according to which {n} of its agents were active in {b}",
    "{a} pledged {n} million in new support for {b} on {day}",
    "{a} cautioned {b} on {day} against the sale of {n} aircraft",
)
_MONDAY_ON = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class Rates:
    """Shares of sentences that name a country, and that take a stance."""

    named: float = 0.5
    stance: float = 0.08


def compose(sentences: int, seed: int, rates: Rates | None = None) -> Iterator[dict[str, Any]]:
    """Yield documents with so many sentences in all: ``id``, ``text`` and ``date``; the same for the same seed."""
    drawn, rates = random.Random(seed), rates or Rates()
    for first in range(0, sentences, SENTENCES_A_DOCUMENT):
        number = first // SENTENCES_A_DOCUMENT
        last = min(first + SENTENCES_A_DOCUMENT, sentences)
        text = " ".join(_sentence(drawn, serial, rates) for serial in range(first, last))
        yield {"id": f"n{number}", "text": text, "date": FIRST_DAY + timedelta(days=drawn.randrange(DAYS))}


def write_news(folder: Path, sentences: int, seed: int, files: int) -> Path:
    """Write documents as Parquet files to a folder, which is made, and return it."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    folder.mkdir(parents=True, exist_ok=True)
    schema = pa.schema([("id", pa.string()), ("text", pa.string()), ("date", pa.date32())])
    documents = compose(sentences, seed)
    total = -(-sentences // SENTENCES_A_DOCUMENT)
    for index in range(files):
        left = total // files + (index < total % files)
        with pq.ParquetWriter(folder / f"news-{index:03}.parquet", schema, compression="zstd") as writer:
            while left:
                rows = [next(documents) for _ in range(min(left, ROWS_IN_GROUP))]
                writer.write_table(pa.Table.from_pylist(rows, schema))
                left -= len(rows)
    return folder


def _sentence(drawn: random.Random, serial: int, rates: Rates) -> str:
    """Compose a sentence; its serial number, which stands in it, tells it from all others."""
    kind = drawn.random()
    number = f"{serial + 1_000:,}"
    if kind >= rates.named:
        deed = drawn.choice(_DEEDS).format(n=number, place=drawn.choice(_PLACES))
        return f"On {drawn.choice(_MONDAY_ON)}, {drawn.choice(_PEOPLE)} {deed}."
    forms = _STANCES if kind < rates.stance else _NEUTRAL
    one, other = drawn.sample(_COUNTRIES, 2)
    told = drawn.choice(forms).format(a=one, b=other, n=number, day=drawn.choice(_MONDAY_ON))
    return f"{told[0].upper()}{told[1:]}."
