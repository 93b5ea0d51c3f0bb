"""A copy of a text for matching: lower case, no accents, plain quotes and spaces, and every character where it was."""

from __future__ import annotations

import unicodedata

_PLAIN = {
    **dict.fromkeys(map(ord, "‘’‛ʼʻ`´′"), "'"),
    **dict.fromkeys(map(ord, "‐‑‒–—−"), "-"),
    ord("ø"): "o",
    ord("Ø"): "o",
    ord("ł"): "l",
    ord("Ł"): "l",
    ord("đ"): "d",
    ord("Đ"): "d",
    ord("ı"): "i",
}


class _Table(dict[int, str]):
    """Folded character of each code point; filled as characters are met."""

    def __missing__(self, point: int) -> str:
        folded = self[point] = _fold_character(chr(point))
        return folded


def _fold_character(character: str) -> str:
    """Return exactly one character for a character."""
    if character.isspace():
        return " "
    if unicodedata.category(character) == "Cs":  # a lone surrogate has no UTF-8 form, which the automaton needs
        return "\ufffd"
    decomposed = unicodedata.normalize("NFD", character)
    if len(decomposed) > 1 and all(map(unicodedata.combining, decomposed[1:])):
        character = decomposed[0]
    lower = character.lower()
    return lower if len(lower) == 1 else character


_TABLE = _Table(_PLAIN)


def fold(text: str) -> str:
    """Return a copy of a text for matching, character by character: ``len(fold(text)) == len(text)``."""
    return text.translate(_TABLE)
