"""Evaluating a model: runs it in both settings, beside the baselines, and writes the report."""

from __future__ import annotations

import importlib.metadata
import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from model.annotation import AnnotatedSentence
from model.classifier import StanceClassifier
from model.scheme import LabelScheme
from training.evaluation.baselines import Baseline
from training.evaluation.bootstrap import Bootstrap
from training.evaluation.clusters import error_clusters
from training.evaluation.external import PredictionFile
from training.evaluation.learning_curve import read_learning_curve
from training.evaluation.metrics import Metrics, confusion_matrix, measure
from training.evaluation.mistakes import wrong_entities, wrong_stances
from training.evaluation.predictions import Classifier, EndToEnd, predict_end_to_end, predict_given
from training.evaluation.records import (
    Judged,
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
from training.evaluation.report import DataSummary, Report, Run, SettingReport
from training.evaluation.significance import compare_systems
from training.evaluation.slices import make_slices, measure_slice
from training.evaluation.swap import SwapConsistency, swap_consistency
from training.evaluation.systems import NAMES, ExtraBaseline, data_files, make_baselines, other_answers
from training.reading.columns import Columns
from training.splits import read_part


@dataclass(frozen=True, slots=True)
class Options:
    """How to evaluate.

    Attributes:
        split: Evaluate on this split of the data only; None for all of them.
        train_paths: What to fit the baselines that learn on; None for the training split of the repository's seeds,
            and for none of them where there are none. Sentences that are evaluated on are left out.
        baselines: Baselines to measure besides the usual ones.
        setfit_base: Sentence encoder of the baseline SetFit; None for the default base of training.
        against: Other models to measure, by the name that the report gives them; None for the embedded model.
        predictions: Labels of somebody else's systems, by their names.
        learning_curve: Runs of a learning curve to show.
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
    baselines: Sequence[ExtraBaseline] = ()
    setfit_base: str | None = None
    against: Mapping[str, str | Path | None] = field(default_factory=dict)
    predictions: Mapping[str, PredictionFile] = field(default_factory=dict)
    learning_curve: Path | None = None
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
    """Evaluate a model on annotated sentences and write the report's files, as `rendering.write_report` lists them.

    Args:
        model_path: Model directory or name; None for the embedded model.
        data_paths: Annotated files or folders of them.
        report_dir: Folder for the report; made if it is missing.
        options: How to evaluate.

    Raises:
        CorpusError: the data, a file of labels or the learning curve are faulty.
        ModelError: a model is missing or corrupted.
        ValueError: another model has other labels, two systems have the same name, or a baseline has nothing to learn
            from.
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
    if doubled := NAMES & {*options.against, *options.predictions} or set(options.against) & set(options.predictions):
        raise ValueError(f"two systems of the report have the name {min(doubled)!r}")
    columns = options.columns
    sentences = read_part(data_paths, options.split, scheme, columns)
    gold = [gold_labels(sentence) for sentence in sentences]
    given = [locate_annotated(sentence) for sentence in sentences]
    curve = read_learning_curve(options.learning_curve) if options.learning_curve else None
    classifiers = {name: StanceClassifier.from_pretrained(path) for name, path in options.against.items()}
    others = other_answers(scheme, sentences, given, classifiers, options.predictions)
    baselines, baseline_data = make_baselines(
        scheme,
        sentences,
        options.train_paths,
        options.baselines,
        columns=columns,
        setfit_base=options.setfit_base,
        seed=options.seed,
    )
    texts = [(sentence.id, sentence.text) for sentence in sentences]
    end_to_end = predict_end_to_end(classifier, texts) if scheme.finds_entities else None
    setting = _Setting(sentences, gold, scheme, baselines, options)
    found_by_others = {name: answers.end_to_end for name, answers in others.items()}
    given_to_others = {name: answers.given for name, answers in others.items()}
    return Report(
        model=classifier.info,
        others={name: answers.about for name, answers in others.items()},
        data=_data_summary(data_paths, options.split, gold, scheme),
        baseline_data=baseline_data,
        labels=scheme.names,
        scheme=scheme.to_dict(gazetteer=False),
        end_to_end=None
        if end_to_end is None
        else setting.report(end_to_end.found, end_to_end.predictions, found_by_others, entities_given=False),
        gold_entities=setting.report(given, predict_given(classifier, given), given_to_others, entities_given=True),
        swap=_swap(classifier, end_to_end, options) if end_to_end and scheme.countries else None,
        wrong_entities=tuple(wrong_entities(given, judge(gold, end_to_end.predictions), texts=options.texts))
        if end_to_end
        else (),
        learning_curve=curve,
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


def _swap(classifier: Classifier, end_to_end: EndToEnd, options: Options) -> SwapConsistency:
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
        self,
        located: Sequence[LocatedSentence],
        predictions: Sequence[Prediction],
        others: Mapping[str, Sequence[Prediction]],
        *,
        entities_given: bool,
    ) -> SettingReport:
        """Measure the model, the other models, and the baselines on the entities that the model has."""
        scheme, options = self.scheme, self.options
        labels = scheme.names
        bootstrap = Bootstrap(len(self.gold), options.resamples, options.seed)
        judged = self._judge(predictions)
        beside = {name: self._judge(answers) for name, answers in others.items()}
        below = {name: self._judge(baseline.predict(located)) for name, baseline in self.baselines.items()}
        overall, by_label = reliabilities(judged, labels)

        def measured(answers: Sequence[Judged]) -> Metrics:
            return measure(answers, labels, bootstrap, directed=scheme.directed, entities_given=entities_given)

        return SettingReport(
            model=measured(judged),
            others={name: measured(answers) for name, answers in beside.items()},
            baselines={name: measured(answers) for name, answers in below.items()},
            comparisons=compare_systems(judged, beside | below, scheme, bootstrap),
            confusion=confusion_matrix(judged, labels).tolist(),
            reliability=overall,
            label_reliability=by_label,
            slices=tuple(
                measure_slice(part, judged, scheme, draws=options.resamples, seed=options.seed)
                for part in make_slices(self.sentences)
            ),
            worst=tuple(wrong_stances(located, judged, labels, limit=options.worst, texts=options.texts)),
            clusters=tuple(error_clusters(located, judged, texts=options.texts)),
        )

    def _judge(self, predictions: Sequence[Prediction]) -> list[Judged]:
        """Put answers beside the annotation of the entities that are asked."""
        return asked_only(judge(self.gold, predictions), self.scheme)


def _data_summary(paths: Sequence[Path], split: str | None, gold: Sequence[Labels], scheme: LabelScheme) -> DataSummary:
    taken = [label for labels in gold for stances in labels.values() for label in stances]
    return DataSummary(
        files=data_files(paths),
        split=split,
        sentences=len(gold),
        entities=sum(len(labels) for labels in gold),
        stances={label: taken.count(label) for label in scheme.names},
        directed=sum(len(targets) for labels in gold for stances in labels.values() for targets in stances.values()),
    )


def _package_version() -> str:
    try:
        return importlib.metadata.version("entity-stance")
    except importlib.metadata.PackageNotFoundError:
        return "source tree"
