"""What a user would pick instead, each on texts whose entities are given, at the fastest of its usual settings.

The networks of the first two have random weights: a forward pass takes as long whatever they are. So that all read the
same number of tokens, they share our tokenizer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast, RobertaConfig, RobertaForSequenceClassification, pipeline

from model.classifier import default_directory
from model.config import TOKENIZER_FILE, ModelConfig
from model.documents import Document
from model.encoding import Encoder
from model.reading import FoundSentence, Reader
from training.base import DEFAULT_BASE, load_network

Work = Callable[[], object]
LABELS = ("supports", "deters", "refuses", "warns")
VOCABULARY = 50_265


class ZeroShot:
    """Zero-shot entailment with the architecture of roberta-large-mnli, asked once per country and label."""

    def __init__(self) -> None:
        network = _roberta(hidden=1024, layers=24, heads=16, labels=3)
        network.config.label2id = {"contradiction": 0, "neutral": 1, "entailment": 2}
        network.config.id2label = {number: name for name, number in network.config.label2id.items()}
        self._pipeline: Any = pipeline("zero-shot-classification", model=network, tokenizer=_tokenizer(), device="cpu")

    def read(self, found: Sequence[FoundSentence], batch_size: int) -> None:
        """Ask whether each country supports, deters, refuses and warns."""
        for item in found:
            asked = [f"{entity.name} {label}" for entity in item.entities for label in LABELS]
            self._pipeline(
                item.sentence.text, asked, multi_label=True, hypothesis_template="{}.", batch_size=batch_size
            )


class OnePassACountry:
    """A target-dependent classifier with the architecture of roberta-base: sentence and country in, labels out."""

    def __init__(self) -> None:
        self._network = _roberta(hidden=768, layers=12, heads=12, labels=4)
        self._tokenizer = _tokenizer()

    def read(self, found: Sequence[FoundSentence], batch_size: int) -> None:
        """Read all pairs of a sentence and one of its countries, in batches of like length."""
        pairs = [(item.sentence.text, entity.name) for item in found for entity in item.entities]
        pairs.sort(key=lambda pair: len(pair[0]))
        with torch.inference_mode():
            for start in range(0, len(pairs), batch_size):
                texts, names = zip(*pairs[start : start + batch_size], strict=True)
                inputs = self._tokenizer(list(texts), list(names), padding=True, return_tensors="pt")
                torch.sigmoid(self._network(**inputs).logits).tolist()


class PlainTorch:
    """Our own network in plain transformers and torch: batches of 32 in the order of arrival, padded."""

    def __init__(self) -> None:
        config = ModelConfig.load(default_directory())
        self._network, tokenizer = load_network(DEFAULT_BASE, len(config.scheme.labels))
        self._network.eval()
        self._encoder = Encoder(tokenizer, config.max_tokens)
        self._reader = Reader()

    def classify(self, texts: Sequence[str], batch_size: int = 32) -> list[list[float]]:
        """Read texts and return, for each, the label probabilities of its entities one after the other."""
        found = [self._reader.read(Document(text)) for text in texts]
        owners = [index for index, items in enumerate(found) for item in items if item.entities]
        rows = self._encoder.encode([item.encodable() for items in found for item in items if item.entities])
        scores: list[list[float]] = [[] for _ in texts]
        with torch.inference_mode():
            for start in range(0, len(rows), batch_size):
                batch = rows[start : start + batch_size]
                labels, _ = self._network(**_padded(batch))
                for row, probabilities in zip(batch, torch.sigmoid(labels), strict=True):
                    scores[owners[row.sentence]] += probabilities[: len(row.entities)].flatten().tolist()
        return scores


def _padded(rows: Sequence[Any]) -> dict[str, torch.Tensor]:
    tokens, entities = max(len(row.ids) for row in rows), max(len(row.entities) for row in rows)
    ids, mask = torch.zeros((len(rows), tokens), dtype=torch.long), torch.zeros((len(rows), tokens), dtype=torch.long)
    weights = torch.zeros((len(rows), entities, tokens))
    for index, row in enumerate(rows):
        ids[index, : len(row.ids)], mask[index, : len(row.ids)] = torch.tensor(row.ids), 1
        for entity, positions in enumerate(row.positions):
            weights[index, entity, list(positions)] = 1 / len(positions)
    return {"input_ids": ids, "attention_mask": mask, "mention_weights": weights}


def _roberta(*, hidden: int, layers: int, heads: int, labels: int) -> RobertaForSequenceClassification:
    config = RobertaConfig(
        vocab_size=VOCABULARY,
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=4 * hidden,
        max_position_embeddings=514,
        type_vocab_size=1,
    )
    config.num_labels = labels
    network = RobertaForSequenceClassification(config)
    network.train(False)
    return network


def _tokenizer() -> Any:
    tokenizer = Tokenizer.from_file(str(default_directory() / TOKENIZER_FILE))
    return cast(Any, PreTrainedTokenizerFast)(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        sep_token="[SEP]",
        cls_token="[CLS]",
        unk_token="[UNK]",
        model_max_length=512,
        model_input_names=["input_ids", "attention_mask"],
    )
