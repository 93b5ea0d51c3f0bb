"""How far annotators of the same sentences agree: Krippendorff's alpha (Krippendorff 2019, chapter 12).

Alpha is 1 for perfect agreement and 0 for what chance would give. What is compared:

entities: every word of every sentence, with the code of the mention that covers it, or none (nominal).
a label: every pair of a sentence and an entity that any annotator lists; it takes the label or not.
direction: for every label that two or more give to the same entity, every other entity of the sentence; it is a target
or not for those who give the label.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.annotation import AnnotatedSentence, mention_spans
from model.scheme import LabelScheme

RESAMPLES = 1000
WORD = re.compile(r"\w+(?:[.'’-]\w+)*")

Annotations = Sequence[AnnotatedSentence]
"""What two or more annotators made of one sentence."""

Units = list[tuple[str, ...]]
"""The units of one sentence: for each the values of those who judged it, two at least."""


@dataclass(frozen=True, slots=True)
class Alpha:
    """Agreement on one question.

    Attributes:
        name: What was compared.
        units: Number of units that two or more judged.
        differing: Number of them judged differently.
        alpha: Krippendorff's alpha; None where all values are the same, which leaves it undefined.
        low: Lower end of its 95% interval, from drawing sentences; None as above, or where none was asked for.
        high: The upper end.
    """

    name: str
    units: int
    differing: int
    alpha: float | None
    low: float | None
    high: float | None


def agreement(sentences: Sequence[Annotations], scheme: LabelScheme, resamples: int = RESAMPLES) -> list[Alpha]:
    """Measure the agreement on entities, on each label and on direction.

    Args:
        sentences: For each sentence what two or more annotators made of it.
        scheme: The labels.
        resamples: How often sentences are drawn for the intervals; 0 for none.
    """
    units = [("entities", [_entity_units(item) for item in sentences])]
    units += [(name, [_label_units(item, name) for item in sentences]) for name in scheme.names]
    if scheme.directed:
        units.append(("direction", [_direction_units(item, scheme) for item in sentences]))
    return [_alpha(name, values, resamples) for name, values in units]


def stances_by_code(sentence: AnnotatedSentence) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return the stances of every entity of a sentence."""
    return {entity.code: entity.stances for entity in sentence.entities}


def nominal_alpha(cells: NDArray[np.int64], weights: NDArray[Any], size: int) -> float | None:
    """Return alpha of nominal values.

    Args:
        cells: For each pair of values of a unit ``first value * size + second value``, each pair once.
        weights: What each pair counts; a unit of n values has ``n * (n - 1) / 2`` pairs of ``1 / (n - 1)`` each.
        size: Number of different values.
    """
    table = np.bincount(cells, weights, minlength=size * size).reshape(size, size)
    coincidences = table + table.T
    values, total = coincidences.sum(axis=0), coincidences.sum()
    expected = total * total - (values * values).sum()
    # Weights such as 1/3 do not add up exactly: what is left of an expected 0 is rounding.
    if expected <= 1e-9 * total * total:
        return None
    return float(1 - (total - 1) * (total - np.trace(coincidences)) / expected)


def _entity_units(annotations: Annotations) -> Units:
    words = [match.span() for match in WORD.finditer(annotations[0].text)]
    return list(zip(*(_covering(sentence, words) for sentence in annotations), strict=True))


def _covering(sentence: AnnotatedSentence, words: Sequence[tuple[int, int]]) -> list[str]:
    places = [
        (span.start, span.end, entity.code)
        for entity, spans in zip(sentence.entities, mention_spans(sentence), strict=True)
        for span in spans
    ]
    return [next((code for s, e, code in places if s < end and start < e), "-") for start, end in words]


def _label_units(annotations: Annotations, name: str) -> Units:
    said = [stances_by_code(sentence) for sentence in annotations]
    codes = dict.fromkeys(code for stances in said for code in stances)
    return [tuple(str(name in stances.get(code, {})) for stances in said) for code in codes]


def _direction_units(annotations: Annotations, scheme: LabelScheme) -> Units:
    said = [stances_by_code(sentence) for sentence in annotations]
    units: Units = []
    for code in dict.fromkeys(code for stances in said for code in stances):
        for name in scheme.names:
            givers = [stances for stances in said if name in stances.get(code, {})]
            if len(givers) < 2:
                continue
            for target in dict.fromkeys(other for stances in givers for other in stances if other != code):
                units.append(tuple(str(target in stances[code][name]) for stances in givers))
    return units


def _alpha(name: str, sentences: Sequence[Units], resamples: int) -> Alpha:
    units = [unit for sentence in sentences for unit in sentence]
    numbers = {value: number for number, value in enumerate(dict.fromkeys(value for unit in units for value in unit))}
    size = max(len(numbers), 1)
    pairs = [
        (numbers[one] * size + numbers[other], 1 / (len(unit) - 1), owner)
        for owner, sentence in enumerate(sentences)
        for unit in sentence
        for one, other in combinations(unit, 2)
    ]
    cells, owners = (np.array([pair[column] for pair in pairs], int) for column in (0, 2))
    weights = np.array([weight for _, weight, _ in pairs], float)
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(resamples):
        times = np.bincount(rng.integers(0, len(sentences), len(sentences)), minlength=len(sentences))
        drawn.append(nominal_alpha(cells, weights * times[owners], size))
    defined = [value for value in drawn if value is not None]
    low, high = map(float, np.quantile(defined, [0.025, 0.975])) if defined else (None, None)
    differing = sum(len(set(unit)) > 1 for unit in units)
    return Alpha(name, len(units), differing, nominal_alpha(cells, weights, size), low, high)
