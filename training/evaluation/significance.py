"""Several systems against one: paired bootstrap and McNemar's exact test, corrected for their number.

Whoever compares one model with many finds differences by chance alone. Holm's step-down correction (1979) holds the
probability of any such finding at the level of a single test, whatever the systems have in common.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from model.scheme import LabelScheme
from training.evaluation.bootstrap import Bootstrap
from training.evaluation.comparison import (
    Agreement,
    Difference,
    agreement,
    compare_decisions,
    exact_sentences,
    metric_differences,
)
from training.evaluation.records import Judged


@dataclass(frozen=True, slots=True)
class Cases:
    """Cases that each system gets right or wrong, with McNemar's exact test.

    Attributes:
        counts: Where `old` is the report's model and `new` the other system.
        p: McNemar's exact p.
        p_holm: The same, corrected over the systems of the table.
    """

    counts: Agreement
    p: float
    p_holm: float


@dataclass(frozen=True, slots=True)
class SystemComparison:
    """Another system against the report's model, on the same sentences.

    Attributes:
        name: The other system.
        differences: Metrics of the model (`old`) and of the other system (`new`), and new minus old; macro F1 first.
        macro_p_holm: The bootstrap p of macro F1, corrected over the systems; None if it is undefined.
        decisions: Single decisions: does this entity take this label?
        sentences: Whole sentences, right if every entity takes exactly the annotated labels.
    """

    name: str
    differences: tuple[Difference, ...]
    macro_p_holm: float | None
    decisions: Cases
    sentences: Cases


def holm(values: Sequence[float]) -> list[float]:
    """Correct the p of several tests after Holm; the order stays."""
    order = sorted(range(len(values)), key=values.__getitem__)
    corrected, highest = [0.0] * len(values), 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, (len(values) - rank) * values[index]))
        corrected[index] = highest
    return corrected


def compare_systems(
    model: Sequence[Judged], others: Mapping[str, Sequence[Judged]], scheme: LabelScheme, bootstrap: Bootstrap
) -> tuple[SystemComparison, ...]:
    """Compare other systems with a model.

    Args:
        model: The model's answers beside the annotation.
        others: Those of the others, to the same sentences, by name.
        scheme: Names the labels.
        bootstrap: Draws of the sentences.
    """
    differences = [tuple(metric_differences(model, judged, scheme, bootstrap)) for judged in others.values()]
    decisions = _corrected([compare_decisions(model, judged, scheme.names) for judged in others.values()])
    right = exact_sentences(model)
    sentences = _corrected([agreement(right, exact_sentences(judged)) for judged in others.values()])
    defined = [found[0].p for found in differences if found[0].p is not None]
    macro = iter(holm(defined))
    return tuple(
        SystemComparison(name, found, None if found[0].p is None else next(macro), by_decision, by_sentence)
        for name, found, by_decision, by_sentence in zip(others, differences, decisions, sentences, strict=True)
    )


def _corrected(counts: Sequence[Agreement]) -> list[Cases]:
    values = [count.p for count in counts]
    return [Cases(*row) for row in zip(counts, values, holm(values), strict=True)]
