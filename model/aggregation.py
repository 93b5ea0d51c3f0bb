"""From sentences to a document: who takes which stance how often, and toward whom."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from model.results import SCORE_DIGITS, Relation, SentenceResult, SummaryRow


def summary(sentences: Sequence[SentenceResult]) -> tuple[SummaryRow, ...]:
    """Count, for every entity, the sentences in which it takes each stance; in the order of first mention."""
    names: dict[str, str] = {}
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for sentence in sentences:
        for result in sentence.entities:
            names.setdefault(result.entity.code, result.entity.name)
            counts[result.entity.code].update(stance.stance for stance in result.stances)
    return tuple(SummaryRow(code, name, dict(counts[code])) for code, name in names.items())


def relations(sentences: Sequence[SentenceResult]) -> tuple[Relation, ...]:
    """Gather who takes which stance toward whom; in the order of first appearance."""
    places: dict[tuple[str, str, str], dict[int, float]] = defaultdict(dict)
    for index, sentence in enumerate(sentences):
        for result in sentence.entities:
            for stance in result.stances:
                for target in stance.toward:
                    key = (result.entity.code, stance.stance, target.code)
                    places[key][index] = stance.score * target.score
    return tuple(
        Relation(*key, tuple(scores), round(max(scores.values()), SCORE_DIGITS)) for key, scores in places.items()
    )
