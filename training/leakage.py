"""Leakage: sentences that stand on both sides of what must be kept apart, or near-duplicates of which do."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from model.annotation import AnnotatedSentence, text_key
from model.errors import CorpusError
from training.splits import NearDuplicate, near_duplicates

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
    return leaks_among(members, near_duplicates([sentence for _, sentence in members]))


def leaks_among(members: Sequence[tuple[str, AnnotatedSentence]], pairs: Iterable[NearDuplicate]) -> list[Leak]:
    """Do the same with sentences and their parts, of which the pairs that are alike are known."""
    leaks = []
    for pair in pairs:
        (first, one), (second, other) = members[pair.first], members[pair.second]
        if first != second:
            leaks.append(Leak(second, other.id, first, one.id, round(pair.similarity, 3), pair.same_text))
    return sorted(leaks, key=lambda leak: (not leak.same_text, -leak.similarity))


def keep_apart(
    learned: Sequence[AnnotatedSentence],
    watched: Mapping[str, Sequence[AnnotatedSentence]],
    refused: Mapping[str, Sequence[AnnotatedSentence]],
) -> None:
    """Refuse to learn what will be evaluated on, and warn of what is alike.

    Args:
        learned: What is learned.
        watched: Data of which a learned sentence is only warned of, by what they are: the dev split, for instance.
        refused: Data of which no sentence may be learned, by the option that named them.

    Raises:
        CorpusError: a text of the refused data is among what is learned.
    """
    texts = {text_key(sentence.text): sentence.id for sentence in learned}
    for name, sentences in refused.items():
        same = [(sentence.id, texts[key]) for sentence in sentences if (key := text_key(sentence.text)) in texts]
        if same:
            shown = ", ".join(f"{one} (learned as {other})" for one, other in same[:LEAKS_SHOWN])
            more = f" and {len(same) - LEAKS_SHOWN} more" if len(same) > LEAKS_SHOWN else ""
            raise CorpusError(f"{name}: {len(same)} of its sentences are learned: {shown}{more}")
    for name, sentences in {**watched, **refused}.items():
        leaks = find_leaks({"train split": learned, name: sentences})
        if leaks:
            shown = "; ".join(map(str, leaks[:LEAKS_SHOWN]))
            _log.warning("leakage: %d pairs of sentences of train split and %s are alike: %s", len(leaks), name, shown)
