"""K-fold cross-validation: every sentence is scored once, by a network that has not seen it or its near-duplicates."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from model.annotation import AnnotatedSentence
from model.errors import CorpusError
from training.checkpoints import write_whole
from training.corpus import read_corpus
from training.evaluation.bootstrap import Bootstrap
from training.evaluation.metrics import macro_f1_of, stance_counts
from training.evaluation.records import Judged
from training.runs.experiment import claim, once, train_in_memory
from training.runs.scoring import figures, judged, prediction_record
from training.runs.tables import Mean, write_tables
from training.splits import near_duplicate_groups
from training.training_run import Sentences, TrainingRun

FEWEST_PARTS, MOST_PARTS = 3, 10
"""Of the sentences that are not held out, one of so many parts stops and calibrates."""
DEV_SENTENCES = 100
"""How many that should be at least: thresholds fitted on fewer are a matter of luck."""
PREDICTIONS_FILE = "predictions.jsonl"
SURPRISING_FILE = "surprising.jsonl"


def cross_validate(
    run: TrainingRun, folds: int, surprising: int = 300, say: Callable[[str], object] = lambda _: None
) -> dict[str, Mean]:
    """Train one network a fold on the others; write figures, predictions and the most surprising labels.

    What was done before is not done again.

    Args:
        run: The settings. All sentences of its data take part, whatever their split.
        folds: Number of folds.
        surprising: How many decisions to list that the networks found least likely.
        say: What to do with a line about each fold.

    Returns:
        The mean of every metric over the folds, with Student's t-interval. Their training data overlaps, so the
        interval is somewhat too narrow (Bengio and Grandvalet 2004).

    Raises:
        CorpusError: annotated data is faulty, or there is too little of it.
        ModelError: the base encoder cannot be loaded.
        ValueError: ``run.out`` holds other runs.
    """
    sentences = read_corpus(run.data, run.scheme, run.columns)
    places = divide(sentences, folds, run.config.seed)
    claim(run, {"folds": folds})
    results: dict[str, Any] = {}
    records: list[dict[str, Any]] = []
    decisions: list[dict[str, Any]] = []
    counts = []
    for fold in range(folds):
        held_out = [sentence for sentence, place in zip(sentences, places, strict=True) if place == fold]
        rest = [sentence for sentence, place in zip(sentences, places, strict=True) if place != fold]
        name = f"fold-{fold + 1}"
        result = once(run.out, name, lambda at, rest=rest, out=held_out: _fold(run, rest, out, at))  # type: ignore[misc]
        results[name] = result["figures"]
        records += [{"fold": fold + 1, **record} for record in result["predictions"]]
        decisions += result["surprises"]
        counts += result["counts"]
        say(f"{name}: macro F1 {results[name]['macro F1'] or 0:.3f} on {len(held_out):,} sentences")
    decisions.sort(key=lambda decision: -decision["loss"])
    _write_lines(run.out / PREDICTIONS_FILE, records)
    _write_lines(run.out / SURPRISING_FILE, decisions[:surprising])
    pooled = Bootstrap(len(counts)).estimate(np.array(counts, np.int64), macro_f1_of)
    return write_tables(run.out, "cross-validation", results, pooled_macro_f1=asdict(pooled))


def divide(sentences: Sequence[AnnotatedSentence], parts: int, seed: int) -> list[int]:
    """Divide sentences into parts of like size and like labels; near-duplicates stay together.

    Returns:
        The part of each sentence, from 0.

    Raises:
        CorpusError: there are fewer groups of near-duplicates than parts.
    """
    groups = near_duplicate_groups(sentences)
    if len(groups) < parts:
        raise CorpusError(f"{len(groups)} sentences, near-duplicates counted once, are too few for {parts} parts")
    order = np.random.default_rng(seed).permutation(len(groups))
    places = [0] * len(sentences)
    sizes: Counter[int] = Counter()
    of_labels: dict[frozenset[str], Counter[int]] = {}
    for group in (groups[index] for index in order):
        filled = of_labels.setdefault(_labels(sentences[group[0]]), Counter())
        part = min(range(parts), key=lambda part: (filled[part], sizes[part]))
        filled[part] += len(group)
        sizes[part] += len(group)
        for index in group:
            places[index] = part
    return places


def surprises(sentences: Sequence[AnnotatedSentence], pairs: Sequence[Judged], names: Sequence[str]) -> list[Any]:
    """Return every decision on given entities with its loss: how unlikely the network finds the annotation."""
    found = []
    for sentence, pair in zip(sentences, pairs, strict=True):
        for code, scores in pair.predicted.scores.items():
            for name, score in zip(names, np.clip(scores, 1e-6, 1 - 1e-6), strict=True):
                annotated = name in pair.gold[code]
                loss = -np.log(score if annotated else 1 - score)
                found.append(
                    {
                        "loss": round(float(loss), 3),
                        "label": name,
                        "annotated": annotated,
                        "code": code,
                        "id": sentence.id,
                        "file": sentence.file,
                        "text": sentence.text,
                    }
                )
    return found


def _fold(
    run: TrainingRun, rest: Sequence[AnnotatedSentence], held_out: Sequence[AnnotatedSentence], checkpoints: Path
) -> dict[str, Any]:
    parts = min(MOST_PARTS, max(FEWEST_PARTS, len(rest) // DEV_SENTENCES))
    places = divide(rest, parts, run.config.seed)
    learned = [sentence for sentence, place in zip(rest, places, strict=True) if place]
    dev = [sentence for sentence, place in zip(rest, places, strict=True) if not place and sentence.entities]
    if not dev:
        raise CorpusError(f"no sentence with an entity among the {len(places) - len(learned)} that would stop a fold")
    trained = train_in_memory(run, Sentences(learned, dev, dev), checkpoints)
    pairs = judged(trained.classifier, held_out)
    scheme = run.scheme
    return {
        "sentences": {"train": len(learned), "dev": len(dev), "held out": len(held_out)},
        "figures": figures(pairs, scheme),
        "counts": stance_counts(pairs, scheme.names).tolist(),
        "predictions": [
            prediction_record(sentence, pair.predicted, scheme) for sentence, pair in zip(held_out, pairs, strict=True)
        ],
        "surprises": surprises(held_out, pairs, scheme.names),
    }


def _labels(sentence: AnnotatedSentence) -> frozenset[str]:
    return frozenset(label for entity in sentence.entities for label in entity.stances)


def _write_lines(path: Path, records: Sequence[dict[str, Any]]) -> None:
    write_whole(path, "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records))
