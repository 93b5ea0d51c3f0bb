"""The whole way from annotated sentences to a model directory."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from datasets import Dataset
from tokenizers import Tokenizer
from transformers import set_seed

from model.annotation import AnnotatedSentence
from model.config import NETWORK_FILE, TOKENIZER_FILE, WEIGHTS_FILE, ModelConfig, file_sha256
from model.encoding import Encoder
from model.errors import CorpusError, ModelError
from model.scheme import STANCES, LabelScheme
from training.base import DEFAULT_BASE, base_name, load_network, longest_row, save_weights
from training.calibrate import fit_decisions
from training.card import CARD_FILE, write_card
from training.corpus import corpus_files, data_sha256, read_corpus
from training.distillation import mixed, teacher_targets
from training.examples import build_dataset, encodable, gold_targets, target_dataset
from training.export import Parity, export_network, exported_logits
from training.leakage import keep_apart
from training.reading.columns import Columns
from training.splits import read_split
from training.trainer import TrainingConfig, fit, training_data
from training.variants import variants

CHECKPOINTS = "checkpoints"
SETTINGS_FILE = "training.json"
QUANTISATION_ROWS = 2000
"""Training rows from which the fixed int8 scales are taken."""


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """What to train, on what, and where the result goes.

    Attributes:
        data: Annotated files or folders of them; their train splits are learned, their dev splits stop and calibrate.
        out: The model directory to write.
        base: Hugging Face name or path of the encoder, or a model directory with kept weights.
        teachers: Model directories with kept weights to learn from, besides the annotation.
        teacher_share: What the teachers count for where a sentence is annotated.
        variants: Number of sentences without annotation to make of the train split, for the teachers to label.
        calibration: Annotated files for calibration and thresholds instead of the dev split: text in which labels are
            as frequent as where the model will work.
        test: Annotated files that will be evaluated on. They are only looked at to refuse to learn from them.
        scheme: The labels.
        columns: Names of the columns of pair rows in the data.
        name: Name of the model.
        version: Version of the model.
        max_tokens: Token ids that the network reads at once, at most.
        keep_weights: Whether to keep the float weights too, to fine-tune further.
        notes: Markdown that the card ends with.
        config: Settings of the optimiser.
    """

    data: tuple[Path, ...]
    out: Path
    base: str = DEFAULT_BASE
    teachers: tuple[Path, ...] = ()
    teacher_share: float = 0.6
    variants: int = 0
    calibration: tuple[Path, ...] = ()
    test: tuple[Path, ...] = ()
    scheme: LabelScheme = STANCES
    columns: Columns = field(default_factory=Columns)
    name: str = "entity-stance"
    version: str = "0.1.0"
    max_tokens: int = 256
    keep_weights: bool = False
    notes: Path | None = None
    config: TrainingConfig = field(default_factory=TrainingConfig)


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """What a run came to.

    Attributes:
        dev_score: Best mean average precision on the dev split.
        epochs: Epochs run.
        seconds: Time that training took.
        parity: How far the exported network lies from torch's.
        sentences: Sizes of the train split, its variants, the dev split and the calibration data.
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


def train(run: TrainingRun) -> TrainingResult:
    """Train, calibrate and export a model.

    A run that was killed goes on where it stopped if it is started again with the same settings. The model directory
    appears only when everything is done.

    Raises:
        CorpusError: annotated data is faulty, a split that is needed is empty, or what is to be held out is learned.
        ModelError: the base encoder cannot be loaded.
        ValueError: ``out`` holds checkpoints of a run with other settings.
    """
    notes = run.notes.read_text(encoding="utf-8") if run.notes else ""
    learned, dev = _split(run, "train"), _split(run, "dev")
    held_out = read_corpus(run.calibration, run.scheme, run.columns) if run.calibration else dev
    test = read_corpus(run.test, run.scheme, run.columns) if run.test else []
    keep_apart(learned, {"dev split": dev, "--calibrate": held_out if run.calibration else []}, {"--test": test})
    teachers = _teacher_hashes(run.teachers)
    checkpoints = _prepare(run, teachers)
    set_seed(run.config.seed)
    network, tokenizer = load_network(run.base, len(run.scheme.labels), run.config.encoder_dropout)
    rows = Encoder(tokenizer, longest_row(network.encoder, run.max_tokens))
    lessons, exam = _lessons(run, learned, rows), build_dataset(dev, rows, run.scheme)
    data = training_data(lessons, exam, network, tokenizer, run.scheme)
    fitted = fit(network, data, checkpoints, run.config)

    building = run.out / "building"
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir()
    some = learned[:: max(1, len(learned) // QUANTISATION_ROWS)]
    parity = export_network(
        network,
        building / NETWORK_FILE,
        rows.encode([encodable(sentence) for sentence in some]),
        rows.encode([encodable(sentence) for sentence in dev]),
    )
    _save_tokenizer(tokenizer, building)
    if run.keep_weights:
        save_weights(network, building)
    # Fitted on what the exported network says, since that is the one that answers.
    labels, targets = fit_decisions(exported_logits(building / NETWORK_FILE, held_out, rows, run.scheme), run.scheme)
    config = ModelConfig(
        name=run.name,
        version=run.version,
        base=base_name(run.base),
        scheme=run.scheme,
        max_tokens=rows.max_tokens,
        pad_id=data.train_collator.pad_id,
        thresholds=labels.thresholds,
        toward_thresholds=targets.thresholds,
        calibration=labels.calibration,
        toward_calibration=targets.calibration,
        files={path.name: file_sha256(path) for path in sorted(building.iterdir())},
    )
    config.save(building)
    counts = {"train": len(learned), "variants": run.variants, "dev": len(dev), "calibration": len(held_out)}
    result = TrainingResult(
        **fitted,
        parity=parity,
        sentences=counts,
        data=_hashes(run.data),
        calibration=_hashes(run.calibration),
        teachers=teachers,
    )
    write_card(building / CARD_FILE, config, result, run)
    with (building / CARD_FILE).open("a", encoding="utf-8") as card:
        card.write(f"\n{notes}" if notes else "")
    for path in building.iterdir():
        path.replace(run.out / path.name)
    building.rmdir()
    shutil.rmtree(checkpoints)
    return result


def _lessons(run: TrainingRun, learned: Sequence[AnnotatedSentence], encoder: Encoder) -> Dataset:
    """Return what to learn: the annotation, or with teachers its mixture with what they say, and their variants."""
    if not run.teachers:
        return build_dataset(learned, encoder, run.scheme)
    gold = [gold_targets(sentence, run.scheme) for sentence in learned]
    sentences = [encodable(sentence) for sentence in learned]
    made = variants(sentences, run.variants, run.config.seed)
    taught = teacher_targets(run.teachers, sentences + made, run.scheme)
    targets = mixed(gold, taught[: len(gold)], run.teacher_share) + taught[len(gold) :]
    return target_dataset(sentences + made, targets, encoder)


def _split(run: TrainingRun, split: str) -> list[AnnotatedSentence]:
    sentences = read_split(run.data, split, run.scheme, run.columns)
    if not any(sentence.entities for sentence in sentences):
        raise CorpusError(f"the {split} split of {', '.join(map(str, run.data))} has no sentence with an entity")
    return sentences


def _hashes(paths: Sequence[Path]) -> dict[str, str]:
    """Return the SHA-256 of annotated files by their names, which say more to others than their places here."""
    return {file.name: data_sha256(file) for file in corpus_files(paths)}


def _teacher_hashes(teachers: Sequence[Path]) -> dict[str, str]:
    for path in teachers:
        if not (path / WEIGHTS_FILE).is_file():
            raise ModelError(f"{path}: no model with kept weights to learn from")
    return {path.name: file_sha256(path / WEIGHTS_FILE) for path in teachers}


def _prepare(run: TrainingRun, teachers: dict[str, str]) -> Path:
    """Make the output folder, and refuse to go on from checkpoints of a different run."""
    settings = {
        "data": {str(file): data_sha256(file) for file in corpus_files(run.data)},
        "columns": asdict(run.columns),
        "base": run.base,
        "teachers": teachers,
        "teacher_share": run.teacher_share,
        "variants": run.variants,
        "scheme": run.scheme.to_dict(),
        "max_tokens": run.max_tokens,
        "config": asdict(run.config),
    }
    checkpoints = run.out / CHECKPOINTS
    checkpoints.mkdir(parents=True, exist_ok=True)
    path = checkpoints / SETTINGS_FILE
    if path.exists() and json.loads(path.read_text(encoding="utf-8")) != settings:
        raise ValueError(f"{checkpoints} holds a run with other data or settings; remove it or choose another --out")
    path.write_text(json.dumps(settings, indent=2), encoding="utf-8")
    return checkpoints


def _save_tokenizer(tokenizer: Tokenizer, directory: Path) -> None:
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.save(str(directory / TOKENIZER_FILE))
