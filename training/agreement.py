"""How far two annotators of the same sentences agree: Krippendorff's alpha (Krippendorff 2019, chapter 12).

Alpha is 1 for perfect agreement and 0 for what chance would give. What is compared:

entities: every word of every sentence, with the code of the mention that covers it, or none (nominal).
a label: every pair of a sentence and an entity that either annotator lists; it takes the label or not.
direction: for every label that both give to the same entity, every other entity of the sentence; it is a target or not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.errors import CorpusError
from model.scheme import LabelScheme
from training.corpus import AnnotatedSentence, mention_spans, read_corpus

RESAMPLES = 1000
WORD = re.compile(r"\w+(?:[.'’-]\w+)*")

Values = tuple[list[str], list[str]]
"""What two annotators said of the units of one sentence."""


@dataclass(frozen=True, slots=True)
class Alpha:
    """Agreement on one question.

    Attributes:
        name: What was compared.
        units: Number of units that both judged.
        differing: Number of them judged differently.
        alpha: Krippendorff's alpha; None where all values are the same, which leaves it undefined.
        low: Lower end of its 95% interval, from drawing sentences; None as above.
        high: The upper end.
    """

    name: str
    units: int
    differing: int
    alpha: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One unit that was judged differently, in words."""

    id: str
    question: str
    first: str
    second: str


def read_both(first: Path, second: Path) -> list[tuple[AnnotatedSentence, AnnotatedSentence]]:
    """Read two annotations of the same sentences, matched by id.

    Raises:
        CorpusError: a file is faulty, they share no sentence, or an id has different texts in them.
    """
    others = {sentence.id: sentence for sentence in read_corpus([second])}
    pairs = [(mine, others[mine.id]) for mine in read_corpus([first]) if mine.id in others]
    if not pairs:
        raise CorpusError(f"{first} and {second} share no id")
    for mine, theirs in pairs:
        if mine.text != theirs.text:
            raise CorpusError(f"{mine.id}: the text is not the same in {first} and {second}")
    return pairs


def agreement(pairs: Sequence[tuple[AnnotatedSentence, AnnotatedSentence]], scheme: LabelScheme) -> list[Alpha]:
    """Measure the agreement on entities, on each label and on direction."""
    units = [("entities", [_entity_units(*pair) for pair in pairs])]
    units += [(name, [_label_units(*pair, name) for pair in pairs]) for name in scheme.names]
    if scheme.directed:
        units.append(("direction", [_direction_units(*pair, scheme) for pair in pairs]))
    return [_alpha(name, values) for name, values in units]


def disagreements(
    pairs: Sequence[tuple[AnnotatedSentence, AnnotatedSentence]], scheme: LabelScheme
) -> list[Disagreement]:
    """List what two annotators judged differently: entities, labels, and the targets of labels that both give."""
    found = []
    for first, second in pairs:
        mine, theirs = _stances(first), _stances(second)
        if mine.keys() != theirs.keys():
            found.append(Disagreement(first.id, "entities", " ".join(mine), " ".join(theirs)))
        for code in dict.fromkeys([*mine, *theirs]):
            for name in scheme.names:
                one, other = mine.get(code, {}).get(name), theirs.get(code, {}).get(name)
                if (one is None) != (other is None) or set(one or ()) != set(other or ()):
                    found.append(Disagreement(first.id, f"{code} {name}", _said(one), _said(other)))
    return found


def _said(targets: tuple[str, ...] | None) -> str:
    return "no" if targets is None else "toward " + (" ".join(targets) or "nobody")


def _stances(sentence: AnnotatedSentence) -> dict[str, dict[str, tuple[str, ...]]]:
    return {entity.code: entity.stances for entity in sentence.entities}


def _entity_units(first: AnnotatedSentence, second: AnnotatedSentence) -> Values:
    words = [match.span() for match in WORD.finditer(first.text)]
    return _covering(first, words), _covering(second, words)


def _covering(sentence: AnnotatedSentence, words: Sequence[tuple[int, int]]) -> list[str]:
    places = [
        (span.start, span.end, entity.code)
        for entity, spans in zip(sentence.entities, mention_spans(sentence), strict=True)
        for span in spans
    ]
    return [next((code for s, e, code in places if s < end and start < e), "-") for start, end in words]


def _label_units(first: AnnotatedSentence, second: AnnotatedSentence, name: str) -> Values:
    mine, theirs = _stances(first), _stances(second)
    codes = dict.fromkeys([*mine, *theirs])
    return [str(name in mine.get(c, {})) for c in codes], [str(name in theirs.get(c, {})) for c in codes]


def _direction_units(first: AnnotatedSentence, second: AnnotatedSentence, scheme: LabelScheme) -> Values:
    mine, theirs = _stances(first), _stances(second)
    values: Values = ([], [])
    for code in mine.keys() & theirs.keys():
        for name in scheme.names:
            if name not in mine[code] or name not in theirs[code]:
                continue
            for target in (mine.keys() | theirs.keys()) - {code}:
                values[0].append(str(target in mine[code][name]))
                values[1].append(str(target in theirs[code][name]))
    return values


def _alpha(name: str, sentences: Sequence[Values]) -> Alpha:
    first, second = ([value for pair in sentences for value in pair[side]] for side in (0, 1))
    numbers = {value: number for number, value in enumerate(dict.fromkeys([*first, *second]))}
    size = max(len(numbers), 1)
    cells = np.array([numbers[one] * size + numbers[other] for one, other in zip(first, second, strict=True)], int)
    owners = np.repeat(np.arange(len(sentences)), [len(pair[0]) for pair in sentences])
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(RESAMPLES):
        times = np.bincount(rng.integers(0, len(sentences), len(sentences)), minlength=len(sentences))
        drawn.append(_nominal_alpha(cells, times[owners], size))
    defined = [value for value in drawn if value is not None]
    low, high = map(float, np.quantile(defined, [0.025, 0.975])) if defined else (None, None)
    differing = sum(one != other for one, other in zip(first, second, strict=True))
    return Alpha(name, len(first), differing, _nominal_alpha(cells, np.ones(len(cells)), size), low, high)


def _nominal_alpha(cells: NDArray[np.int64], weights: NDArray[Any], size: int) -> float | None:
    """Return alpha of two annotators, nominal, nothing missing.

    Args:
        cells: For each unit ``first value * size + second value``.
        weights: How often each unit counts.
        size: Number of different values.
    """
    table = np.bincount(cells, weights, minlength=size * size).reshape(size, size)
    coincidences = table + table.T
    values, total = coincidences.sum(axis=0), coincidences.sum()
    expected = total * total - (values * values).sum()
    if expected == 0:
        return None
    return float(1 - (total - 1) * (total - np.trace(coincidences)) / expected)
