"""Swap consistency: a text whose countries are replaced by others must keep its stances where they stood.

The network cannot tell countries apart, since it never reads their names: with the same mentions given, its answers
must not change at all. End to end, the finder must also find the new countries where it found the old ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from model.encoding import EncodableSentence
from model.scoring import SentenceScores
from training.evaluation.predictions import Classifier, EndToEnd, predict_end_to_end
from training.evaluation.records import Labels
from training.evaluation.swapping import SwappedDocument, draw_codes, swap

FINDER, STANCES = "finder", "stances"


@dataclass(frozen=True, slots=True)
class SwapFailure:
    """A swapped text whose answer is not the original's.

    Attributes:
        id: The record.
        kind: ``finder`` if other entities are found, ``stances`` if only the stances differ.
        codes: Old code to new code.
        text: The swapped text; None if texts are left out.
        expected: The original's stances, in the new codes, without the entities that take none.
        answered: The swapped text's stances.
        missed: New codes that were not found.
        spurious: Codes that were found and are not among the new ones.
    """

    id: str
    kind: str
    codes: dict[str, str]
    text: str | None
    expected: dict[str, dict[str, list[str]]]
    answered: dict[str, dict[str, list[str]]]
    missed: list[str]
    spurious: list[str]


@dataclass(frozen=True, slots=True)
class SwapConsistency:
    """How many texts keep their stances when their countries are swapped.

    Attributes:
        records: Number of records in which an entity was found and could be replaced.
        swapped: Number of swapped texts: records times draws.
        end_to_end: Share of swapped texts with the same stances and targets; None without any.
        finder: Share of swapped texts in which exactly the new entities are found.
        network: Share of swapped texts with the same stances and targets when the mentions are given.
        score_difference: Largest change of a probability when the mentions are given.
        failures: The swapped texts that fail end to end, in their stances or in their entities.
        network_failures: Ids of the records that fail with the mentions given.
    """

    records: int
    swapped: int
    end_to_end: float | None
    finder: float | None
    network: float | None
    score_difference: float | None
    failures: tuple[SwapFailure, ...]
    network_failures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Draw:
    """One swapped version of every record that has entities."""

    ids: list[str]
    documents: list[SwappedDocument]
    expected: list[Labels]


def swap_consistency(
    classifier: Classifier, original: EndToEnd, *, draws: int = 3, seed: int = 0, texts: bool = True
) -> SwapConsistency:
    """Swap the countries of every record several times and compare the answers.

    Args:
        classifier: The classifier that gave the original answers.
        original: Its answers to the records' texts.
        draws: Number of swapped versions of each record.
        seed: Seed of the draws.
        texts: Whether failures show the swapped text.
    """
    rng = np.random.default_rng(seed)
    failures: list[SwapFailure] = []
    network_failures: list[str] = []
    swapped = wrong_stances = wrong_entities = records = 0
    difference = 0.0
    for _ in range(draws):
        drawn = _draw(original, rng)
        records = len(drawn.ids)
        swapped += records
        answers = predict_end_to_end(classifier, list(zip(drawn.ids, (d.text for d in drawn.documents), strict=True)))
        for index, answer in enumerate(answers.predictions):
            failure = _compare(drawn, index, answer.labels, texts=texts)
            if failure:
                failures.append(failure)
                wrong_stances += failure.expected != failure.answered
                wrong_entities += failure.kind == FINDER
        changed, largest = _compare_network(classifier, drawn)
        network_failures += changed
        difference = max(difference, largest)
    return SwapConsistency(
        records=records,
        swapped=swapped,
        end_to_end=1 - wrong_stances / swapped if swapped else None,
        finder=1 - wrong_entities / swapped if swapped else None,
        network=1 - len(network_failures) / swapped if swapped else None,
        score_difference=difference if swapped else None,
        failures=tuple(failures),
        network_failures=tuple(network_failures),
    )


def _draw(original: EndToEnd, rng: np.random.Generator) -> _Draw:
    drawn = _Draw([], [], [])
    for document, found, prediction in zip(original.documents, original.found, original.predictions, strict=True):
        codes = draw_codes(document, rng)
        if codes:
            drawn.ids.append(found.id)
            drawn.documents.append(swap(found.text, document, codes))
            drawn.expected.append(_rename(prediction.labels, codes))
    return drawn


def _rename(labels: Labels, codes: Mapping[str, str]) -> Labels:
    return {
        codes[code]: {label: frozenset(codes[target] for target in targets) for label, targets in stances.items()}
        for code, stances in labels.items()
    }


def _compare(drawn: _Draw, index: int, answered: Labels, *, texts: bool) -> SwapFailure | None:
    expected = drawn.expected[index]
    if expected == answered:
        return None
    document = drawn.documents[index]
    return SwapFailure(
        id=drawn.ids[index],
        kind=FINDER if set(expected) != set(answered) else STANCES,
        codes=dict(document.codes),
        text=document.text if texts else None,
        expected=plain(expected),
        answered=plain(answered),
        missed=sorted(set(expected) - set(answered)),
        spurious=sorted(set(answered) - set(expected)),
    )


def plain(labels: Labels) -> dict[str, dict[str, list[str]]]:
    """Return labels as plain data, in order, without the entities that take no stance."""
    return {
        code: {label: sorted(targets) for label, targets in sorted(stances.items())}
        for code, stances in sorted(labels.items())
        if stances
    }


def _compare_network(classifier: Classifier, drawn: _Draw) -> tuple[list[str], float]:
    """Return the ids whose answers change with the mentions given, and the largest change of a probability."""
    before = _scores(classifier, [document.originals for document in drawn.documents])
    after = _scores(classifier, [document.sentences for document in drawn.documents])
    changed, largest = [], 0.0
    for name, old, new in zip(drawn.ids, before, after, strict=True):
        pairs = list(zip(old, new, strict=True))
        if any(classifier.decide(one) != classifier.decide(other) for one, other in pairs):
            changed.append(name)
        largest = max([largest, *(_largest_change(one, other) for one, other in pairs)])
    return changed, largest


def _scores(classifier: Classifier, documents: Sequence[tuple[EncodableSentence, ...]]) -> list[list[SentenceScores]]:
    scores = iter(classifier.score([sentence for document in documents for sentence in document]))
    return [[next(scores) for _ in document] for document in documents]


def _largest_change(one: SentenceScores, other: SentenceScores) -> float:
    changes = [np.abs(one.labels - other.labels), np.abs(one.toward - other.toward)]
    return max((float(change.max()) for change in changes if change.size), default=0.0)
