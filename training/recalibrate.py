"""Fit calibration and thresholds of a finished model anew, on text at the rates at which it will work."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tokenizers import Tokenizer

from model.config import NETWORK_FILE, TOKENIZER_FILE, ModelConfig, file_sha256
from model.encoding import Encoder
from training.calibrate import fit_decisions
from training.card import CARD_FILE, label_threshold, target_threshold
from training.corpus import corpus_files, data_sha256, read_corpus
from training.export import exported_logits
from training.reading.columns import Columns


def recalibrate(model: Path, data: Sequence[Path], out: Path, columns: Columns | None = None) -> ModelConfig:
    """Write a copy of a model whose probabilities and thresholds are fitted on annotated files.

    Args:
        model: The model directory.
        data: Annotated files or folders of them. All of their sentences serve; none may have been trained on.
        out: The directory to write.
        columns: Names of the columns of pair rows; None for the common ones.

    Raises:
        CorpusError: annotated data is faulty.
        ModelError: the model is incomplete or damaged.
        FileExistsError: ``out`` exists.
    """
    config = ModelConfig.load(model)
    sentences = [sentence for sentence in read_corpus(data, config.scheme, columns) if sentence.entities]
    encoder = Encoder(Tokenizer.from_file(str(model / TOKENIZER_FILE)), config.max_tokens)
    logits = exported_logits(model / NETWORK_FILE, sentences, encoder, config.scheme)
    labels, targets = fit_decisions(logits, config.scheme)
    fitted = replace(
        config,
        thresholds=labels.thresholds,
        toward_thresholds=targets.thresholds,
        calibration=labels.calibration,
        toward_calibration=targets.calibration,
    )
    shutil.copytree(model, out)
    with (out / CARD_FILE).open("a", encoding="utf-8") as card:
        card.write("\n".join(_lines(fitted, data, len(sentences))))
    fitted = replace(fitted, files={name: file_sha256(out / name) for name in config.files})
    fitted.save(out)
    return fitted


def _lines(config: ModelConfig, data: Sequence[Path], count: int) -> list[str]:
    return [
        "",
        "## Calibrated anew",
        "",
        f"These thresholds stand for those above; they were fitted on {count:,} sentences, never learned from:",
        "",
        *(f"- `{file.name}`: sha256 `{data_sha256(file)}`" for file in corpus_files(data)),
        "",
        "| label | threshold | threshold of a target |",
        "|---|---|---|",
        *(
            f"| {name} | {label_threshold(config, name)} | {target_threshold(config, name)} |"
            for name in config.scheme.names
        ),
        "",
    ]
