"""What a user could do without learning anything: predict nothing, or look for cue words.

Baselines are given entities with their places, annotated or found, and answer as the model does; those that learn from
annotated sentences are in `text_baselines`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from model.scheme import LabelScheme
from training.evaluation.records import LocatedSentence, Prediction

CUES = {
    "support": r"reinforc\w+|stand(?:s|ing)? (?:by|with)|stood (?:by|with)|welcom\w+|back(?:s|ed|ing)?|support\w*"
    r"|provid\w+|pledg\w+|prais\w+|hail\w*|endors\w+|aid(?:s|ed|ing)?|solidarity",
    "deterrence": r"deter(?:s|red|ring|rence|rent)?|dissuad\w+|discourag\w+|readiness to impose"
    r"|(?:will|would) respond if|(?:will|would) not hesitate",
    "denial": r"den(?:y|ies|ied|ying|ials?)|reject\w*|dismiss\w*|refus\w+|baseless|rul(?:es?|ed|ing) out|non-?starter",
    "warning": r"warn\w*|caution\w*|alert\w*|threat\w*|ultimatums?|retaliat\w+|or else",
}
"""Cue words of the annotation guidelines, as regular expressions."""


class Baseline(Protocol):
    """Something that predicts the stances of given entities."""

    def predict(self, sentences: Sequence[LocatedSentence]) -> list[Prediction]:
        """Predict the stances of every entity of every sentence."""


class AlwaysNone:
    """Nobody takes a stance."""

    def predict(self, sentences: Sequence[LocatedSentence]) -> list[Prediction]:
        """Predict that no entity takes a stance."""
        return [Prediction({code: {} for code in sentence.codes}) for sentence in sentences]


class CueWords:
    """At each cue word, the nearest entity before it takes the stance toward the next one after it."""

    def __init__(self, scheme: LabelScheme) -> None:
        """Take the cue words of the scheme's labels; labels without cue words are never predicted."""
        self._patterns = {
            label: re.compile(rf"\b(?:{CUES[label]})\b", re.IGNORECASE) for label in scheme.names if label in CUES
        }

    def predict(self, sentences: Sequence[LocatedSentence]) -> list[Prediction]:
        """Predict the stances of every entity of every sentence."""
        return [self._predict(sentence) for sentence in sentences]

    def _predict(self, sentence: LocatedSentence) -> Prediction:
        labels: dict[str, dict[str, frozenset[str]]] = {code: {} for code in sentence.codes}
        for label, pattern in self._patterns.items():
            for cue in pattern.finditer(sentence.text):
                holder = _nearest_before(sentence, cue.start())
                if holder is not None:
                    targets = _next_after(sentence, cue.end()) - {holder}
                    labels[holder][label] = labels[holder].get(label, frozenset()) | targets
        return Prediction(labels)


def _nearest_before(sentence: LocatedSentence, place: int) -> str | None:
    before = [(span.end, entity.code) for entity in sentence.entities for span in entity.spans if span.end <= place]
    return max(before)[1] if before else None


def _next_after(sentence: LocatedSentence, place: int) -> frozenset[str]:
    after = [(span.start, entity.code) for entity in sentence.entities for span in entity.spans if span.start >= place]
    return frozenset([min(after)[1]]) if after else frozenset()
