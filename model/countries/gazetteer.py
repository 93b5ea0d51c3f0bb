"""All forms in which an entity may be mentioned, from the libraries and the data files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import pycountry
from babel import Locale
from countryinfo import all_countries

from model.countries.folding import fold
from model.countries.tables import PHRASES, read_folder, read_rows, split_list
from model.documents import Source


class Match(StrEnum):
    """How the capitals of a form and of the text must agree."""

    CAP = "cap"
    EXACT = "exact"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Term:
    """First and last day of a term; a missing day is open."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Form:
    """A form of an entity.

    Attributes:
        code: The entity; None for a trap, which swallows what it contains.
        text: The form with its capitals.
        source: How a mention by this form is reported.
        match: How capitals must agree.
        shared: Whether other states have a body of that name too.
        owned: Whether an adjective or a genitive right before it makes it another state's.
        acting: Whether it counts where it acts and not as a place.
        alone: Whether this is a bare surname.
        skip: Number of leading characters that are a title and no part of the mention.
        terms: For an office-holder, the terms in office; empty otherwise.

    """

    code: str | None
    text: str
    source: Source = Source.NAME
    match: Match = Match.CAP
    shared: bool = False
    owned: bool = False
    acting: bool = False
    alone: bool = False
    skip: int = 0
    terms: tuple[Term, ...] = ()


_LEADING_TITLE = re.compile(r"(?:President|Prime Minister|Premier|Chancellor|Foreign Minister|Secretary) (?=\S)")
_ARTICLE = re.compile(r"^the ")
_PARENTHESES = re.compile(r"\s*\(.*\)")


def _library_names() -> Iterator[tuple[str, str]]:
    """Yield code and name from pycountry and CLDR, in the order words have in a sentence."""
    territories = Locale("en").territories
    for country in pycountry.countries:
        code = country.alpha_2
        names = [country.name, getattr(country, "common_name", ""), getattr(country, "official_name", "")]
        names.append(str(territories.get(code, "")).replace(" & ", " and "))
        for name in names:
            head, comma, tail = name.partition(", ")
            inverted = comma and tail and tail.split()[-1] in {"of", "the"}
            yield code, _PARENTHESES.sub("", _ARTICLE.sub("", f"{tail} {head}" if inverted else name))


def _library_forms() -> Iterator[Form]:
    dropped = {(row["code"], row["form"]) for row in read_rows("dropped.tsv")}
    for code, name in _library_names():
        if name and (code, name) not in dropped:
            yield Form(code, name)
    for country in all_countries():
        code, info = country.iso(2), country.info()
        if not isinstance(code, str) or pycountry.countries.get(alpha_2=code) is None:
            continue
        for demonym in (info.get("demonym") or "").split(","):
            if demonym and (code, demonym) not in dropped:
                yield Form(code, demonym, Source.ADJECTIVE)
        capital = info.get("capital")
        if isinstance(capital, str) and capital and (code, capital) not in dropped:
            yield Form(code, capital, Source.CAPITAL)


def _own_forms() -> Iterator[Form]:
    for row in read_rows("forms.tsv"):
        match, *flags = row["match"].split(",")
        source = Source(row["source"])
        owned = "owned" in flags or source in {Source.BODY, Source.TITLE}
        for form in split_list(row["forms"]):
            text = _ARTICLE.sub("", form)
            yield Form(
                row["code"], text, source, Match(match), "shared" in flags, owned=owned, acting="acting" in flags
            )


def _traps() -> Iterator[Form]:
    for line in PHRASES["traps"]:
        exact = line.startswith("=")
        yield Form(None, line.removeprefix("="), match=Match.EXACT if exact else Match.ANY)


def _day(cell: str, *, last: bool) -> date:
    """Read ``YYYY[-MM[-DD]]``; a missing part is the first or the last there is."""
    if not cell:
        return date.max
    year, month, day = (*(int(part) for part in cell.split("-")), 0, 0)[:3]
    if day:
        return date(year, month, day)
    if month:
        return date(year, month, 28 if last else 1)
    return date(year, 12, 31) if last else date(year, 1, 1)


def _office_holders() -> Iterator[Form]:
    terms: dict[tuple[str, str, bool], list[Term]] = {}
    for row in read_folder("officeholders"):
        term = Term(_day(row["from"], last=False), _day(row["to"], last=True))
        for name in (row["name"], *split_list(row["aliases"])):
            terms.setdefault((row["code"], name, " " not in name), []).append(term)
        for surname in split_list(row["alone"]):
            terms.setdefault((row["code"], surname, True), []).append(term)
    for (code, name, alone), spans in terms.items():
        title = _LEADING_TITLE.match(name)
        skip = title.end() if title else 0
        yield Form(code, name, Source.OFFICE_HOLDER, alone=alone, skip=skip, terms=tuple(spans))


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """All forms by folded text.

    Attributes:
        patterns: Folded texts, each once.
        forms: The forms of each pattern, in the same order.

    """

    patterns: tuple[str, ...]
    forms: tuple[tuple[Form, ...], ...]

    @classmethod
    def load(cls, further: Iterable[Form] = ()) -> Gazetteer:
        """Collect the forms of the libraries and the data files, behind further ones, which count first."""
        return cls.from_forms([*further, *_own_forms(), *_library_forms(), *_traps(), *_office_holders()])

    @classmethod
    def from_forms(cls, forms: Iterable[Form]) -> Gazetteer:
        """Group forms by folded text; of two forms that differ in the source alone the first stays."""
        grouped: dict[str, dict[tuple[str | None, bool, str], Form]] = {}
        for form in forms:
            person = form.source is Source.OFFICE_HOLDER
            # A scheme's own "ion" and "Ion" are two forms: each is found where its capitals are.
            written = form.text if form.source is Source.GAZETTEER else ""
            grouped.setdefault(fold(form.text), {}).setdefault((form.code, person, written), form)
        return cls(tuple(grouped), tuple(tuple(forms.values()) for forms in grouped.values()))
