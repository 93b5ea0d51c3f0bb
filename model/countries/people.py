"""Office-holders, and persons whom the document introduces with a country."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from itertools import takewhile

import ahocorasick_rs

from model.countries.candidates import Candidate, View, overlaps
from model.countries.folding import fold
from model.countries.gazetteer import Form, Term
from model.countries.registry import entity_info
from model.countries.rules import NEXT_WORD, PREVIOUS_WORD, is_first_name
from model.countries.tables import PHRASES, WORDS
from model.documents import Kind, Mention, Source

GRACE = timedelta(days=60)  # reports go on naming a holder before and after the term
# How far a name and a title may stand from the country that introduces a person, in characters.
_REACH_BACK = 90
_REACH_ON = 120

_OWN = frozenset({Source.GIVEN, Source.GAZETTEER})  # no states

_FORMER = re.compile(
    r"\b(?:former|ex|one-?time|erstwhile|ousted|deposed|late)[\s-](?:(?!and\b|says?\b|said\b|that\b)[\w.'’-]+\s){0,5}$",
    re.IGNORECASE,
)
_FORMER_AFTER = re.compile(r"^,\s(?:the|a|an|[\w'’]+'s)?\s?(?:[A-Z][\w.]+\s)?(?:former|ex-)\b", re.IGNORECASE)
# Words that may stand, capitalised, right before a bare surname without being a given name.
_BEFORE_SURNAME = WORDS["before_surname"]
_AFTER_SURNAME = WORDS["after_surname"]

_PARTICLE = r"(?:(?:bin|ibn|van|von|der|den|de|da|dos|du|la|le|ul|ter|abu|bint)\s|(?:al|el|an|as|ash)[-\s])"
_WORD = r"(?:(?:al|el|ul|as|ash|an)-)?[A-ZÀ-ÖØ-Þ](?:[\w'’]|-(?=\w)|\.(?=\s?[A-Z]))*"
_DAYS = r"(?!(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b)"
_NAME = rf"{_WORD}(?:\s{_PARTICLE}?{_DAYS}{_WORD}){{1,3}}"
_OF = re.compile(r"\sof\s(?:the\s)?$")
_DETERMINER = re.compile(r"(?:the|a|an|its|one of)\s|$")
_CLAUSE_END = re.compile(r"[,.;:]\s|\s(?:said|says|told|warned|added|announced|reported|has|have|had|is|was|will)\b")
_FAMILY_NAME_FIRST = frozenset({"CN", "KR", "KP", "TW", "HK", "SG", "VN", "KH"})


def _phrases(lines: Iterable[str]) -> str:
    return "|".join(re.escape(line) for line in sorted(lines, key=len, reverse=True))


class PeopleRules:
    """Settles office-holders and finds introduced persons."""

    def __init__(self) -> None:
        titles = PHRASES["titles"]
        self._title_words = frozenset(word.strip(".") for title in titles for word in title.split())
        self._one_title = re.compile(rf"\b(?:{_phrases(titles)})(?!\w)", re.IGNORECASE)
        title = rf"(?:{_phrases(titles)})s?"
        self._leading = self._title_words | {word for word in titles if word.endswith(".")} | _BEFORE_SURNAME
        self._title_scanner = ahocorasick_rs.AhoCorasick([fold(title) for title in titles])
        self._silent = re.compile(rf"\b(?:{_phrases(PHRASES['not_speaking'])})\b", re.IGNORECASE)
        # "Russian Foreign Minister Sergei Lavrov", "Israel's defence minister, Ehud Barak"
        self._title_name = re.compile(
            rf"(?:['’]s?)?(?P<role>(?:\s[\w.'’-]+){{0,5}}?\s(?i:{title}))(?P<link>,?\s)(?P<name>{_NAME})(?!\w)"
        )
        self._name_end = re.compile(rf"(?<!\w)(?P<name>{_NAME})$")
        # "the president of Ukraine, Volodymyr Zelensky,"
        self._title_of = re.compile(rf"\b{title}\s(?:of|for|at)\s(?:the\s)?$", re.IGNORECASE)
        self._name_between_commas = re.compile(rf",\s(?P<name>{_NAME})(?=,)")
        # "King Abdullah bin Hussein of Jordan"
        self._title_name_of = re.compile(rf"\b(?i:{title})\s(?P<name>{_NAME}){_OF.pattern}")
        # "Poland would help, Defence Minister Adam Nowak said"
        # The words before are tried from their beginnings only, or a word of a million letters would take for ever.
        words = r"(?<![\w'’-])(?:[\w'’-]++\s){1,2}"
        self._minister = re.compile(rf"(?P<role>(?:{words})?(?i:minister))\s(?P<name>{_NAME})(?!\w)")

    # --- office-holders -----------------------------------------------------------------------------------------

    def settle(
        self, view: View, candidates: Sequence[Candidate], places: Sequence[Mention], day: date | None
    ) -> list[Mention]:
        """Return the mentions of office-holders among the candidates, in the order of the text."""
        named = Counter(mention.code for mention in places)
        known = []
        # "It was Iran Putin wanted to calm": a country is no given name.
        ends = {mention.end + 1 for mention in places if mention.source is Source.NAME}
        former: set[str] = set()  # surnames of persons whom the document calls former holders
        for candidate in candidates:
            holders = _holders(candidate, day)
            if not holders:
                continue
            if self._is_former(view, candidate):
                former.add(view.folded[candidate.start : candidate.end].split()[-1].removesuffix("s"))
            elif not holders[0].alone or self._stands_alone(
                view, candidate.start, candidate.end, candidate.sentence, after_place=candidate.start in ends
            ):
                known.append((candidate, holders))
        named.update(form.code or "" for _, holders in known if not holders[0].alone for form in holders)
        mentions = []
        for candidate, holders in known:
            if holders[0].alone and view.folded[candidate.start : candidate.end].removesuffix("s") in former:
                continue
            form = _pick(holders, named)
            if form is not None:
                written = view.text[candidate.start : candidate.end]
                mentions.append(Mention(form.code or "", written, candidate.start, candidate.end, Source.OFFICE_HOLDER))
        return mentions

    def _is_former(self, view: View, candidate: Candidate) -> bool:
        """Tell whether a name is called that of a former holder where it stands."""
        former = _FORMER.search(view.before(candidate.start))
        return bool(former and self._is_title_run(former[0])) or bool(_FORMER_AFTER.match(view.after(candidate.end)))

    def _is_title_run(self, words: str) -> bool:
        """Tell whether words after "former" are capitalised or of a title, so that the name belongs to it."""
        return all(
            word[0].isupper() or word.casefold().strip(".") in self._title_words or word in {"us", "the", "of", "U.S."}
            for word in words.replace("-", " ").split()[1:]
        )

    def _stands_alone(self, view: View, start: int, end: int, sentence: int, *, after_place: bool = False) -> bool:
        """Tell whether a surname is no part of another person's or thing's name."""
        headline = view.is_headline(sentence) or view.is_capitals(sentence)
        previous = PREVIOUS_WORD.search(view.before(start, 30))
        if previous and not after_place and not self._may_precede(previous[1], headline):
            return False
        following = NEXT_WORD.match(view.after(end, 40))
        if following is None or headline or not following[1][0].isupper():
            return True
        return following[1].casefold() in _AFTER_SURNAME or following[1].casefold() in self._title_words

    def _may_precede(self, word: str, headline: bool) -> bool:
        plain = word.strip(".").casefold()
        if is_first_name(word):
            return False
        if not word[0].isupper() or headline:
            return True
        return plain in _BEFORE_SURNAME or plain in self._title_words

    # --- introduced persons -------------------------------------------------------------------------------------

    def find_introduced(self, view: View, known: Sequence[Mention]) -> list[Mention]:
        """Return the mentions of persons whom the document introduces with a country.

        Args:
            view: The document.
            known: All mentions so far, in the order of the text; the new ones overlap none of them.

        """
        full: dict[str, str] = {}
        surnames: dict[str, list[tuple[int, str]]] = {}
        for name, code, start in [*self._introductions(view, known), *self._named_holders(known)]:
            full.setdefault(name, code)
            surname = _surname(name, code)
            if len(surname) > 2:
                surnames.setdefault(surname, []).append((start, code))
        if not full:
            return []
        for bearers in surnames.values():
            bearers.sort()
        patterns = list(dict.fromkeys([*full, *surnames]))
        automaton = ahocorasick_rs.AhoCorasick(patterns, matchkind=ahocorasick_rs.MatchKind.LeftmostLongest)
        taken = [(mention.start, mention.end) for mention in known]
        mentions = []
        for index, start, end in automaton.find_matches_as_indexes(view.safe):
            sentence = view.sentence_index(start, end)
            whole = view.opens_word(start) and view.closes_word(end)
            if sentence is None or not whole or overlaps(taken, start, end):
                continue
            bearer = full.get(patterns[index]) or self._bearer(view, surnames[patterns[index]], start, end, sentence)
            if bearer is not None:
                mentions.append(Mention(bearer, view.text[start:end], start, end, Source.INTRODUCED))
        return mentions

    def _bearer(
        self, view: View, bearers: Sequence[tuple[int, str]], start: int, end: int, sentence: int
    ) -> str | None:
        """Return the code of the person introduced last under a surname before a place, None if it is nobody's."""
        latest = bisect_left(bearers, (start, "")) - 1
        return bearers[latest][1] if latest >= 0 and self._stands_alone(view, start, end, sentence) else None

    def _named_holders(self, known: Sequence[Mention]) -> Iterator[tuple[str, str, int]]:
        """Yield name, code and place of each office-holder named in full: the surname is carried as well."""
        for mention in known:
            if mention.source is Source.OFFICE_HOLDER and " " in mention.text:
                first = mention.text.split()[0].casefold().strip(".")
                if first not in self._title_words and first not in _BEFORE_SURNAME:
                    yield mention.text, mention.code, mention.start

    def _introductions(self, view: View, known: Sequence[Mention]) -> Iterator[tuple[str, str, int]]:
        """Yield name, code and place of each person introduced with a country."""
        starts = [mention.start for mention in known]
        titles = [start for _, start, _ in self._title_scanner.find_matches_as_indexes(view.folded)]
        for mention in known:
            nearest = bisect_left(titles, mention.start - _REACH_BACK)
            near = nearest < len(titles) and titles[nearest] < mention.end + _REACH_ON
            if near and mention.source not in {Source.OFFICE_HOLDER, *_OWN}:
                for titled, place in self._introduced_by(view, mention):
                    name, start = self._without_title(titled, place)
                    name = _before_verb(view, name, start)
                    if _is_of_another(view, starts, mention, start):
                        continue
                    if " " in name and _is_free(starts, start, start + len(name)):
                        yield name, mention.code, start
        yield from self._ministers(view, known)

    def _introduced_by(self, view: View, mention: Mention) -> Iterator[tuple[str, int]]:
        """Yield name and place of the persons whom a mention of a country introduces."""
        before, after = view.before(mention.start, _REACH_BACK), view.after(mention.end, _REACH_ON)
        follows = self._title_name.match(after)
        if (
            follows
            and not self._silent.search(before[-12:] + follows["role"])
            and not _is_sent_to(mention, follows["role"])
        ):
            yield follows["name"], mention.end + follows.start("name")
        between = self._name_between_commas.match(after)
        if between and self._title_of.search(before) and not self._silent.search(before):
            yield between["name"], mention.end + between.start("name")
        # The dearest search of all is spared where its end does not stand.
        precedes = self._title_name_of.search(before) if _OF.search(before[-8:]) else None
        if precedes and not self._silent.search(before):
            yield precedes["name"], mention.start - len(before) + precedes.start("name")
        yield from self._apposition(mention, before, after)

    def _without_title(self, name: str, start: int) -> tuple[str, int]:
        """Return a name and its place without the titles that it begins with."""
        while " " in name and name.split(maxsplit=1)[0].casefold() in self._leading:
            title, name = name.split(maxsplit=1)
            start += len(title) + 1
        return name, start

    def _ministers(self, view: View, known: Sequence[Mention]) -> Iterator[tuple[str, str, int]]:
        """Yield the ministers named without a country in a sentence that names one country alone."""
        codes: dict[int, set[str]] = {}
        for mention in known:
            index = view.sentence_index(mention.start, mention.end)
            if index is not None and mention.source not in _OWN and entity_info(mention.code).kind != Kind.BLOC:
                codes.setdefault(index, set()).add(mention.code)
        starts = [mention.start for mention in known]
        for index, named in codes.items():
            sentence = view.sentences[index]
            if len(named) > 1:
                continue
            for match in self._minister.finditer(view.text, sentence.start, sentence.end):
                context = view.before(match.start(), 20) + match["role"]
                if _is_free(starts, *match.span()) and not self._silent.search(context):
                    yield match["name"], next(iter(named)), match.start("name")

    def _apposition(self, mention: Mention, before: str, after: str) -> Iterator[tuple[str, int]]:
        """Yield a person of the pattern "Maria Zakharova, a spokeswoman for the Russian foreign ministry"."""
        comma = before.rfind(", ")
        name = self._name_end.search(before[:comma]) if comma > 0 else None
        if name is None:
            return
        head = before[comma + 2 :]
        clause = head + _CLAUSE_END.split(after, maxsplit=1)[0]
        described = _DETERMINER.match(head) or self._one_title.search(head)
        if described and len(head) <= 45 and self._one_title.search(clause) and not self._silent.search(clause):
            yield name["name"], mention.start - len(before) + name.start("name")


def _holders(candidate: Candidate, day: date | None) -> list[Form]:
    """Return the office-holders that a candidate may be on a day; empty where it is a place or a trap."""
    if any(form.source is not Source.OFFICE_HOLDER for form in candidate.forms):
        return []
    if day is None:
        return list(candidate.forms)
    return [form for form in candidate.forms if any(_in_office(term, day) for term in form.terms)]


def _in_office(term: Term, day: date) -> bool:
    return (day >= term.first or term.first - day <= GRACE) and (day <= term.last or day - term.last <= GRACE)


def _pick(holders: Sequence[Form], named: Counter[str]) -> Form | None:
    """Return the holder that fits the countries a document names; the latest where none or several fit equally."""
    if len(holders) == 1:
        return holders[0]
    full = [form for form in holders if not form.alone]
    return max(full or holders, key=lambda form: (named[form.code or ""], max(term.last for term in form.terms)))


def _is_sent_to(mention: Mention, role: str) -> bool:
    """Tell whether a role is that of a state's ambassador to a bloc: "the U.N. ambassador"."""
    return mention.source is Source.BLOC and "ambassador" in role.casefold()


def _is_of_another(view: View, starts: Sequence[int], mention: Mention, name: int) -> bool:
    """Tell whether a name is that of a country between it and a mention: "off Chad and Norway's minister, Ola Berg"."""
    return " and " in view.text[mention.end : name] and not _is_free(starts, mention.end, name)


def _before_verb(view: View, name: str, start: int) -> str:
    """Return the part of a name before what its bearer does in a headline: "Ann Low Praises Farmers"."""
    sentence = view.sentence_index(start, start + len(name))
    if sentence is None or not view.is_headline(sentence):
        return name
    return " ".join(takewhile(lambda word: word.casefold() not in WORDS["headline_verbs"], name.split()))


def _surname(name: str, code: str) -> str:
    """Return the part of a full name by which later sentences call a person."""
    words = name.split()
    return words[0] if code in _FAMILY_NAME_FIRST else words[-1]


def _is_free(starts: Sequence[int], start: int, end: int) -> bool:
    """Tell whether no mention begins in a stretch."""
    index = bisect_left(starts, start)
    return index == len(starts) or starts[index] >= end
