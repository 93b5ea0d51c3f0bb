"""Finding countries and blocs in a text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from itertools import chain

from model.countries.candidates import Candidate, Scanner, View
from model.countries.gazetteer import Form, Gazetteer
from model.countries.people import PeopleRules
from model.countries.rules import PlaceRules, find_koreas
from model.documents import GivenEntity, Mention, Source
from model.scheme import OwnEntity
from model.sentences import Sentence


class CountryFinder:
    """Finds the mentions of countries and blocs in documents; build it once and keep it."""

    def __init__(self, own: Sequence[OwnEntity] = (), *, countries: bool = True) -> None:
        """Look for a scheme's own entities besides countries and blocs, or instead of them."""
        forms = [Form(entity.code, form, Source.GAZETTEER) for entity in own for form in entity.forms]
        self._scanner = Scanner(Gazetteer.load(forms) if countries else Gazetteer.from_forms(forms))
        self._countries = countries
        self._places = PlaceRules()
        self._people = PeopleRules()

    def find(
        self,
        text: str,
        sentences: Sequence[Sentence],
        *,
        date: date | None = None,
        given: Sequence[GivenEntity] = (),
    ) -> list[Mention]:
        """Return the mentions of a document.

        Args:
            text: The document.
            sentences: Its sentences, in the order of the text.
            date: Day of writing, which picks the office-holders of that day; without it every holder counts.
            given: Entities of the caller's own; they win over everything that they overlap.

        Returns:
            The mentions in the order of the text; they never overlap, and each lies inside one sentence.

        """
        if not sentences:
            return []
        view = View(text, sentences)
        own = _find_given(view, given)
        candidates, listed = _part_listed(view, self._scanner.scan(view, own))
        own = _in_order(own, listed)
        if not self._countries:
            return own
        places = self._places.settle(view, candidates, date)
        people = self._people.settle(view, candidates, places, date)
        known = _in_order(own, places, people)
        known = _in_order(known, find_koreas(view, known))
        return _in_order(known, self._people.find_introduced(view, known))


def _in_order(*groups: Sequence[Mention]) -> list[Mention]:
    return sorted(chain(*groups), key=lambda mention: mention.start)


def _part_listed(view: View, candidates: Sequence[Candidate]) -> tuple[list[Candidate], list[Mention]]:
    """Part the candidates that are forms of a scheme's own entities, which no rule can doubt, from the others."""
    others: list[Candidate] = []
    listed: list[Mention] = []
    for candidate in candidates:
        form = next((form for form in candidate.forms if form.source is Source.GAZETTEER), None)
        if form is None or form.code is None:
            others.append(candidate)
        else:
            written = view.text[candidate.start : candidate.end]
            listed.append(Mention(form.code, written, candidate.start, candidate.end, Source.GAZETTEER))
    return others, listed


def _find_given(view: View, given: Sequence[GivenEntity]) -> list[Mention]:
    """Return the mentions of the caller's entities: whole words, case-sensitive, leftmost longest."""
    codes = {form: entity.code for entity in given for form in entity.mentions if form}
    if not codes:
        return []
    longest_first = sorted(codes, key=len, reverse=True)
    pattern = re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, longest_first)) + r")(?!\w)")
    return [
        Mention(codes[match[0]], match[0], match.start(), match.end(), Source.GIVEN)
        for match in pattern.finditer(view.text)
        if view.sentence_index(match.start(), match.end()) is not None
    ]
