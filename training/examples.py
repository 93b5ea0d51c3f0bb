"""From annotated sentences to padded training batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from datasets import Dataset
from tokenizers import Tokenizer
from torch import Tensor

from model.encoding import SLOTS, EncodableSentence, Encoder, slot_ids, vocabulary_size
from model.scheme import LabelScheme
from training.corpus import AnnotatedSentence, mention_spans


def encodable(sentence: AnnotatedSentence) -> EncodableSentence:
    """Return a sentence with its annotated mentions, ready to encode."""
    return EncodableSentence(sentence.text, tuple(tuple(spans) for spans in mention_spans(sentence)))


def build_dataset(sentences: Sequence[AnnotatedSentence], encoder: Encoder, scheme: LabelScheme) -> Dataset:
    """Encode annotated sentences, one row each (several for those longer than the model reads at once).

    Returns:
        A dataset with the columns ``input_ids`` (token ids), ``positions`` (per entity its placeholders' positions),
        ``labels`` (entities x labels, 0 or 1) and ``toward`` (entities x entities x labels, 0 or 1).
    """
    rows = encoder.encode([encodable(sentence) for sentence in sentences])
    examples: list[dict[str, Any]] = []
    for row in rows:
        entities = [sentences[row.sentence].entities[index] for index in row.entities]
        codes = [entity.code for entity in entities]
        examples.append(
            {
                "input_ids": row.ids,
                "positions": [list(positions) for positions in row.positions],
                "labels": [[float(name in entity.stances) for name in scheme.names] for entity in entities],
                "toward": [
                    [[float(code in entity.stances.get(name, ())) for name in scheme.names] for code in codes]
                    for entity in entities
                ],
            }
        )
    return Dataset.from_list(examples)


class Collator:
    """Pads examples to a batch and, in training, deals the slots anew so that no slot gets a meaning of its own."""

    def __init__(self, tokenizer: Tokenizer, scheme: LabelScheme, pad_id: int, *, shuffle_slots: bool) -> None:
        """Read the placeholder ids from the tokenizer; ``pad_id`` fills short rows."""
        self.slot_ids = torch.tensor(slot_ids(tokenizer))
        self.vocabulary = vocabulary_size(tokenizer)
        self.labels = len(scheme.labels)
        self.pad_id = pad_id
        self.shuffle_slots = shuffle_slots

    def __call__(self, examples: Sequence[dict[str, Any]]) -> dict[str, Tensor]:
        """Return the tensors that the network and its loss take."""
        batch, tokens = len(examples), max(len(example["input_ids"]) for example in examples)
        entities = max(len(example["positions"]) for example in examples)
        ids = torch.full((batch, tokens), self.pad_id)
        tensors = {
            "attention_mask": torch.zeros((batch, tokens), dtype=torch.long),
            "mention_weights": torch.zeros((batch, entities, tokens)),
            "labels": torch.zeros((batch, entities, self.labels)),
            "toward": torch.zeros((batch, entities, entities, self.labels)),
            "entity_mask": torch.zeros((batch, entities)),
        }
        for index, example in enumerate(examples):
            length, count = len(example["input_ids"]), len(example["positions"])
            ids[index, :length] = self._deal_slots(torch.tensor(example["input_ids"]))
            tensors["attention_mask"][index, :length] = 1
            for entity, positions in enumerate(example["positions"]):
                tensors["mention_weights"][index, entity, positions] = 1 / len(positions)
            tensors["labels"][index, :count] = torch.tensor(example["labels"])
            tensors["toward"][index, :count, :count] = torch.tensor(example["toward"])
            tensors["entity_mask"][index, :count] = 1
        return {"input_ids": ids, **tensors}

    def _deal_slots(self, ids: Tensor) -> Tensor:
        if not self.shuffle_slots:
            return ids
        exchange = torch.arange(self.vocabulary)
        exchange[self.slot_ids] = self.slot_ids[torch.randperm(SLOTS)]
        return exchange[ids]
