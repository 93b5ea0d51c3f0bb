"""What more annotated sentences would bring: runs on growing shares of the train split, and a law fitted to them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from model.annotation import AnnotatedSentence
from training.checkpoints import write_whole
from training.corpus import read_corpus
from training.evaluation.bootstrap import LEVEL
from training.runs.experiment import claim, dev_figures, once, train_in_memory
from training.runs.scoring import figures, judged
from training.training_run import Sentences, TrainingRun, read_sentences

DRAWS = 10_000
FEWEST_POINTS = 4
"""Runs from which a law with two parameters leaves something to judge its error by."""
DOTS_PER_INCH = 144

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PowerLaw:
    """How the error falls with the number of sentences: ``error = scale * sentences ** -exponent``.

    It has no floor under the error, so it rather promises too much for far more data than was tried (on the law itself,
    Cortes et al. 1994 and Hestness et al. 2017).

    Attributes:
        scale: Error of one sentence.
        exponent: How fast it falls.
        sentences: Number of sentences that there are.
        now: Expected value of the metric with them.
        twice: Expected value with twice as many.
        gain: Their difference.
        low: Lower end of the 95% interval of the gain, from the scatter of the runs about the law.
        high: Upper end.
    """

    scale: float
    exponent: float
    sentences: int
    now: float
    twice: float
    gain: float
    low: float
    high: float


def learning_curve(
    run: TrainingRun,
    shares: Sequence[float],
    seeds: int,
    test: Sequence[Path] = (),
    say: Callable[[str], object] = lambda _: None,
) -> tuple[str, PowerLaw | None]:
    """Train on shares of the train split, larger ones holding the smaller; write ``learning-curve.json`` and ``.png``.

    What was done before is not done again.

    Args:
        run: The settings.
        shares: Shares of the train split, above 0 and up to 1.
        seeds: Runs a share, each with its own choice of sentences.
        test: Annotated files to score on with given entities; without them, dev figures are drawn.
        say: What to do with a line about each run.

    Returns:
        The metric that is drawn, and the law fitted to it; None if the runs are too few or don't fall into one.

    Raises:
        CorpusError: annotated data is faulty.
        ModelError: the base encoder cannot be loaded.
        ValueError: ``run.out`` holds other runs, or a share is none.
    """
    if not shares or not all(0 < share <= 1 for share in shares):
        raise ValueError("shares must lie above 0 and not above 1")
    claim(run, {"test": [str(path) for path in test]})
    sentences = read_sentences(run)
    held_out = read_corpus(test, run.scheme, run.columns) if test else []
    metric = "test macro F1" if test else "dev macro F1"
    points = []
    for seed in range(run.config.seed, run.config.seed + seeds):
        own = replace(run, config=replace(run.config, seed=seed))
        order = np.random.default_rng(seed).permutation(len(sentences.train))
        for share in sorted(shares):
            some = [sentences.train[index] for index in order[: max(1, round(share * len(order)))]]
            part = replace(sentences, train=some)
            name = f"share-{share:g}-seed-{seed}"
            point = once(run.out, name, lambda at, own=own, part=part: _point(own, part, held_out, at))  # type: ignore[misc]
            points.append(point | {"seed": seed, "share": share})
            say(f"{name}: {metric} {point['figures'][metric] or 0:.3f} with {point['sentences']:,} sentences")
    counts = np.array([point["sentences"] for point in points], float)
    values = np.array([point["figures"][metric] or 0.0 for point in points], float)
    law = fit_power_law(counts, values, len(sentences.train))
    result = {"metric": metric, "law": asdict(law) if law else None, "points": points}
    write_whole(run.out / "learning-curve.json", json.dumps(result, indent=2) + "\n")
    (run.out / "learning-curve.png").write_bytes(_draw(counts, values, metric, law))
    return metric, law


def fit_power_law(counts: Floats, values: Floats, sentences: int) -> PowerLaw | None:
    """Fit a power law to the errors ``1 - values`` by least squares of the logarithms.

    Args:
        counts: Numbers of sentences that were learned.
        values: Metric of each, below 1.
        sentences: How many sentences there are.

    Returns:
        The law, whose interval draws its parameters from their joint t-distribution; None for fewer than
        `FEWEST_POINTS` runs, for one size alone, or for a metric of 1.
    """
    if len(counts) < FEWEST_POINTS or len(np.unique(counts)) < 2 or values.max() >= 1:
        return None
    design = np.column_stack([np.ones(len(counts)), np.log(counts)])
    errors = np.log(1 - values)
    fitted, *_ = np.linalg.lstsq(design, errors, rcond=None)
    freedom = len(counts) - 2
    variance = float(((errors - design @ fitted) ** 2).sum()) / freedom
    covariance = variance * np.linalg.inv(design.T @ design)
    rng = np.random.default_rng(0)
    normal = rng.multivariate_normal(np.zeros(2), covariance, size=DRAWS)
    drawn = fitted + normal / np.sqrt(rng.chisquare(freedom, size=(DRAWS, 1)) / freedom)
    gains = _error(drawn, sentences) - _error(drawn, 2 * sentences)
    low, high = np.quantile(gains, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    now, twice = (1 - float(_error(fitted[None], n)[0]) for n in (sentences, 2 * sentences))
    return PowerLaw(
        float(np.exp(fitted[0])), float(-fitted[1]), sentences, now, twice, twice - now, float(low), float(high)
    )


def _error(parameters: Floats, sentences: float) -> Floats:
    """Return the error by laws ``[laws, 2]``: logarithm of the scale, and slope."""
    errors: Floats = np.exp(parameters[:, 0] + parameters[:, 1] * np.log(sentences))
    return errors


def _point(
    run: TrainingRun, sentences: Sentences, held_out: Sequence[AnnotatedSentence], checkpoints: Path
) -> dict[str, Any]:
    trained = train_in_memory(run, sentences, checkpoints)
    values = dev_figures(trained.dev, run.scheme)
    if held_out:
        scored = figures(judged(trained.classifier, held_out), run.scheme)
        values |= {f"test {name}": value for name, value in scored.items()}
    return {"sentences": len(sentences.train), "figures": values}


def _draw(counts: Floats, values: Floats, metric: str, law: PowerLaw | None) -> bytes:
    figure = Figure(figsize=(7, 4.2))
    axes = figure.subplots()
    axes.scatter(counts, values, s=16, color="#b0b7bd", label="runs")
    sizes = np.unique(counts)
    axes.plot(sizes, [values[counts == size].mean() for size in sizes], "o-", color="#1f5f8b", label="mean")
    if law:
        places = np.geomspace(sizes[0], 2 * law.sentences, 100)
        axes.plot(places, 1 - law.scale * places**-law.exponent, ":", color="#e0a458", label="power law")
        bars = [[law.gain - law.low], [law.high - law.gain]]
        axes.errorbar([2 * law.sentences], [law.twice], yerr=np.maximum(bars, 0), fmt="s", color="#e0a458", capsize=3)
    axes.set_xscale("log")
    axes.set_xlabel("sentences learned")
    axes.set_ylabel(metric)
    axes.grid(color="#d9dee2", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    with io.BytesIO() as picture:
        figure.savefig(picture, format="png", dpi=DOTS_PER_INCH, bbox_inches="tight", facecolor="white")
        return picture.getvalue()
