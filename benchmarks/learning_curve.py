"""How much more annotated sentences bring: the network trained on growing shares of the train split.

Prints one JSON line a run: mean average precision on the dev split and, for each annotated file given, the figures of
`training.selection`. Nothing given here is learned from but the train split.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from datasets.utils.logging import disable_progress_bar
from transformers import set_seed

from model.encoding import Encoder
from model.scheme import STANCES
from training.base import DEFAULT_BASE, load_network, longest_row
from training.corpus import read_corpus
from training.examples import build_dataset
from training.selection import exchanged_score
from training.splits import read_split
from training.trainer import TrainingConfig, fit, predict, training_data


def main() -> None:
    """Train and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="+", type=Path, help="annotated files or folders; their train splits are learned")
    parser.add_argument("--measure", nargs="+", type=Path, required=True, help="annotated files to measure on")
    parser.add_argument("--shares", nargs="+", type=float, default=[0.125, 0.25, 0.5, 1.0])
    parser.add_argument("--seeds", nargs="+", type=int, default=[13])
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--encoder-rate", type=float, default=1.5e-4)
    parser.add_argument("--base", default=DEFAULT_BASE)
    options = parser.parse_args()

    disable_progress_bar()
    learned, dev = read_split(options.data, "train"), read_split(options.data, "dev")
    config = TrainingConfig(
        epochs=options.epochs, batch_size=options.batch_size, encoder_rate=options.encoder_rate, patience=options.epochs
    )
    for seed in options.seeds:
        order = np.random.default_rng(seed).permutation(len(learned))
        for share in options.shares:
            some = [learned[index] for index in order[: round(share * len(learned))]]
            set_seed(seed)
            network, tokenizer = load_network(options.base, len(STANCES.labels))
            encoder = Encoder(tokenizer, longest_row(network.encoder, 256))
            train_set, dev_set = (build_dataset(part, encoder, STANCES) for part in (some, dev))
            data = training_data(train_set, dev_set, network, tokenizer, STANCES)
            with tempfile.TemporaryDirectory() as checkpoints:
                fitted = fit(network, data, Path(checkpoints), replace(config, seed=seed))
            result: dict[str, object] = {"seed": seed, "share": share, "sentences": len(some), **fitted}
            for path in options.measure:
                dataset = build_dataset(read_corpus([path]), encoder, STANCES)
                result[path.stem] = asdict(exchanged_score(predict(network, dataset, data.dev_collator), STANCES))
            print(json.dumps(result), flush=True)  # noqa: T201 - the result


if __name__ == "__main__":
    main()
