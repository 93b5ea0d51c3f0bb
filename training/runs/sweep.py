"""The same run with several seeds: how much of a figure is luck."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from tokenizers import Tokenizer

from model.classifier import StanceClassifier
from model.config import CONFIG_FILE, NETWORK_FILE, TOKENIZER_FILE
from model.encoding import Encoder
from training.corpus import read_corpus
from training.export import exported_logits
from training.pipeline import CHECKPOINTS, train
from training.runs.experiment import claim, dev_figures, once
from training.runs.scoring import figures, judged
from training.runs.tables import Mean, write_tables
from training.training_run import TrainingRun, read_sentences


def sweep(
    run: TrainingRun, seeds: Sequence[int], test: Sequence[Path] = (), say: Callable[[str], object] = lambda _: None
) -> dict[str, Mean]:
    """Train one model a seed, into ``seed-N`` below ``run.out``, and write tables of their figures.

    What was done before is not done again.

    Args:
        run: What the runs share.
        seeds: Their seeds.
        test: Annotated files to score every model on, with given entities and its own thresholds.
        say: What to do with a line about each run.

    Returns:
        The mean of every metric.

    Raises:
        CorpusError: annotated data is faulty.
        ModelError: the base encoder cannot be loaded.
        ValueError: ``run.out`` holds other runs.
    """
    claim(run, {"test": [str(path) for path in test]})
    results = {}
    for seed in seeds:
        model = run.out / f"seed-{seed}"
        own = replace(run, out=model, config=replace(run.config, seed=seed))
        result = once(run.out, model.name, lambda _, own=own: _measured(own, test))  # type: ignore[misc]
        results[model.name] = result["figures"]
        shown = "test macro F1" if test else "dev average precision"
        say(f"{model.name}: {shown} {results[model.name][shown] or 0:.3f}")
    return write_tables(run.out, "sweep", results)


def _measured(run: TrainingRun, test: Sequence[Path]) -> dict[str, object]:
    """Train a model, unless it is there, and measure it."""
    # The configuration comes last into a model directory, and then the checkpoints go.
    if not (run.out / CONFIG_FILE).exists() or (run.out / CHECKPOINTS).exists():
        train(replace(run, reporting=replace(run.reporting, quiet=True)))
    classifier = StanceClassifier.from_pretrained(run.out)
    encoder = Encoder(Tokenizer.from_file(str(run.out / TOKENIZER_FILE)), classifier.config.max_tokens)
    dev = [sentence for sentence in read_sentences(run).dev if sentence.entities]
    values = dev_figures(exported_logits(run.out / NETWORK_FILE, dev, encoder, run.scheme), run.scheme)
    if test:
        scored = figures(judged(classifier, read_corpus(test, run.scheme, run.columns)), run.scheme)
        values |= {f"test {name}": value for name, value in scored.items()}
    classifier.close()
    return {"seed": run.config.seed, "figures": values}
