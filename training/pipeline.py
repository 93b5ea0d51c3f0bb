"""The whole way from annotated sentences to a model directory."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from tokenizers import Tokenizer
from transformers import set_seed

from model.config import (
    CONFIG_FILE,
    NETWORK_FILE,
    TOKENIZER_FILE,
    ModelConfig,
    file_sha256,
    save_gazetteer,
)
from model.encoding import Encoder, slot_ids
from training.base import base_name, load_network, longest_row, save_weights
from training.calibrate import fit_decisions
from training.card import CARD_FILE, write_card
from training.checkpoints import write_whole
from training.corpus import corpus_files, data_sha256
from training.distillation import mixed, teacher_targets, weights_sha256
from training.examples import build_dataset, encodable, gold_targets, target_dataset
from training.export import export_network, exported_logits
from training.lora import add_lora, merge_lora
from training.network import StanceNetwork
from training.options import save_options
from training.prediction import Logits
from training.processes import from_first, in_bf16, is_first, join, on_cpu, wait_for_all, world_size
from training.trainer import TrainingData, fit, training_data
from training.training_run import Sentences, TrainingResult, TrainingRun, read_sentences
from training.variants import variants

CHECKPOINTS = "checkpoints"
FINISHED = "checkpoints.finished"
RUN_FILE = "run.yaml"
SETTINGS_FILE = "training.json"
QUANTISATION_ROWS = 2000
"""Training rows from which the fixed int8 scales are taken."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a run trains: the network as it begins, how its rows are encoded, and its data."""

    network: StanceNetwork
    tokenizer: Tokenizer
    rows: Encoder
    data: TrainingData


def train(run: TrainingRun) -> TrainingResult:
    """Train, calibrate and export a model.

    A run that was killed goes on where it stopped if it is started again with the same settings. The model directory
    appears only when everything is done. Of several processes that share a run, the first one writes.

    Raises:
        CorpusError: annotated data is faulty, a split that is needed is empty, or what is to be held out is learned.
        ModelError: the base encoder cannot be loaded.
        ValueError: ``out`` holds checkpoints of a run with other settings, or a setting is not possible here.
    """
    join(run.config.device)
    sentences = read_sentences(run)
    teachers = {path.name: weights_sha256(path) for path in run.teachers}
    checkpoints = _checkpoints(run, teachers)
    prepared = prepare(run, sentences)
    fitted = fit_prepared(run, prepared, checkpoints)
    if not is_first():
        return from_first(None)
    building = run.out / "building"
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir()
    result = _export(run, sentences, prepared, building, fitted, teachers)
    # The configuration makes a directory a model, so it comes last.
    for path in sorted(building.iterdir(), key=lambda path: path.name == CONFIG_FILE):
        path.replace(run.out / path.name)
    building.rmdir()
    # What a kill leaves of this folder from here on must not look like a run that can go on.
    done = checkpoints.rename(run.out / FINISHED)
    shutil.rmtree(done)
    return from_first(result)


def prepare(run: TrainingRun, sentences: Sentences) -> Prepared:
    """Load the network of a run and encode its sentences.

    Raises:
        ModelError: the base encoder or a teacher cannot be loaded.
        ValueError: LoRA is asked for without the package peft.
    """
    config = run.config
    if config.threads:
        torch.set_num_threads(config.threads)
    set_seed(config.seed)
    network, tokenizer = load_network(run.base, len(run.scheme.labels), config.encoder_dropout, run.scheme)
    if on_cpu(config.device):
        # Going back through the fused attention takes a processor a third of a step of MiniLM.
        network.encoder.set_attn_implementation("eager")
    rows = Encoder(tokenizer, longest_row(network.encoder, run.max_tokens))
    lessons, exam = _lessons(run, sentences, rows), build_dataset(sentences.dev, rows, run.scheme)
    data = training_data(lessons, exam, network, tokenizer, run.scheme, config.seed)
    if config.lora_rank:
        add_lora(network, config.lora_rank, config.lora_alpha, config.lora_dropout, slot_ids(tokenizer))
    return Prepared(network, tokenizer, rows, data)


def fit_prepared(run: TrainingRun, prepared: Prepared, checkpoints: Path) -> dict[str, float]:
    """Train what `prepare` gives, in place; see `training.trainer.fit`."""
    fitted = fit(prepared.network, prepared.data, checkpoints, run.config, run.reporting)
    if run.config.lora_rank:
        merge_lora(prepared.network)
    return fitted


def model_config(run: TrainingRun, prepared: Prepared, logits: Logits, files: dict[str, str]) -> ModelConfig:
    """Return the configuration of a trained network, whose decisions are fitted on what it says of held-out entities.

    Args:
        run: The run.
        prepared: What it trained.
        logits: Raw scores and gold of entities that were not learned from.
        files: SHA-256 of the model's files.
    """
    labels, targets = fit_decisions(logits, run.scheme)
    return ModelConfig(
        name=run.name,
        version=run.version,
        base=base_name(run.base),
        scheme=run.scheme,
        max_tokens=prepared.rows.max_tokens,
        pad_id=prepared.data.train_collator.pad_id,
        thresholds=labels.thresholds,
        toward_thresholds=targets.thresholds,
        calibration=labels.calibration,
        toward_calibration=targets.calibration,
        files=files,
    )


def _export(
    run: TrainingRun,
    sentences: Sentences,
    prepared: Prepared,
    building: Path,
    fitted: dict[str, float],
    teachers: dict[str, str],
) -> TrainingResult:
    """Write the model directory."""
    rows, learned = prepared.rows, sentences.train
    some = learned[:: max(1, len(learned) // QUANTISATION_ROWS)]
    parity = export_network(
        prepared.network,
        building / NETWORK_FILE,
        rows.encode([encodable(sentence) for sentence in some]),
        rows.encode([encodable(sentence) for sentence in sentences.dev]),
        run.scheme,
    )
    _save_tokenizer(prepared.tokenizer, building)
    save_gazetteer(run.scheme, building)
    if run.keep_weights:
        save_weights(prepared.network, building)
    # Fitted on what the exported network says, since that is the one that answers.
    logits = exported_logits(building / NETWORK_FILE, sentences.calibration, rows, run.scheme)
    config = model_config(run, prepared, logits, {path.name: file_sha256(path) for path in sorted(building.iterdir())})
    config.save(building)
    counts = {
        "train": len(learned),
        "variants": run.variants,
        "unlabelled": len(sentences.unlabelled),
        "dev": len(sentences.dev),
        "calibration": len(sentences.calibration),
    }
    result = TrainingResult(
        **fitted,
        parity=parity,
        sentences=counts,
        data=_hashes(run.data),
        calibration=_hashes(run.calibration or run.dev),
        teachers=teachers,
    )
    write_card(building / CARD_FILE, config, result, run)
    if run.notes:
        with (building / CARD_FILE).open("a", encoding="utf-8") as card:
            card.write(f"\n{run.notes.read_text(encoding='utf-8')}")
    save_options(run, building / RUN_FILE)
    return result


def _lessons(run: TrainingRun, sentences: Sentences, encoder: Encoder) -> Dataset:
    """Return what to learn: the annotation, or with teachers its mixture with what they say and what they alone say."""
    if not run.teachers:
        return build_dataset(sentences.train, encoder, run.scheme)
    gold = [gold_targets(sentence, run.scheme) for sentence in sentences.train]
    asked = [encodable(sentence) for sentence in sentences.train]
    asked += [*variants(asked, run.variants, run.config.seed), *sentences.unlabelled]
    taught = teacher_targets(run.teachers, asked, run.scheme)
    targets = mixed(gold, taught[: len(gold)], run.teacher_share, run.scheme) + taught[len(gold) :]
    return target_dataset(asked, targets, encoder)


def _hashes(paths: Sequence[Path]) -> dict[str, str]:
    """Return the SHA-256 of annotated files by their names, which say more to others than their places here."""
    return {file.name: data_sha256(file) for file in corpus_files(paths)}


def _checkpoints(run: TrainingRun, teachers: dict[str, str]) -> Path:
    """Make the folder for checkpoints, and refuse to go on from those of a different run."""
    checkpoints = run.out / CHECKPOINTS
    if is_first():
        shutil.rmtree(run.out / FINISHED, ignore_errors=True)
        checkpoints.mkdir(parents=True, exist_ok=True)
        _claim(run, teachers, checkpoints)
    wait_for_all()
    return checkpoints


def _claim(run: TrainingRun, teachers: dict[str, str], checkpoints: Path) -> None:
    files = [*corpus_files(run.data), *(corpus_files(run.dev) if run.dev else [])]
    settings: dict[str, Any] = {
        "data": {str(file): data_sha256(file) for file in files},
        "columns": asdict(run.columns),
        "base": run.base,
        "teachers": teachers,
        "teacher_share": run.teacher_share,
        "variants": run.variants,
        "unlabelled": [data_sha256(file) for file in run.unlabelled],
        "scheme": run.scheme.to_dict(),
        "max_tokens": run.max_tokens,
        "config": asdict(run.config)
        | {
            "threads": run.config.threads or torch.get_num_threads(),
            "bf16": in_bf16(run.config.bf16, run.config.device),
        },
        "processes": world_size(),
    }
    path = checkpoints / SETTINGS_FILE
    if path.exists():
        kept = json.loads(path.read_text(encoding="utf-8"))
        if run.config.threads is None and "config" in kept:
            # Sums in another order have other last digits.
            settings["config"]["threads"] = kept["config"]["threads"]
            torch.set_num_threads(kept["config"]["threads"])
        if kept != settings:
            raise ValueError(
                f"{checkpoints} holds a run with other data or settings; remove it or choose another --out"
            )
    write_whole(path, json.dumps(settings, indent=2))


def _save_tokenizer(tokenizer: Tokenizer, directory: Path) -> None:
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.save(str(directory / TOKENIZER_FILE))
