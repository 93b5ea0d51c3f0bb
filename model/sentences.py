"""Text to sentences with exact offsets, made for newswire.

Own rules, because the libraries at hand (pysbd, syntok, blingfire, sentencex, nupunkt) each split at some of
"Lt. Col.", "p.m. Tuesday", "to the U.S. The" or inside quoted speech, and most give no offsets.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from dataclasses import dataclass
from importlib.resources import files

_WORDS = {
    kind: frozenset(words.split())
    for kind, words in tomllib.loads((files("model") / "sentences.toml").read_text(encoding="utf-8")).items()
}
TITLES, BEFORE_NUMBER, EITHER, OPENERS = (_WORDS[kind] for kind in ("titles", "before_number", "either", "openers"))
AFTER_HOUR = re.compile(r"\s+(?:(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?\b|[A-Z]{2,4}\b|\()")
SAYING = re.compile(
    r"\s+(?:[\w.'’-]+\s+){0,5}(?:said|says|asked|told|added|wrote|tweeted|replied|declared|warned|insisted)\b"
)
TERMINATOR = re.compile(r"(?<![.!?…])[.!?…]++[\"'”’»)\]]*+(?=\s)|[。！？]++[」』”’]*+")
QUOTE = re.compile(r"(?<!\w)\"[^\"\n]{1,300}\"(?!\w)|“[^“”\n]{1,300}”|«[^«»\n]{1,300}»")
LINE_BREAK = re.compile(r"\n\s*+")
RUNS_ON = re.compile(r"\s+[.,;:!?)]")
WORD_BEFORE = re.compile(r"[^\s\"'“”‘’(\[]*$")
WORD_AFTER = re.compile(r"\s*[\"'“‘«(\[]*([\w'’-]*)")
TORN_DECIMAL = re.compile(r"[$€£]?\d{1,2}")
INITIALS = re.compile(r"(?:\w\.)+\w")
WRAPPED_SHARE = 0.25
LONGEST_WORD = 40


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a document: ``document.text[start:end] == text``, without white space at its ends."""

    text: str
    start: int
    end: int


def split_sentences(text: str) -> list[Sentence]:
    """Split a text into sentences; headings and lines of their own count as sentences.

    Quoted speech of up to 300 characters stays together with what introduces or attributes it. Every character that is
    not white space belongs to exactly one sentence.

    Returns:
        The sentences in the order of the text.
    """
    sentences: list[Sentence] = []
    start = 0
    for end in sorted({*_line_ends(text), *_sentence_ends(text), len(text)}):
        piece = text[start:end]
        stripped = piece.strip()
        if stripped:
            first = start + len(piece) - len(piece.lstrip())
            sentences.append(Sentence(stripped, first, first + len(stripped)))
        start = end
    return sentences


def _line_ends(text: str) -> list[int]:
    """Return where lines end that do not run on: all of them, but for texts wrapped at a column."""
    breaks = list(LINE_BREAK.finditer(text))
    single = [found for found in breaks if found.group().count("\n") == 1 and found.end() < len(text)]
    running_on = [found for found in single if text[found.end()].islower()]
    wrapped = len(running_on) > WRAPPED_SHARE * len(single)
    return [
        found.start()
        for found in breaks
        if found.group().count("\n") > 1
        or not (wrapped or text[found.end() : found.end() + 1].islower())
        or (_line_closes(text, found.start()) and not wrapped)
    ]


def _line_closes(text: str, end: int) -> bool:
    return text[max(0, end - 2) : end].rstrip("\"'”’)").endswith((".", "!", "?"))


def _sentence_ends(text: str) -> list[int]:
    quotes = [found.span() for found in QUOTE.finditer(text)]
    starts = [start for start, _ in quotes]
    ends = []
    for found in TERMINATOR.finditer(text):
        position = bisect_right(starts, found.start()) - 1
        inside_quote = position >= 0 and found.end() < quotes[position][1]
        if not inside_quote and _ends_sentence(text, found.start(), found.end()):
            ends.append(found.end())
    return ends


def _ends_sentence(text: str, start: int, end: int) -> bool:
    """Say whether the full stop (or other mark) at ``start``, with closing marks up to ``end``, ends a sentence."""
    mark = text[start:end]
    if mark[0] in "。！？":
        return True
    if RUNS_ON.match(text, end, end + 4):
        return False
    after = WORD_AFTER.match(text, end)
    following = after.group(1) if after else ""
    if following[:1].islower():
        return False
    if mark[-1] in "\"'”’»" and SAYING.match(text, end, end + 120):
        return False
    return mark != "." or _full_stop_ends(text, start, end, following)


def _full_stop_ends(text: str, start: int, end: int, following: str) -> bool:
    """Decide for a bare full stop by the word before it and the word after it."""
    before = WORD_BEFORE.search(text, max(0, start - LONGEST_WORD), start)
    word = before.group() if before else ""
    plain = word.lower().rpartition("-")[2] or word.lower()
    if plain in TITLES:
        return False
    if plain in ("a.m", "p.m"):
        return not AFTER_HOUR.match(text, end)
    if following[:1].isdigit() and (plain in BEFORE_NUMBER or TORN_DECIMAL.fullmatch(word)):
        return False
    initial = len(word) == 1 and word.isalpha() and word.isupper()
    if initial or plain in EITHER or INITIALS.fullmatch(word):
        return following.lower() in OPENERS
    # "1. First point": the number opens a line and the sentence goes on.
    opens_line = not text[max(0, start - LONGEST_WORD) : start - len(word)].rpartition("\n")[2].strip()
    return not (opens_line and word.isdigit() and len(word) <= 2)
