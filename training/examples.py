"""From annotated sentences to padded training batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from datasets import Dataset, concatenate_datasets
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

from model.annotation import AnnotatedSentence, mention_spans
from model.encoding import SLOTS, EncodableSentence, Encoder, slot_ids, vocabulary_size
from model.scheme import LabelScheme


def encodable(sentence: AnnotatedSentence) -> EncodableSentence:
    """Return a sentence with its annotated mentions, ready to encode."""
    return EncodableSentence(sentence.text, tuple(tuple(spans) for spans in mention_spans(sentence)))


@dataclass(frozen=True, slots=True)
class Targets:
    """What a network shall say of the entities of one sentence, as probabilities.

    Attributes:
        labels: ``[entities, labels]``.
        toward: ``[entities, entities, labels]``: whether the label of the first entity is aimed at the second.
    """

    labels: NDArray[np.float32]
    toward: NDArray[np.float32]


def gold_targets(sentence: AnnotatedSentence, scheme: LabelScheme) -> Targets:
    """Return the annotation of a sentence as probabilities of 0 and 1."""
    codes = [entity.code for entity in sentence.entities]
    labels = [[name in entity.stances for name in scheme.names] for entity in sentence.entities]
    toward = [
        [[code in entity.stances.get(name, ()) for name in scheme.names] for code in codes]
        for entity in sentence.entities
    ]
    size = len(codes), len(scheme.names)
    return Targets(np.array(labels, np.float32).reshape(size), np.array(toward, np.float32).reshape(size[0], *size))


def build_dataset(sentences: Sequence[AnnotatedSentence], encoder: Encoder, scheme: LabelScheme) -> Dataset:
    """Encode annotated sentences; see `target_dataset`."""
    targets = [gold_targets(sentence, scheme) for sentence in sentences]
    return target_dataset([encodable(sentence) for sentence in sentences], targets, encoder)


def target_dataset(sentences: Sequence[EncodableSentence], targets: Sequence[Targets], encoder: Encoder) -> Dataset:
    """Encode sentences with what to learn of them: one row each, several for those longer than the model reads at once.

    Returns:
        A dataset with the columns ``input_ids`` (token ids), ``positions`` (per entity its placeholders' positions),
        ``labels`` (entities x labels, 0 to 1), ``toward`` (entities x entities x labels, 0 to 1) and ``row`` (its
        number).
    """
    examples: list[dict[str, Any]] = []
    for row in encoder.encode(sentences):
        wanted, members = targets[row.sentence], np.array(row.entities)
        examples.append(
            {
                "input_ids": row.ids,
                "positions": [list(positions) for positions in row.positions],
                "labels": wanted.labels[members].tolist(),
                "toward": wanted.toward[np.ix_(members, members)].tolist(),
                "row": len(examples),
            }
        )
    return Dataset.from_list(examples)


def with_blank(dataset: Dataset) -> Dataset:
    """Return examples of `build_dataset` with one more behind them, without entities: nothing is learned of it."""
    blank = {"input_ids": dataset[0]["input_ids"][:1], "positions": [], "labels": [], "toward": [], "row": len(dataset)}
    return concatenate_datasets([dataset, Dataset.from_list([blank], features=dataset.features)])


class Collator:
    """Pads examples to a batch and, in training, deals the slots anew so that no slot gets a meaning of its own.

    How the slots of a row are dealt depends on nothing but the seed, the epoch and the row, so that a run which goes on
    in the middle of an epoch deals them as it would have done.

    Attributes:
        epoch: To be set at the beginning of each epoch.
    """

    def __init__(
        self, tokenizer: Tokenizer, scheme: LabelScheme, pad_id: int, *, shuffle_slots: bool, seed: int = 0
    ) -> None:
        """Read the placeholder ids from the tokenizer; ``pad_id`` fills short rows."""
        self.slot_ids = torch.tensor(slot_ids(tokenizer))
        self.vocabulary = vocabulary_size(tokenizer)
        self.scheme = scheme
        self.labels = len(scheme.labels)
        self.pad_id = pad_id
        self.shuffle_slots = shuffle_slots
        self.seed = seed
        self.epoch = 0

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
            ids[index, :length] = self._deal_slots(torch.tensor(example["input_ids"]), example.get("row", index))
            tensors["attention_mask"][index, :length] = 1
            for entity, positions in enumerate(example["positions"]):
                tensors["mention_weights"][index, entity, positions] = 1 / len(positions)
            # Lists of nothing have no second dimension.
            labels, toward = torch.tensor(example["labels"]), torch.tensor(example["toward"])
            tensors["labels"][index, :count] = labels.reshape(count, self.labels)
            tensors["toward"][index, :count, :count] = toward.reshape(count, count, self.labels)
            tensors["entity_mask"][index, :count] = 1
        return {"input_ids": ids, **tensors}

    def _deal_slots(self, ids: Tensor, row: int) -> Tensor:
        if not self.shuffle_slots:
            return ids
        exchange = torch.arange(self.vocabulary)
        dealt = np.random.default_rng((self.seed, self.epoch, row)).permutation(SLOTS)
        exchange[self.slot_ids] = self.slot_ids[torch.from_numpy(dealt)]
        return exchange[ids]


def balanced_weights(dataset: Dataset) -> Tensor:
    """Return for each label how often it is not taken for once that it is; 1 for a label that nobody takes.

    Args:
        dataset: Examples of `build_dataset`.

    Returns:
        Weights ``[labels]``.
    """
    labels = torch.cat([torch.tensor(taken, dtype=torch.float) for taken in dataset["labels"] if taken])
    taken = labels.sum(0)
    return torch.where(taken > 0, (len(labels) - taken) / taken.clamp(min=1e-9), torch.ones_like(taken))
