"""Sentences with ``<s>…</s>`` around the source and ``<t>…</t>`` around the target."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from model.documents import Span

SOURCE, TARGET = "source", "target"
SIDES = {"s": SOURCE, "t": TARGET}
MARK = re.compile(r"<(/?)([st])>", re.IGNORECASE)

Places = Mapping[str, Sequence[Span]]
"""The places of the source and of the target; a side without any is not there."""


def has_marks(text: str) -> bool:
    """Tell whether a text holds marks."""
    return MARK.search(text) is not None


def read_marks(marked: str) -> tuple[str, dict[str, list[Span]]]:
    """Take the marks off a sentence.

    Marks may stand several times, and one side's inside the other's: then the characters of the inner one belong to it
    alone, and the outer one has a place on each side of it. White space at the ends of a place is no part of it, and
    places without a letter or digit are none.

    Returns:
        The sentence and the places of each side in it, in the order of the text.

    Raises:
        ValueError: a mark is not closed or not opened, two cross, or all that a side marks belongs to the other.
    """
    pieces: list[str] = []
    places: dict[str, list[Span]] = {}
    open_: list[str] = []
    last = length = 0
    for mark in [*MARK.finditer(marked), None]:
        piece = marked[last : mark.start() if mark else len(marked)]
        pieces.append(piece)
        if open_ and re.search(r"\w", piece):
            start = length + len(piece) - len(piece.lstrip())
            places[SIDES[open_[-1]]].append(Span(start, start + len(piece.strip())))
        length += len(piece)
        if mark is not None:
            _step(mark, open_)
            places.setdefault(SIDES[mark[2].lower()], [])
            last = mark.end()
    if open_:
        raise ValueError(f"<{open_[-1]}> is not closed")
    for letter, side in SIDES.items():
        if places.get(side) == []:
            raise ValueError(f"<{letter}>…</{letter}> holds no word of its own")
    return "".join(pieces), places


def _step(mark: re.Match[str], open_: list[str]) -> None:
    """Open or close a mark."""
    letter, at = mark[2].lower(), f"at character {mark.start() + 1}"
    if not mark[1]:
        if letter in open_:
            raise ValueError(f"<{letter}> {at} stands inside another <{letter}>")
        open_.append(letter)
    elif letter not in open_:
        raise ValueError(f"</{letter}> {at} closes nothing")
    elif open_.pop() != letter:
        raise ValueError(f"</{letter}> {at} crosses the other mark")
