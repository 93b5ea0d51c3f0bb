"""What to train, on which sentences, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from model.annotation import AnnotatedSentence, text_key
from model.encoding import EncodableSentence
from model.errors import CorpusError
from model.scheme import STANCES, LabelScheme
from training.base import DEFAULT_BASE
from training.corpus import read_corpus
from training.export import Parity
from training.leakage import keep_apart
from training.reading.columns import Columns
from training.settings import Reporting, TrainingConfig
from training.splits import read_split
from training.unlabelled import unlabelled_sentences


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """What to train, on what, and where the result goes.

    Attributes:
        data: Annotated files or folders of them; their train splits are learned, their dev splits stop and calibrate.
        dev: Annotated files that stop and calibrate instead; then all of ``data`` is learned.
        out: The model directory to write.
        base: Hugging Face name or path of the encoder, or a model directory with kept weights.
        teachers: Model directories with kept weights to learn from, besides the annotation.
        teacher_share: What the teachers count for where a sentence is annotated.
        variants: Number of sentences without annotation to make of the train split, for the teachers to label.
        unlabelled: JSON Lines files of texts without annotation, whose sentences the teachers label too.
        calibration: Annotated files for calibration and thresholds instead of the dev split: text in which labels are
            as frequent as where the model will work.
        test: Annotated files that will be evaluated on. They are only looked at to refuse to learn from them.
        scheme: The labels.
        scheme_file: Where they were read from, if from a file.
        columns: Names of the columns of pair rows in the data.
        name: Name of the model.
        version: Version of the model.
        max_tokens: Token ids that the network reads at once, at most.
        keep_weights: Whether to keep the float weights too, to fine-tune further.
        notes: Markdown that the card ends with.
        config: Settings of the optimiser.
        reporting: What to tell and keep on the way.
    """

    data: tuple[Path, ...]
    out: Path
    dev: tuple[Path, ...] = ()
    base: str = DEFAULT_BASE
    teachers: tuple[Path, ...] = ()
    teacher_share: float = 0.6
    variants: int = 0
    unlabelled: tuple[Path, ...] = ()
    calibration: tuple[Path, ...] = ()
    test: tuple[Path, ...] = ()
    scheme: LabelScheme = STANCES
    scheme_file: Path | None = None
    columns: Columns = field(default_factory=Columns)
    name: str = "entity-stance"
    version: str = "0.1.0"
    max_tokens: int = 256
    keep_weights: bool = False
    notes: Path | None = None
    config: TrainingConfig = field(default_factory=TrainingConfig)
    reporting: Reporting = field(default_factory=Reporting)


@dataclass(frozen=True, slots=True)
class Sentences:
    """The sentences of a run: what to learn, what to stop by, what to calibrate on, and what teachers alone label."""

    train: Sequence[AnnotatedSentence]
    dev: Sequence[AnnotatedSentence]
    calibration: Sequence[AnnotatedSentence]
    unlabelled: Sequence[EncodableSentence] = ()


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """What a run came to.

    Attributes:
        dev_score: Best mean average precision on the dev split.
        epochs: Epochs run.
        seconds: Time that training took.
        parity: How far the exported network lies from torch's.
        sentences: Sizes of the train split, its variants, the unlabelled sentences, the dev split and the calibration
            data.
        data: SHA-256 of each annotated file, by name.
        calibration: The same for the files of calibration, where the dev split did not serve.
        teachers: SHA-256 of each teacher's weights, by the name of its directory.
    """

    dev_score: float
    epochs: float
    seconds: float
    parity: Parity
    sentences: dict[str, int]
    data: dict[str, str]
    calibration: dict[str, str]
    teachers: dict[str, str]


def read_sentences(run: TrainingRun) -> Sentences:
    """Read the sentences of a run.

    Raises:
        CorpusError: annotated data is faulty, or a split that is needed is empty.
    """
    if run.dev:
        learned, dev = (read_corpus(paths, run.scheme, run.columns) for paths in (run.data, run.dev))
        _check_apart(learned, dev)
    else:
        learned, dev = _split(run, "train"), _split(run, "dev")
    held_out = read_corpus(run.calibration, run.scheme, run.columns) if run.calibration else dev
    test = read_corpus(run.test, run.scheme, run.columns) if run.test else []
    keep_apart(learned, {"dev split": dev, "--calibrate": held_out if run.calibration else []}, {"--test": test})
    if not run.unlabelled:
        return Sentences(learned, dev, held_out)
    # The test split of the data, which this run does not look at, is left out too.
    parts = learned, dev, held_out, test, read_corpus(run.data, run.scheme, run.columns)
    known = [sentence.text for part in parts for sentence in part]
    return Sentences(learned, dev, held_out, unlabelled_sentences(run.unlabelled, run.scheme, known))


def _split(run: TrainingRun, split: str) -> list[AnnotatedSentence]:
    sentences = read_split(run.data, split, run.scheme, run.columns)
    if not any(sentence.entities for sentence in sentences):
        raise CorpusError(f"the {split} split of {', '.join(map(str, run.data))} has no sentence with an entity")
    return sentences


def _check_apart(learned: Sequence[AnnotatedSentence], dev: Sequence[AnnotatedSentence]) -> None:
    """Refuse dev data that is learned from."""
    known = {text_key(sentence.text) for sentence in learned}
    shared = [sentence.id for sentence in dev if text_key(sentence.text) in known]
    if shared:
        raise CorpusError(f"dev data holds sentences that are learned from: {', '.join(shared[:5])}")
