"""The candidates of one document: places where a form of the gazetteer stands as a whole word."""

from __future__ import annotations

import re
import string
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import ahocorasick_rs

from model.countries.folding import fold
from model.countries.gazetteer import Form, Gazetteer, Match
from model.countries.tables import WORDS
from model.documents import Mention, Source
from model.sentences import Sentence

# Common words in their own right: in a text all in capitals they are no abbreviation.
_WORDS = WORDS["abbreviations"]
# Names and adjectives that are other words, or common given names, without their capitals.
_LOWER_CASE_WORDS = WORDS["lower_case"]
_PRONOUN_VERBS = re.compile(
    r"\b(?:tell|tells|told|let|lets|give|gives|gave|show|shows|join|help|helps|save|ask|leave|bring|make|makes|all of|"
    r"both of|most of|some of|many of|one of|contact|follow|email|call|between|of|about|trust|teach|teaches|spare) $"
)
_ASCII_CASES = string.ascii_uppercase.encode(), string.ascii_lowercase.encode()
_HEADLINE_WORD = re.compile(r"\w+(?:['’.-]\w+)*")


class View:
    """A text with its folded copy and its sentences; answers questions about places in it.

    Attributes:
        text: The document.
        folded: The folded copy, of the same length.
        safe: The text with a "?" for every lone surrogate, which has no UTF-8 form.
        sentences: The sentences, in the order of the text.

    """

    def __init__(self, text: str, sentences: Sequence[Sentence]) -> None:
        self.text = text
        self.folded = fold(text)
        self.safe = text.encode("utf-8", "replace").decode() if not text.isascii() else text
        self.sentences = sentences
        self._starts = [sentence.start for sentence in sentences]
        self._headlines: dict[int, bool] = {}
        self._capitals: dict[int, bool] = {}
        self._lower: dict[int, bool] = {}

    def sentence_index(self, start: int, end: int) -> int | None:
        """Return the index of the sentence that contains a stretch, None if none does."""
        index = bisect_right(self._starts, start) - 1
        return index if index >= 0 and end <= self.sentences[index].end else None

    def opens_word(self, start: int) -> bool:
        """Tell whether no word goes on across the left edge of a place."""
        return start == 0 or not _in_word(self.folded[start - 1])

    def closes_word(self, end: int) -> bool:
        """Tell whether no word goes on across the right edge of a place."""
        return end >= len(self.folded) or not _in_word(self.folded[end])

    def before(self, start: int, width: int = 60) -> str:
        """Return up to ``width`` characters before a place, within its sentence."""
        index = bisect_right(self._starts, start) - 1
        return self.text[max(self._starts[index], start - width) : start]

    def after(self, end: int, width: int = 60) -> str:
        """Return up to ``width`` characters after a place, within its sentence."""
        index = bisect_right(self._starts, max(end - 1, 0)) - 1
        return self.text[end : min(self.sentences[index].end, end + width)]

    def is_headline(self, index: int) -> bool:
        """Tell whether most words of a sentence begin with a capital."""
        if index not in self._headlines:
            words = [word for word in _HEADLINE_WORD.findall(self.sentences[index].text[:300]) if len(word) > 3]
            capital = sum(word[0].isupper() for word in words)
            self._headlines[index] = bool(words) and capital >= 0.8 * len(words)
        return self._headlines[index]

    def is_lower(self, index: int) -> bool:
        """Tell whether a sentence has no capital at all."""
        if index not in self._lower:
            self._lower[index] = self.sentences[index].text.islower()
        return self._lower[index]

    def is_capitals(self, index: int) -> bool:
        """Tell whether a sentence is written in capitals."""
        if index not in self._capitals:
            upper, lower = _count_cases(self.sentences[index].text[:300])
            self._capitals[index] = upper > 4 * lower
        return self._capitals[index]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stretch of a document with the forms of the gazetteer that it may be.

    Attributes:
        start: First code point.
        end: One past the last code point.
        forms: The forms whose text and capitals fit; a trap alone has code None.
        sentence: Index of the sentence.

    """

    start: int
    end: int
    forms: tuple[Form, ...]
    sentence: int


class Scanner:
    """Finds the candidates of a document in one pass of an Aho-Corasick automaton."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._forms = gazetteer.forms
        self._automaton = ahocorasick_rs.AhoCorasick(gazetteer.patterns)

    def scan(self, view: View, taken: Sequence[Mention] = ()) -> list[Candidate]:
        """Return the candidates of a document, leftmost longest, not overlapping.

        Args:
            view: The document.
            taken: Mentions in the order of the text whose places are no candidates.

        """
        spans = [(mention.start, mention.end) for mention in taken]
        found: list[Candidate] = []
        last = 0
        for candidate in sorted(self._whole_words(view), key=lambda item: (item.start, -item.end)):
            if candidate.start >= last and not overlaps(spans, candidate.start, candidate.end):
                found.append(candidate)
                last = candidate.end
        return found

    def _whole_words(self, view: View) -> Iterator[Candidate]:
        folded = view.folded
        for pattern, start, end in self._automaton.find_matches_as_indexes(folded, overlapping=True):
            if not view.opens_word(start):
                continue
            stop = end
            if not view.closes_word(end):
                if folded[end] != "s" or not view.closes_word(end + 1):
                    continue
                stop = end + 1  # a plural, or a genitive that lost its apostrophe
            sentence = view.sentence_index(start, stop)
            if sentence is None:
                continue
            forms = tuple(
                form
                for form in self._forms[pattern]
                if (stop == end or _takes_s(form)) and _capitals_fit(form, view, start, end, sentence)
            )
            if forms:
                # without its title, so that "President Kim" yields to "Kim Jong Il" and not the other way round
                yield Candidate(start + forms[0].skip, stop, forms, sentence)


def overlaps(spans: Sequence[tuple[int, int]], start: int, end: int) -> bool:
    """Tell whether a stretch shares a character with one of the spans, which are sorted and do not overlap."""
    index = bisect_left(spans, (end, end)) - 1
    return index >= 0 and spans[index][1] > start


def _count_cases(text: str) -> tuple[int, int]:
    """Return how many letters are capitals and how many are not."""
    if not text.isascii():
        return sum(map(str.isupper, text)), sum(map(str.islower, text))
    letters = text.encode()  # Taking letters out and counting what is left is ten times as fast.
    upper, lower = (len(letters) - len(letters.translate(None, case)) for case in _ASCII_CASES)
    return upper, lower


def _in_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _takes_s(form: Form) -> bool:
    """Tell whether a form may carry a plural or genitive "s"."""
    return (
        form.source not in {Source.TITLE, Source.BODY, Source.GAZETTEER}
        and form.text[-1] not in "s."
        and form.code is not None
    )


def _capitals_fit(form: Form, view: View, start: int, end: int, sentence: int) -> bool:
    written = view.text[start:end]
    if form.match is Match.ANY or written == form.text:
        return not _is_plain_word(form, view, start, sentence)
    if form.match is Match.EXACT:
        if len(form.text) > 4 and written.isupper():
            return True
        return all(a.isupper() == b.isupper() for a, b in zip(form.text, written, strict=True))
    if form.alone and len(written) < 4 and written.isupper() and not view.is_capitals(sentence):
        return False  # "XI" among small letters is a number
    starts = [index for index in range(len(written)) if index == 0 or not form.text[index - 1].isalnum()]
    if all(written[index].isupper() or not form.text[index].isupper() for index in starts):
        return True
    return written.islower() and _is_clear_in_lower_case(form, view, sentence)


def _is_clear_in_lower_case(form: Form, view: View, sentence: int) -> bool:
    """Tell whether a form is clear without its capitals: long names, and adjectives in a text without any capital."""
    if len(form.text) < 5 or form.text.casefold() in _LOWER_CASE_WORDS:
        return False
    return form.source is Source.NAME or (form.source is Source.ADJECTIVE and view.is_lower(sentence))


def _is_plain_word(form: Form, view: View, start: int, sentence: int) -> bool:
    """Tell whether an abbreviation is the pronoun or another plain word of a text in capitals."""
    word = form.text.casefold()
    if word not in _WORDS or not view.is_capitals(sentence):
        return False
    if word != "us":
        return word != "un"
    after = view.after(start + 2, 2)
    return bool(_PRONOUN_VERBS.search(view.before(start).lower())) or not after.startswith((" ", "-", "'", "’"))
