"""Whether a new model is really better than an old one, on the same annotated sentences.

Differences of metrics come with the percentile interval of a paired bootstrap: both models are measured on the same
draws of sentences, so what makes a draw easy or hard cancels out (Efron and Tibshirani 1993; for language processing
Koehn 2004, Berg-Kirkpatrick et al. 2012). Single decisions are compared with McNemar's test (1947) in its exact,
binomial form: of the decisions that one model alone gets right, each should get half if neither is better.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import binomtest

from model.annotation import AnnotatedSentence
from model.classifier import ModelInfo, StanceClassifier
from model.scheme import LabelScheme
from training.evaluation.bootstrap import LEVEL, Bootstrap, Statistic
from training.evaluation.metrics import exact_sentence_counts, f1_of, macro_f1_of, stance_counts, triple_counts
from training.evaluation.predictions import Classifier, predict_end_to_end, predict_given
from training.evaluation.records import (
    FloatArray,
    IntArray,
    Judged,
    Prediction,
    asked_only,
    gold_labels,
    judge,
    locate_annotated,
)
from training.evaluation.swap import plain
from training.reading.columns import Columns
from training.splits import read_part

RESAMPLES = 2000

Stances = dict[str, dict[str, list[str]]]
"""Code to stance to targets, of the entities that take a stance."""


class Verdict(StrEnum):
    """What the interval of the difference in macro F1 says."""

    BETTER = "better"
    WORSE = "worse"
    NONE = "no difference shown"


@dataclass(frozen=True, slots=True)
class Difference:
    """A metric of both models.

    Attributes:
        metric: Its name.
        old: The old model's value; None if it is undefined.
        new: The new model's value.
        difference: New minus old; None if either is undefined.
        low: Lower end of the difference's 95% interval; None if no draw defines it.
        high: Upper end.
        p: Two-sided bootstrap probability of a difference on the other side of 0, or there.
    """

    metric: str
    old: float | None
    new: float | None
    difference: float | None
    low: float | None = None
    high: float | None = None
    p: float | None = None


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often each model is right where the other one is not.

    Attributes:
        both: Cases that both get right.
        old_alone: Cases that only the old model gets right.
        new_alone: Cases that only the new model gets right.
        neither: Cases that both get wrong.
    """

    both: int
    old_alone: int
    new_alone: int
    neither: int

    @property
    def p(self) -> float:
        """Probability, by McNemar's exact test, of a split at least as uneven if neither model is better."""
        alone = self.old_alone + self.new_alone
        return float(binomtest(self.new_alone, alone).pvalue) if alone else 1.0


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence that one model alone gets right."""

    id: str
    text: str
    right: str
    gold: Stances
    old: Stances
    new: Stances


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models on the same sentences.

    Attributes:
        old: The old model.
        new: The new model.
        resamples: Draws of the bootstrap.
        seed: Its seed.
        differences: Macro F1 first, then micro F1, each label's F1 and, in a directed scheme, direction F1.
        decisions: Single decisions: does this entity take this stance?
        sentences: Whole sentences, right if every entity takes exactly the annotated stances, targets aside.
        verdict: Whether the interval of the difference in macro F1 lies above 0, below, or holds it.
        examples: Sentences that one model alone gets right: first those of the new one, then those of the old one.
    """

    old: ModelInfo
    new: ModelInfo
    resamples: int
    seed: int
    differences: tuple[Difference, ...]
    decisions: Agreement
    sentences: Agreement
    verdict: Verdict
    examples: tuple[Example, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON data."""
        data = asdict(self)
        data["decisions"]["p"] = self.decisions.p
        return data | {"verdict": self.verdict.value}


def compare(
    old: str | Path | None,
    new: str | Path | None,
    data_paths: Sequence[Path],
    *,
    split: str | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
    examples: int = 0,
    columns: Columns | None = None,
) -> Comparison:
    """Compare two models on annotated sentences: end to end from raw text, or with the entities given if none is found.

    Args:
        old: Model directory or name; None for the embedded model.
        new: The same.
        data_paths: Annotated files or folders of them; neither model may have been trained on them.
        split: Compare on this split of the data only; None for all of them.
        resamples: Draws of the bootstrap.
        seed: Seed of the draws.
        examples: Sentences to list that the new model alone gets right, and as many that the old one does.
        columns: Names of the columns of pair rows; None for the common ones.

    Raises:
        CorpusError: the data are faulty.
        ModelError: a model is missing or corrupted.
        ValueError: the models have different labels.
    """
    first, second = StanceClassifier.from_pretrained(old), StanceClassifier.from_pretrained(new)
    sentences = read_part(data_paths, split, first.scheme, columns)
    return compare_classifiers(first, second, sentences, resamples=resamples, seed=seed, examples=examples)


def compare_classifiers(
    old: Classifier,
    new: Classifier,
    sentences: Sequence[AnnotatedSentence],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    examples: int = 0,
) -> Comparison:
    """Compare two loaded classifiers; see `compare`."""
    scheme = common_scheme(old.scheme, new.scheme)
    gold = [gold_labels(sentence) for sentence in sentences]
    before, after = (asked_only(judge(gold, _answers(model, sentences)), scheme) for model in (old, new))
    bootstrap = Bootstrap(len(sentences), resamples, seed)
    differences = tuple(metric_differences(before, after, scheme, bootstrap))
    right = exact_sentences(before), exact_sentences(after)
    return Comparison(
        old=old.info,
        new=new.info,
        resamples=resamples,
        seed=seed,
        differences=differences,
        decisions=compare_decisions(before, after, scheme.names),
        sentences=agreement(*right),
        verdict=_verdict(differences[0]),
        examples=tuple(_examples(sentences, before, after, right, examples)),
    )


def compare_decisions(old: Sequence[Judged], new: Sequence[Judged], labels: Sequence[str]) -> Agreement:
    """Count right decisions: one for each stance of each entity that is annotated or that either model finds."""
    right_old: list[bool] = []
    right_new: list[bool] = []
    for before, after in zip(old, new, strict=True):
        gold, first, second = before.gold, before.predicted.labels, after.predicted.labels
        for code in {**gold, **first, **second}:
            for label in labels:
                truth = label in gold.get(code, {})
                right_old.append((label in first.get(code, {})) == truth)
                right_new.append((label in second.get(code, {})) == truth)
    return agreement(right_old, right_new)


def paired_difference(
    metric: str, old: IntArray, new: IntArray, statistic: Statistic, bootstrap: Bootstrap
) -> Difference:
    """Compare a statistic of counts that add up over sentences.

    Args:
        metric: Name of the statistic.
        old: The old model's counts of each sentence, shape ``[sentences, *shape]``.
        new: The new model's.
        statistic: Function of summed counts ``[..., *shape]``.
        bootstrap: Draws of the sentences.
    """
    before, after = (_defined(statistic(counts.sum(axis=0).astype(np.float64))) for counts in (old, new))
    if before is None or after is None:
        return Difference(metric, before, after, None)
    draws = bootstrap.draws(new, statistic) - bootstrap.draws(old, statistic)
    draws = draws[~np.isnan(draws)]
    if not draws.size:
        return Difference(metric, before, after, after - before)
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    tail = min(int((draws <= 0).sum()), int((draws >= 0).sum()))
    # The data themselves count as one more draw, so that no p is 0.
    p = min(1.0, 2 * (tail + 1) / (draws.size + 1))
    return Difference(metric, before, after, after - before, float(low), float(high), p)


def metric_differences(
    old: Sequence[Judged], new: Sequence[Judged], scheme: LabelScheme, bootstrap: Bootstrap
) -> Iterator[Difference]:
    """Compare macro F1, micro F1, each label's F1 and, in a directed scheme, direction F1, in this order."""
    before, after = stance_counts(old, scheme.names), stance_counts(new, scheme.names)
    yield paired_difference("macro F1", before, after, macro_f1_of, bootstrap)
    yield paired_difference("micro F1", before.sum(axis=1), after.sum(axis=1), f1_of, bootstrap)
    for position, label in enumerate(scheme.names):
        yield paired_difference(f"{label} F1", before[:, position], after[:, position], f1_of, bootstrap)
    if scheme.directed:
        yield paired_difference("direction F1", triple_counts(old), triple_counts(new), f1_of, bootstrap)


def common_scheme(old: LabelScheme, new: LabelScheme) -> LabelScheme:
    """Return the scheme of two models.

    Raises:
        ValueError: they have different labels.
    """
    for what, first, second in (
        ("labels", ", ".join(old.names), ", ".join(new.names)),
        ("multi_label", old.multi_label, new.multi_label),
        ("none", old.none, new.none),
        ("directed", old.directed, new.directed),
    ):
        if first != second:
            raise ValueError(f"the models cannot be compared: {what}: {first} in the old one, {second} in the new one")
    return old


def _answers(classifier: Classifier, sentences: Sequence[AnnotatedSentence]) -> list[Prediction]:
    if not classifier.scheme.finds_entities:
        return predict_given(classifier, [locate_annotated(sentence) for sentence in sentences])
    return predict_end_to_end(classifier, [(sentence.id, sentence.text) for sentence in sentences]).predictions


def _verdict(macro: Difference) -> Verdict:
    if macro.low is None or macro.high is None or macro.low <= 0 <= macro.high:
        return Verdict.NONE
    return Verdict.BETTER if macro.low > 0 else Verdict.WORSE


def exact_sentences(judged: Sequence[Judged]) -> list[bool]:
    """Say of each sentence whether every entity takes exactly the annotated labels, targets aside."""
    return [bool(right) for right in exact_sentence_counts(judged)[:, 0]]


def agreement(old: Sequence[bool], new: Sequence[bool]) -> Agreement:
    """Count the cases that both models get right, that one alone does, and that neither does."""
    cases = Counter(zip(old, new, strict=True))
    return Agreement(cases[True, True], cases[True, False], cases[False, True], cases[False, False])


def _examples(
    sentences: Sequence[AnnotatedSentence],
    old: Sequence[Judged],
    new: Sequence[Judged],
    right: tuple[Sequence[bool], Sequence[bool]],
    limit: int,
) -> Iterator[Example]:
    for name, wanted in (("new", (False, True)), ("old", (True, False))):
        places = [place for place, pair in enumerate(zip(*right, strict=True)) if pair == wanted]
        for place in places[:limit]:
            sentence, before, after = sentences[place], old[place], new[place]
            yield Example(
                id=sentence.id,
                text=sentence.text,
                right=name,
                gold=plain(before.gold),
                old=plain(before.predicted.labels),
                new=plain(after.predicted.labels),
            )


def _defined(value: FloatArray) -> float | None:
    return None if np.isnan(value) else float(value)
