"""The labels that a network finds most surprising which has not seen them: where to read annotations once more.

Trains one network a fold on the other folds (all splits of the data, near-duplicates in one fold) and writes the
decisions with the highest loss, one JSON line each, most surprising first.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from datasets.utils.logging import disable_progress_bar
from transformers import set_seed

from model.annotation import AnnotatedSentence
from model.encoding import Encoder
from model.scheme import STANCES
from training.base import DEFAULT_BASE, load_network, longest_row
from training.corpus import read_corpus
from training.examples import build_dataset
from training.splits import near_duplicate_groups
from training.trainer import Logits, TrainingConfig, fit, predict, training_data


def main() -> None:
    """Train the folds and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="+", type=Path, help="annotated files or folders")
    parser.add_argument("--out", type=Path, required=True, help="JSON Lines to write")
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--top", type=int, default=300, help="decisions to write")
    parser.add_argument("--base", default=DEFAULT_BASE)
    options = parser.parse_args()

    disable_progress_bar()
    sentences = [sentence for sentence in read_corpus(options.data) if sentence.entities]
    folds = np.random.default_rng(0).permutation(len(sentences)) % options.folds
    for duplicates in near_duplicate_groups(sentences):
        folds[duplicates] = folds[duplicates[0]]
    found: list[dict[str, Any]] = []
    for fold in range(options.folds):
        learned = [sentence for sentence, place in zip(sentences, folds, strict=True) if place != fold]
        held_out = [sentence for sentence, place in zip(sentences, folds, strict=True) if place == fold]
        found += surprises(held_out, trained_elsewhere(learned, held_out, options.base, options.epochs))
    found.sort(key=lambda item: -item["loss"])
    with options.out.open("w", encoding="utf-8") as out:
        out.writelines(json.dumps(item, ensure_ascii=False) + "\n" for item in found[: options.top])


def trained_elsewhere(
    learned: list[AnnotatedSentence], held_out: list[AnnotatedSentence], base: str, epochs: int
) -> Logits:
    """Score sentences with a network that learned others."""
    set_seed(13)
    network, tokenizer = load_network(base, len(STANCES.labels))
    encoder = Encoder(tokenizer, longest_row(network.encoder, 256))
    train_set, some_held_out = (build_dataset(part, encoder, STANCES) for part in (learned, held_out[:200]))
    data = training_data(train_set, some_held_out, network, tokenizer, STANCES)
    with tempfile.TemporaryDirectory() as checkpoints:
        fit(network, data, Path(checkpoints), TrainingConfig(epochs=epochs, patience=epochs))
    return predict(network, build_dataset(held_out, encoder, STANCES), data.dev_collator)


def surprises(sentences: list[AnnotatedSentence], logits: Logits) -> list[dict[str, Any]]:
    """Return every decision on sentences that fit one row each, with its loss."""
    signs = np.where(logits.gold_labels > 0, 1, -1)
    losses = np.logaddexp(0, -signs * logits.labels)
    entities = [(sentence, entity) for sentence in sentences for entity in sentence.entities]
    return [
        {
            "loss": round(float(losses[row, column]), 2),
            "label": name,
            "annotated": name in entity.stances,
            "code": entity.code,
            "id": sentence.id,
            "file": sentence.file,
            "text": sentence.text,
        }
        for row, (sentence, entity) in enumerate(entities)
        for column, name in enumerate(STANCES.names)
    ]


if __name__ == "__main__":
    main()
