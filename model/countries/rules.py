"""Rules that settle whether a name, an adjective, a seat or a body means its state where it stands."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import date

from model.countries.candidates import Candidate, View, overlaps
from model.countries.gazetteer import Form
from model.countries.tables import WORDS, read_rows, split_list
from model.documents import Mention, Source

PREVIOUS_WORD = re.compile(r"([\w.'’-]+)\s$")
NEXT_WORD = re.compile(r"\s([^\W\d_][\w'’-]*)\s?(.?)")
_PLACE_BEFORE = re.compile(
    r"\b(?:in|at|from|near|outside|around|across|through|of|to|for|visit|visited|leave|left)\s$", re.I
)
_OWNER_GAP = re.compile(r"(?:['’]s?)?\s(?:[A-Z][\w.-]*\s){0,2}")
_IN_OTHER = re.compile(r"\sin\s(?:the\s)?[A-Z]")
_OF_OTHER = re.compile(r"\sof\s(?:the\s)?[A-Z]")
_POSSESSED = re.compile(r"\b(?:his|her|its|their|our|(?:country|nation|state)['’]s)\s$", re.IGNORECASE)
_DATELINE = re.compile(r"\s?(?:\(|:\s|--)")
_PLACE_AFTER = re.compile(r",\s[A-Z]|\s(?:summit|airport|suburb|hotel|museum)\b")
# A capital stands for the state that had it when the document names that state and not its successor.
_PREDECESSORS = {"RU": "SUHH", "RS": "YUCS", "CZ": "CSHH"}
_LAST_YEAR = 2003  # in which the last of them ended
_BYGONE = re.compile(r"[\s-](?:era|made|built|style|designed|bloc|times)\b")
_FORMERLY = re.compile(r"\b(?:former|ex|post|old)[\s-]$", re.IGNORECASE)
# "the North", "North's" and a bare "South" before a small word, in a document that names a Korea.
_KOREAS = {"North": "KP", "South": "KR"}
_HALF = re.compile(r"(?<![\w-])(North|South)(?=['’]s\s|[.,;:!?]?(?:\s(?![A-Z]|(?:of|and\s(?:[Ss]outh|[Nn]orth))\b)|$))")
_SEATS = frozenset({Source.CAPITAL, Source.SEAT})

# Countries and capitals that are given names too: a capitalised word that is no institution makes them a person.
_NAMESAKES = WORDS["namesakes"]
_INSTITUTIONS = WORDS["institutions"]


class PlaceRules:
    """Settles candidates that are no persons."""

    def __init__(self) -> None:
        self._doubts = {
            row["form"]: (_any_word(split_list(row["against"])), _any_word(split_list(row["for"])))
            for row in read_rows("doubtful.tsv")
        }

    def settle(self, view: View, candidates: Sequence[Candidate], day: date | None = None) -> list[Mention]:
        """Return the mentions among the candidates, in the order of the text."""
        doubts = self._doubtful_forms(view, candidates)
        firm = _firm_codes(view, candidates, day)
        mentions: list[Mention] = []
        for candidate in candidates:
            if any(form.code is None or form.source is Source.OFFICE_HOLDER for form in candidate.forms):
                continue
            form = _acting_or_place(view, candidate)
            if form is None or view.folded[candidate.start : candidate.end] in doubts:
                continue
            previous = mentions[-1] if mentions else None
            if self._is_person(view, candidate, form) or _belongs_to_other(view, candidate, form, previous, firm):
                continue
            code = form.code or ""
            if form.source in _SEATS and _PREDECESSORS.get(code) in firm and code not in firm:
                code = _PREDECESSORS[code]
            written = view.text[candidate.start : candidate.end]
            mentions.append(Mention(code, written, candidate.start, candidate.end, form.source))
        return mentions

    def _doubtful_forms(self, view: View, candidates: Sequence[Candidate]) -> set[str]:
        present = {view.folded[candidate.start : candidate.end] for candidate in candidates} & self._doubts.keys()
        return {
            form
            for form in present
            if self._doubts[form][0].search(view.text) and not self._doubts[form][1].search(view.text)
        }

    def _is_person(self, view: View, candidate: Candidate, form: Form) -> bool:
        """Tell whether a country's or a capital's name is part of a person's name here."""
        if (
            form.source not in {Source.NAME, Source.CAPITAL, Source.ADJECTIVE}
            or " " in form.text
            or view.is_capitals(candidate.sentence)
        ):
            return False
        previous = PREVIOUS_WORD.search(view.before(candidate.start, 20))
        if form.source is not Source.ADJECTIVE and previous and is_first_name(previous[1]):
            return True
        if form.text.casefold() not in _NAMESAKES or view.is_headline(candidate.sentence):
            return False
        following = NEXT_WORD.match(view.after(candidate.end, 40))
        return following is not None and following[1].istitle() and following[1].casefold() not in _INSTITUTIONS


def is_first_name(word: str) -> bool:
    """Tell whether a word is a given name, with its capital."""
    return word[0].isupper() and word.casefold() in WORDS["first_names"]


def _any_word(words: Sequence[str]) -> re.Pattern[str]:
    return re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, words)) + r")(?!\w)")


def _firm_codes(view: View, candidates: Sequence[Candidate], day: date | None) -> set[str]:
    """Return the codes that a document names by a name or an adjective.

    A state that is gone counts only where it is present: not in "Soviet-era tanks" or "the former Soviet Union".
    """
    codes = set()
    for candidate in candidates:
        form = candidate.forms[0]
        if form.code is None or form.shared or form.source not in {Source.NAME, Source.ADJECTIVE, Source.BLOC}:
            continue
        if form.code in _PREDECESSORS.values() and (
            (day and day.year > _LAST_YEAR)
            or _BYGONE.match(view.after(candidate.end, 12))
            or _FORMERLY.search(view.before(candidate.start, 12))
        ):
            continue
        codes.add(form.code)
    return codes


def _acting_or_place(view: View, candidate: Candidate) -> Form | None:
    """Return the form that a candidate stands for; None for a seat that is a mere place here."""
    acting = [form for form in candidate.forms if form.acting]
    if not acting:
        return candidate.forms[0]
    if not _is_place(view, candidate):
        return acting[0]
    return next((form for form in candidate.forms if not form.acting), None)


def _belongs_to_other(
    view: View, candidate: Candidate, form: Form, previous: Mention | None, firm: Collection[str]
) -> bool:
    """Tell whether a body or a title is another state's: "the Philippine Senate"."""
    if not form.owned:
        return False
    after = view.after(candidate.end, 20)
    if _OF_OTHER.match(after) or (form.shared and _IN_OTHER.match(after)):
        return True
    if (previous is None or previous.code != form.code) and _POSSESSED.search(view.before(candidate.start, 15)):
        return True
    if previous is None or previous.start < view.sentences[candidate.sentence].start:
        return False
    if previous.code != form.code and candidate.start - previous.end < 40:
        gap = view.text[previous.end : candidate.start]
        if _OWNER_GAP.fullmatch(gap):
            return True
    return form.shared and form.code not in firm and previous.code != form.code


def _is_place(view: View, candidate: Candidate) -> bool:
    """Tell whether a city is named as a place: after a preposition, before its country, or in a dateline."""
    if _PLACE_BEFORE.search(view.before(candidate.start)):
        return True
    after = view.after(candidate.end)
    opens = candidate.start == view.sentences[candidate.sentence].start
    return bool(_PLACE_AFTER.match(after)) or (opens and bool(_DATELINE.match(after)))


def find_koreas(view: View, known: Sequence[Mention]) -> list[Mention]:
    """Return the places where a document that names a Korea calls one of them "the North" or "the South".

    Args:
        view: The document.
        known: The mentions so far, in the order of the text; the new ones overlap none of them.

    """
    if not any(mention.code in _KOREAS.values() for mention in known):
        return []
    spans = [(mention.start, mention.end) for mention in known]
    return [
        Mention(_KOREAS[half[1]], half[1], *half.span(1), Source.NAME)
        for half in _HALF.finditer(view.text)
        if view.sentence_index(*half.span(1)) is not None and not overlaps(spans, *half.span(1))
    ]
