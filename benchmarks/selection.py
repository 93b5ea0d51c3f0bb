"""Compare models on annotated files they never saw, int8 and float, with thresholds from the half not being scored.

Entities are given. Prints one JSON line a model, file and precision; see `training.selection`.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from tokenizers import Tokenizer

from model.config import NETWORK_FILE, TOKENIZER_FILE, WEIGHTS_FILE, ModelConfig
from model.encoding import Encoder
from training.base import load_network, pad_token_id
from training.corpus import read_corpus
from training.examples import Collator, build_dataset
from training.export import exported_logits
from training.prediction import predict
from training.selection import exchanged_score


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+", type=Path, help="model directories")
    parser.add_argument("--measure", nargs="+", type=Path, required=True, help="annotated files")
    options = parser.parse_args()
    for model in options.models:
        config = ModelConfig.load(model)
        encoder = Encoder(Tokenizer.from_file(str(model / TOKENIZER_FILE)), config.max_tokens)
        for path in options.measure:
            sentences = [sentence for sentence in read_corpus([path]) if sentence.entities]
            logits = {"int8": exported_logits(model / NETWORK_FILE, sentences, encoder, config.scheme)}
            if (model / WEIGHTS_FILE).is_file():
                network, tokenizer = load_network(str(model), len(config.scheme.labels))
                pad_id = pad_token_id(network.encoder, tokenizer)
                collator = Collator(tokenizer, config.scheme, pad_id, shuffle_slots=False)
                logits["float"] = predict(network, build_dataset(sentences, encoder, config.scheme), collator)
            for precision, scored in logits.items():
                figures = asdict(exchanged_score(scored, config.scheme))
                line = {"model": model.name, "file": path.name, "precision": precision, **figures}
                print(json.dumps(line))  # noqa: T201 - the result


if __name__ == "__main__":
    main()
