"""Leakage: sentences that stand on both sides of what must be kept apart, or near-duplicates of which do."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from model.annotation import AnnotatedSentence, text_key
from model.errors import CorpusError
from training.splits import near_duplicates

LEAKS_SHOWN = 5

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Leak:
    """A sentence of a later part that is like one of an earlier part.

    Attributes:
        part: The part that it stands in.
        id: Its id.
        other_part: The part of the other sentence.
        other_id: The id of that.
        similarity: Jaccard similarity of their word trigrams, countries masked.
        same_text: Whether their words are the same, countries and all.
    """

    part: str
    id: str
    other_part: str
    other_id: str
    similarity: float
    same_text: bool

    def __str__(self) -> str:
        """Return it as one line."""
        how = "has the text of" if self.same_text else f"is {self.similarity:.0%} like"
        return f"{self.part} {self.id} {how} {self.other_part} {self.other_id}"


def find_leaks(parts: Mapping[str, Sequence[AnnotatedSentence]]) -> list[Leak]:
    """List all pairs of like sentences in different parts, same texts first, then the most similar."""
    members = [(name, sentence) for name, sentences in parts.items() for sentence in sentences]
    leaks = []
    for pair in near_duplicates([sentence for _, sentence in members]):
        (first, one), (second, other) = members[pair.first], members[pair.second]
        if first != second:
            leaks.append(Leak(second, other.id, first, one.id, round(pair.similarity, 3), pair.same_text))
    return sorted(leaks, key=lambda leak: (not leak.same_text, -leak.similarity))


def keep_apart(
    learned: Sequence[AnnotatedSentence],
    split: Sequence[AnnotatedSentence],
    named: Mapping[str, Sequence[AnnotatedSentence]],
) -> None:
    """Refuse to learn from named held-out data, and warn of what is alike.

    Args:
        learned: What is learned.
        split: The dev split of the same data.
        named: Data that were named as held out, by the option that named them.

    Raises:
        CorpusError: a text of the named data is among what is learned.
    """
    texts = {text_key(sentence.text): sentence.id for sentence in learned}
    for option, sentences in named.items():
        same = [(sentence.id, texts[key]) for sentence in sentences if (key := text_key(sentence.text)) in texts]
        if same:
            shown = ", ".join(f"{one} (learned as {other})" for one, other in same[:LEAKS_SHOWN])
            more = f" and {len(same) - LEAKS_SHOWN} more" if len(same) > LEAKS_SHOWN else ""
            raise CorpusError(f"{option}: {len(same)} of its sentences are learned: {shown}{more}")
    for leak_part, sentences in {"dev split": split, **named}.items():
        leaks = find_leaks({"train split": learned, leak_part: sentences})
        if leaks:
            shown = "; ".join(map(str, leaks[:LEAKS_SHOWN]))
            _log.warning(
                "leakage: %d pairs of near-duplicates between train split and %s: %s", len(leaks), leak_part, shown
            )
