"""What a network says of annotated examples, beside gold, and how good that is without any threshold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score
from torch import Tensor, nn

from model.calibration import plain_probabilities
from model.scheme import STANCES, LabelScheme
from training.examples import Collator


@dataclass(frozen=True, slots=True)
class Logits:
    """Raw scores of the entities of a dataset, flattened, beside their gold labels.

    Attributes:
        labels: ``[entities, labels]``; ``gold_labels`` alike, 0 or 1.
        toward: ``[pairs, labels]`` over ordered pairs of entities of the same row; ``gold_toward`` alike; ``asked`` is
            1 where the pair's holder takes the label.
        sentence: Index of the example of each entity; ``pair_sentence`` alike of each pair.
        holder: Index of each pair's holder among the entities.
    """

    labels: NDArray[np.float32]
    gold_labels: NDArray[np.float32]
    toward: NDArray[np.float32]
    gold_toward: NDArray[np.float32]
    asked: NDArray[np.float32]
    sentence: NDArray[np.int64]
    pair_sentence: NDArray[np.int64]
    holder: NDArray[np.int64]


def predict(network: nn.Module, dataset: Dataset, collator: Collator, batch_size: int = 32) -> Logits:
    """Run a network over a dataset without training it."""
    scored: list[tuple[NDArray[np.float32], NDArray[np.float32]]] = []
    training, device = network.training, next(network.parameters()).device
    network.eval()
    with torch.inference_mode():
        for batch in _batches(dataset, collator, batch_size):
            inputs = {name: tensor.to(device) for name, tensor in batch.items()}
            label_logits, toward_logits = (tensor.float().cpu().numpy() for tensor in forward(network, inputs))
            counts = batch["entity_mask"].sum(1).int().tolist()
            scored += [(label_logits[i, :n], toward_logits[i, :n, :n]) for i, n in enumerate(counts)]
    network.train(training)
    return collect_logits(dataset, scored)


def collect_logits(dataset: Dataset, scored: Sequence[tuple[NDArray[np.float32], NDArray[np.float32]]]) -> Logits:
    """Put scores beside gold.

    Args:
        dataset: Examples of `training.examples.build_dataset`.
        scored: For each of them the logits of labels and targets, ``[entities, labels]`` and
            ``[entities, entities, labels]``.
    """
    parts = []
    entities_before = 0
    for index, (example, (labels, toward)) in enumerate(zip(dataset, scored, strict=True)):
        gold, gold_toward = np.array(example["labels"], np.float32), np.array(example["toward"], np.float32)
        holders, targets = np.nonzero(~np.eye(len(gold), dtype=bool))
        parts.append(
            (
                labels,
                gold,
                toward[holders, targets],
                gold_toward[holders, targets],
                gold[holders],
                np.full(len(gold), index),
                np.full(len(holders), index),
                holders + entities_before,
            )
        )
        entities_before += len(gold)
    return Logits(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def mean_average_precision(logits: Logits, scheme: LabelScheme = STANCES) -> float:
    """Return the mean average precision over the labels that the gold data holds."""
    counted = asked_entities(logits.gold_labels, scheme)
    # The logits of labels that exclude each other can be compared between entities only as probabilities.
    scores = logits.labels if scheme.multi_label else plain_probabilities(logits.labels, scheme)
    precisions = [
        average_precision_score(gold, scored)
        for gold, scored in zip(logits.gold_labels[counted].T, scores[counted].T, strict=True)
        if gold.any()
    ]
    return float(np.mean(precisions)) if precisions else 0.0


def asked_entities(gold_labels: NDArray[np.float32], scheme: LabelScheme) -> NDArray[np.bool_]:
    """Tell which entities are asked: all, or where taking no label is no answer those that are annotated with one."""
    return np.asarray((gold_labels > 0).any(axis=1) | scheme.none)


def forward(network: nn.Module, inputs: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Return a network's logits of labels and of targets for a collated batch."""
    logits: tuple[Tensor, Tensor] = network(inputs["input_ids"], inputs["mention_weights"], inputs["attention_mask"])
    return logits


def _batches(dataset: Dataset, collator: Collator, size: int) -> Iterator[dict[str, Tensor]]:
    for start in range(0, len(dataset), size):
        yield collator([dataset[index] for index in range(start, min(start + size, len(dataset)))])
