"""What stands beside the model in a report: other models, labels from files, and baselines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from model.annotation import AnnotatedSentence, text_key
from model.scheme import STANCES, LabelScheme
from training.corpus import corpus_files, count_rows, data_sha256, read_corpus
from training.evaluation.baselines import CUES, AlwaysNone, Baseline, CueWords
from training.evaluation.comparison import common_scheme
from training.evaluation.external import PredictionFile, read_predictions
from training.evaluation.metrics import MODEL
from training.evaluation.predictions import Classifier, predict_end_to_end, predict_given
from training.evaluation.records import LocatedSentence, Prediction
from training.evaluation.report import BaselineData, DataFile, OtherModel
from training.evaluation.text_baselines import LinearWords, Majority, SetFit
from training.reading.columns import Columns
from training.splits import read_split

SEEDS = Path(__file__).resolve().parents[2] / "seeds"
"""The repository's annotated corpus; not part of the installed package."""

ALWAYS_NONE, CUE_WORDS, MAJORITY = "always none", "cue words", "majority"
LINEAR_WORDS, SETFIT = "TF-IDF + logistic regression", "SetFit"
NAMES = frozenset({MODEL, ALWAYS_NONE, CUE_WORDS, MAJORITY, LINEAR_WORDS, SETFIT})
"""Names that no other system may have."""


class ExtraBaseline(StrEnum):
    """Baselines that are measured only if they are asked for."""

    MAJORITY = "majority"
    SETFIT = "setfit"


@dataclass(frozen=True, slots=True)
class OtherAnswers:
    """What another model says of the evaluated sentences.

    Attributes:
        about: Which model it is.
        end_to_end: Its answers to the raw texts; none if no entity can be found in them.
        given: Its answers about the annotated entities.
    """

    about: OtherModel
    end_to_end: Sequence[Prediction]
    given: Sequence[Prediction]


def other_answers(
    scheme: LabelScheme,
    sentences: Sequence[AnnotatedSentence],
    given: Sequence[LocatedSentence],
    classifiers: Mapping[str, Classifier],
    files: Mapping[str, PredictionFile],
) -> dict[str, OtherAnswers]:
    """Run other models and read the labels of others.

    Args:
        scheme: That of the report's model.
        sentences: What is evaluated on.
        given: The same, with the annotated entities.
        classifiers: Models to run, by name.
        files: Files of labels, by name. They stand in both settings as they are.

    Raises:
        CorpusError: a file has a fault.
        ValueError: a model has other labels.
    """
    answers: dict[str, OtherAnswers] = {}
    texts = [(sentence.id, sentence.text) for sentence in sentences]
    for name, classifier in classifiers.items():
        common_scheme(scheme, classifier.scheme)
        found = predict_end_to_end(classifier, texts).predictions if scheme.finds_entities else []
        answers[name] = OtherAnswers(OtherModel(classifier.info, None), found, predict_given(classifier, given))
    for name, file in files.items():
        labels = read_predictions(file, sentences, scheme)
        answers[name] = OtherAnswers(OtherModel(None, data_file(file.path)), labels, labels)
    return answers


def make_baselines(
    scheme: LabelScheme,
    evaluated: Sequence[AnnotatedSentence],
    train_paths: Sequence[Path] | None,
    extra: Sequence[ExtraBaseline] = (),
    *,
    columns: Columns | None = None,
    setfit_base: str | None = None,
    seed: int = 0,
) -> tuple[dict[str, Baseline], BaselineData | None]:
    """Make the baselines that fit a scheme; those that learn get sentences that are not evaluated on.

    Args:
        scheme: Names the labels.
        evaluated: What is evaluated on.
        train_paths: What to learn from; None for the training split of the repository's seeds, and for no baseline that
            learns where there are none or the labels are others.
        extra: Baselines to make besides the usual ones.
        columns: Names of the columns of pair rows.
        setfit_base: Sentence encoder of SetFit; None for the default base.
        seed: Seed of SetFit.

    Raises:
        CorpusError: the training data are faulty.
        ValueError: a baseline was asked for, and there is nothing that it could learn from.
    """
    baselines: dict[str, Baseline] = {ALWAYS_NONE: AlwaysNone()} if scheme.none else {}
    if any(label in CUES for label in scheme.names):
        baselines[CUE_WORDS] = CueWords(scheme)
    unseen, about = _training(scheme, evaluated, train_paths, columns)
    if about is None:
        if extra:
            raise ValueError(f"the baseline {extra[0]} has no annotated sentences to learn from: give --train-data")
        return baselines, None
    if ExtraBaseline.MAJORITY in extra or not scheme.multi_label:
        baselines[MAJORITY] = Majority(scheme, unseen)
    baselines[LINEAR_WORDS] = LinearWords(scheme, unseen)
    if ExtraBaseline.SETFIT in extra:
        baselines[SETFIT] = SetFit(scheme, unseen, base=setfit_base, seed=seed)
    return baselines, about


def _training(
    scheme: LabelScheme,
    evaluated: Sequence[AnnotatedSentence],
    train_paths: Sequence[Path] | None,
    columns: Columns | None,
) -> tuple[list[AnnotatedSentence], BaselineData | None]:
    # The repository's seeds say nothing of other labels.
    if train_paths is None and not (SEEDS.is_dir() and scheme.learns_like(STANCES)):
        return [], None
    training = read_corpus(train_paths, scheme, columns) if train_paths is not None else read_split([SEEDS], "train")
    known = {text_key(sentence.text) for sentence in evaluated}
    unseen = [sentence for sentence in training if text_key(sentence.text) not in known]
    if not any(sentence.entities for sentence in unseen):
        return [], None
    files = data_files(train_paths if train_paths is not None else [SEEDS])
    return unseen, BaselineData(files, len(unseen), len(training) - len(unseen))


def data_files(paths: Sequence[Path]) -> tuple[DataFile, ...]:
    """Describe annotated files and folders of them."""
    return tuple(data_file(path) for path in corpus_files(paths))


def data_file(path: Path) -> DataFile:
    """Describe a file of records."""
    return DataFile(str(path), data_sha256(path), count_rows(path))
