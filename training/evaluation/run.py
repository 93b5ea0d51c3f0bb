"""Evaluating a model: runs it in both settings, beside the baselines, and writes the report."""

from __future__ import annotations

import importlib.metadata
import re
import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from model.annotation import AnnotatedSentence
from model.classifier import StanceClassifier
from model.scheme import STANCES, LabelScheme
from training.corpus import corpus_files, count_rows, data_sha256, read_corpus
from training.evaluation.baselines import CUES, AlwaysNone, Baseline, CueWords, LinearWords
from training.evaluation.bootstrap import Bootstrap
from training.evaluation.metrics import confusion_matrix, measure
from training.evaluation.mistakes import wrong_entities, wrong_stances
from training.evaluation.predictions import Classifier, EndToEnd, predict_end_to_end, predict_given
from training.evaluation.records import (
    Labels,
    LocatedSentence,
    Prediction,
    asked_only,
    gold_labels,
    judge,
    locate_annotated,
)
from training.evaluation.reliability import reliabilities
from training.evaluation.rendering import write_report
from training.evaluation.report import (
    BaselineData,
    DataFile,
    DataSummary,
    Report,
    Run,
    SettingReport,
)
from training.evaluation.slices import make_slices, measure_slice
from training.evaluation.swap import SwapConsistency, swap_consistency
from training.reading.columns import Columns
from training.splits import read_split

SEEDS = Path(__file__).resolve().parents[2] / "seeds"
"""The repository's annotated corpus; not part of the installed package."""

ALWAYS_NONE, CUE_WORDS, LINEAR_WORDS = "always none", "cue words", "TF-IDF + logistic regression"


@dataclass(frozen=True, slots=True)
class Options:
    """How to evaluate.

    Attributes:
        split: Evaluate on this split of the data only; None for all of them.
        train_paths: What to fit the linear baseline on; None for the training split of the repository's seeds, and
            for no linear baseline where there are none or the labels are others. Sentences that are evaluated on are
            left out.
        command: The command line to name in the report; None for this process's.
        resamples: Draws of each bootstrap interval.
        swap_draws: Swapped versions of each text.
        seed: Seed of the bootstrap and of the swaps.
        worst: How many of the worst mistakes to list.
        texts: Whether the report shows sentence texts; without them it names records by id only.
        columns: Names of the columns of pair rows in the data; None for the common ones.
    """

    split: str | None = None
    train_paths: Sequence[Path] | None = None
    command: str | None = None
    resamples: int = 1000
    swap_draws: int = 3
    seed: int = 0
    worst: int = 25
    texts: bool = True
    columns: Columns | None = None


def evaluate(
    model_path: str | Path | None,
    data_paths: Sequence[Path],
    report_dir: Path,
    *,
    options: Options | None = None,
) -> Report:
    """Evaluate a model on annotated sentences and write ``report.json``, ``report.md`` and ``report.html``.

    Args:
        model_path: Model directory or name; None for the embedded model.
        data_paths: Annotated files or folders of them.
        report_dir: Folder for the report; made if it is missing.
        options: How to evaluate.

    Raises:
        CorpusError: the data are faulty.
        ModelError: the model is missing or corrupted.
    """
    report = evaluate_classifier(StanceClassifier.from_pretrained(model_path), data_paths, options=options)
    write_report(report, report_dir)
    return report


def evaluate_classifier(
    classifier: Classifier, data_paths: Sequence[Path], *, options: Options | None = None
) -> Report:
    """Evaluate a loaded classifier without writing anything; see `evaluate`."""
    began = time.monotonic()
    options = options or Options()
    scheme = classifier.scheme
    columns = options.columns
    sentences = (
        read_split(data_paths, options.split, scheme, columns)
        if options.split
        else read_corpus(data_paths, scheme, columns)
    )
    gold = [gold_labels(sentence) for sentence in sentences]
    given = [locate_annotated(sentence) for sentence in sentences]
    baselines, baseline_data = _baselines(scheme, sentences, options.train_paths, columns)

    end_to_end = predict_end_to_end(classifier, [(sentence.id, sentence.text) for sentence in sentences])
    setting = _Setting(sentences, gold, scheme, baselines, options)
    return Report(
        model=classifier.info,
        data=_data_summary(data_paths, options.split, gold, scheme),
        baseline_data=baseline_data,
        labels=scheme.names,
        scheme=scheme.to_dict(gazetteer=False),
        end_to_end=setting.report(end_to_end.found, end_to_end.predictions, entities_given=False),
        gold_entities=setting.report(given, predict_given(classifier, given), entities_given=True),
        swap=_swap(classifier, end_to_end, options),
        wrong_entities=tuple(wrong_entities(given, judge(gold, end_to_end.predictions), texts=options.texts)),
        run=Run(
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            command=options.command or shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
            package_version=_package_version(),
            resamples=options.resamples,
            swap_draws=options.swap_draws,
            seed=options.seed,
            texts=options.texts,
            seconds=round(time.monotonic() - began, 1),
        ),
    )


def _swap(classifier: Classifier, end_to_end: EndToEnd, options: Options) -> SwapConsistency | None:
    """Swap countries, if the scheme has any."""
    if not classifier.scheme.countries:
        return None
    return swap_consistency(classifier, end_to_end, draws=options.swap_draws, seed=options.seed, texts=options.texts)


@dataclass(frozen=True, slots=True)
class _Setting:
    """What both settings share."""

    sentences: Sequence[AnnotatedSentence]
    gold: Sequence[Labels]
    scheme: LabelScheme
    baselines: Mapping[str, Baseline]
    options: Options

    def report(
        self, located: Sequence[LocatedSentence], predictions: Sequence[Prediction], *, entities_given: bool
    ) -> SettingReport:
        """Measure the model and the baselines on the same entities."""
        scheme, options = self.scheme, self.options
        labels = scheme.names
        bootstrap = Bootstrap(len(self.gold), options.resamples, options.seed)
        judged = asked_only(judge(self.gold, predictions), scheme)
        overall, by_label = reliabilities(judged, labels)
        return SettingReport(
            model=measure(judged, labels, bootstrap, directed=scheme.directed, entities_given=entities_given),
            baselines={
                name: measure(
                    asked_only(judge(self.gold, baseline.predict(located)), scheme),
                    labels,
                    bootstrap,
                    directed=scheme.directed,
                    entities_given=entities_given,
                )
                for name, baseline in self.baselines.items()
            },
            confusion=confusion_matrix(judged, labels).tolist(),
            reliability=overall,
            label_reliability=by_label,
            slices=tuple(
                measure_slice(part, judged, scheme, draws=options.resamples, seed=options.seed)
                for part in make_slices(self.sentences)
            ),
            worst=tuple(wrong_stances(located, judged, labels, limit=options.worst, texts=options.texts)),
        )


def _baselines(
    scheme: LabelScheme,
    evaluated: Sequence[AnnotatedSentence],
    train_paths: Sequence[Path] | None,
    columns: Columns | None,
) -> tuple[dict[str, Baseline], BaselineData | None]:
    baselines: dict[str, Baseline] = {ALWAYS_NONE: AlwaysNone()} if scheme.none else {}
    if any(label in CUES for label in scheme.names):
        baselines[CUE_WORDS] = CueWords(scheme)
    # The repository's seeds say nothing of other labels.
    if train_paths is None and not (SEEDS.is_dir() and scheme.learns_like(STANCES)):
        return baselines, None
    training = read_corpus(train_paths, scheme, columns) if train_paths is not None else read_split([SEEDS], "train")
    known = {_normal(sentence.text) for sentence in evaluated}
    unseen = [sentence for sentence in training if _normal(sentence.text) not in known]
    if not any(sentence.entities for sentence in unseen):
        return baselines, None
    baselines[LINEAR_WORDS] = LinearWords(scheme, unseen)
    files = _data_files(train_paths if train_paths is not None else [SEEDS])
    return baselines, BaselineData(files, len(unseen), len(training) - len(unseen))


def _normal(text: str) -> str:
    return re.sub(r"\W+", " ", text).casefold().strip()


def _data_summary(paths: Sequence[Path], split: str | None, gold: Sequence[Labels], scheme: LabelScheme) -> DataSummary:
    taken = [label for labels in gold for stances in labels.values() for label in stances]
    return DataSummary(
        files=_data_files(paths),
        split=split,
        sentences=len(gold),
        entities=sum(len(labels) for labels in gold),
        stances={label: taken.count(label) for label in scheme.names},
        directed=sum(len(targets) for labels in gold for stances in labels.values() for targets in stances.values()),
    )


def _data_files(paths: Sequence[Path]) -> tuple[DataFile, ...]:
    return tuple(DataFile(str(path), data_sha256(path), count_rows(path)) for path in corpus_files(paths))


def _package_version() -> str:
    try:
        return importlib.metadata.version("entity-stance")
    except importlib.metadata.PackageNotFoundError:
        return "source tree"
