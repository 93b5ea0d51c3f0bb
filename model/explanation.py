"""Which words of a sentence a stance hangs on, as plain dataclasses; ``to_dict`` gives the JSON contract."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class WordEffect:
    """A word and what it does to a probability.

    Attributes:
        text: The word as it stands in the document: ``document.text[start:end]``.
        start: First code point of the word in the document.
        end: One past the last code point.
        effect: The probability minus the probability with the word hidden; in [-1, 1], above 0 if the word speaks for
            the stance.
    """

    text: str
    start: int
    end: int
    effect: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why an entity takes a stance in a sentence, or does not.

    Attributes:
        sentence: Index of the sentence in the document.
        code: Code of the entity.
        stance: The stance.
        score: Probability in [0, 1] that the entity takes it.
        words: All words of the sentence but the mentions of entities, in the order of the text.
    """

    sentence: int
    code: str
    stance: str
    score: float
    words: tuple[WordEffect, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON data."""
        words = [{"text": w.text, "start": w.start, "end": w.end, "effect": w.effect} for w in self.words]
        return {
            "sentence": self.sentence,
            "code": self.code,
            "stance": self.stance,
            "score": self.score,
            "words": words,
        }
