"""Fit a network on annotated sentences: AdamW, early stopping on dev, resumable."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import EarlyStoppingCallback, Trainer, TrainingArguments, set_seed
from transformers.trainer_utils import get_last_checkpoint

from model.calibration import plain_probabilities
from model.scheme import STANCES, LabelScheme
from training.base import pad_token_id
from training.examples import Collator
from training.network import StanceNetwork, network_loss

METRIC = "mean_average_precision"


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """Settings of a training run.

    Attributes:
        epochs: Passes over the training split, at most.
        batch_size: Sentences per step.
        encoder_rate: Peak learning rate of the encoder.
        head_rate: Peak learning rate of the heads.
        weight_decay: AdamW weight decay.
        warmup: Share of the steps in which the rates rise; then they fall along a cosine.
        patience: Epochs without a better dev score after which training stops.
        seed: Seed of all random choices.
        encoder_dropout: Dropout inside the encoder; None leaves what it was made with.
        bf16: Whether to compute in bfloat16 where that is safe.
    """

    epochs: int = 10
    batch_size: int = 16
    encoder_rate: float = 1e-4
    head_rate: float = 5e-4
    weight_decay: float = 0.01
    warmup: float = 0.1
    patience: int = 4
    seed: int = 13
    encoder_dropout: float | None = None
    bf16: bool = True


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


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Examples of `build_dataset` to learn and to stop by, with their collators; the one for training deals slots."""

    train: Dataset
    dev: Dataset
    train_collator: Collator
    dev_collator: Collator


def training_data(
    train: Dataset, dev: Dataset, network: StanceNetwork, tokenizer: Tokenizer, scheme: LabelScheme
) -> TrainingData:
    """Put datasets and the collators that fit a network together."""
    pad_id = pad_token_id(network.encoder, tokenizer)
    return TrainingData(
        train=train,
        dev=dev,
        train_collator=Collator(tokenizer, scheme, pad_id, shuffle_slots=True),
        dev_collator=Collator(tokenizer, scheme, pad_id, shuffle_slots=False),
    )


class StanceTrainer(Trainer):
    """The transformers trainer with our loss, our dev score and a learning rate of their own for the heads."""

    def __init__(self, config: TrainingConfig, dev_collator: Collator, **arguments: Any) -> None:
        """Take the settings and the collator for dev data beside the parent's arguments."""
        super().__init__(**arguments)
        self.config = config
        self.dev_collator = dev_collator

    def create_optimizer(self, model: nn.Module | None = None) -> torch.optim.Optimizer:
        """Make AdamW with one group for the encoder and one for the heads."""
        if self.optimizer is None:
            network = cast(nn.Module, model or self.model)
            encoder = [p for name, p in network.named_parameters() if name.startswith("encoder.")]
            heads = [p for name, p in network.named_parameters() if not name.startswith("encoder.")]
            self.optimizer = torch.optim.AdamW(
                [
                    {"params": encoder, "lr": self.config.encoder_rate},
                    {"params": heads, "lr": self.config.head_rate},
                ],
                weight_decay=self.config.weight_decay,
            )
        return self.optimizer

    def compute_loss(self, model: nn.Module, inputs: dict[str, Tensor], *_: Any, **__: Any) -> Tensor:
        """Return the loss of one batch."""
        label_logits, toward_logits = _forward(model, inputs)
        gold = inputs["labels"], inputs["toward"], inputs["entity_mask"]
        return network_loss(label_logits, toward_logits, *gold, self.dev_collator.scheme)

    def evaluate(self, *_: Any, metric_key_prefix: str = "eval", **__: Any) -> dict[str, float]:
        """Score the dev split: mean over the labels of the average precision, which needs no threshold."""
        logits = predict(cast(nn.Module, self.model), self.eval_dataset, self.dev_collator, self.config.batch_size)
        metrics = {f"{metric_key_prefix}_{METRIC}": mean_average_precision(logits, self.dev_collator.scheme)}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics


def fit(
    network: StanceNetwork,
    data: TrainingData,
    checkpoints: Path,
    config: TrainingConfig,
) -> dict[str, float]:
    """Train a network in place; a run that was killed goes on from its last checkpoint.

    Args:
        network: The network; afterwards it holds the weights of the best epoch.
        data: What to learn and what to stop by.
        checkpoints: Folder for checkpoints.
        config: Settings.

    Returns:
        Best dev score, epochs run and training time in seconds.
    """
    set_seed(config.seed)
    arguments = TrainingArguments(
        output_dir=str(checkpoints),
        num_train_epochs=config.epochs,
        per_device_train_batch_size=config.batch_size,
        # Sentences of like length together: half as much padding to read.
        train_sampling_strategy="group_by_length",
        learning_rate=config.encoder_rate,
        lr_scheduler_type="cosine",
        warmup_steps=config.warmup,
        bf16=config.bf16,
        use_cpu=not torch.cuda.is_available(),
        eval_strategy="epoch",
        save_strategy="epoch",
        save_total_limit=2,
        load_best_model_at_end=True,
        metric_for_best_model=METRIC,
        greater_is_better=True,
        logging_steps=20,
        report_to="none",
        remove_unused_columns=False,
        dataloader_pin_memory=False,
        seed=config.seed,
    )
    trainer = StanceTrainer(
        config,
        data.dev_collator,
        model=network,
        args=arguments,
        train_dataset=data.train,
        eval_dataset=data.dev,
        data_collator=data.train_collator,
        callbacks=[EarlyStoppingCallback(early_stopping_patience=config.patience)],
    )
    last = get_last_checkpoint(str(checkpoints)) if checkpoints.is_dir() else None  # type: ignore[no-untyped-call]
    result = trainer.train(resume_from_checkpoint=last)
    # Training in bfloat16 wraps the forward pass; what is exported afterwards must be the plain one.
    trainer.accelerator.unwrap_model(network, keep_fp32_wrapper=False)
    return {
        "dev_score": float(trainer.state.best_metric or 0.0),
        "epochs": float(trainer.state.epoch or 0.0),
        "seconds": float(result.metrics.get("train_runtime", 0.0)),
    }


def predict(network: nn.Module, dataset: Dataset, collator: Collator, batch_size: int = 32) -> Logits:
    """Run a network over a dataset without training it."""
    scored: list[tuple[NDArray[np.float32], NDArray[np.float32]]] = []
    training = network.training
    network.eval()
    with torch.inference_mode():
        for batch in _batches(dataset, collator, batch_size):
            label_logits, toward_logits = (tensor.float().cpu().numpy() for tensor in _forward(network, batch))
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


def _forward(network: nn.Module, inputs: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    logits: tuple[Tensor, Tensor] = network(inputs["input_ids"], inputs["mention_weights"], inputs["attention_mask"])
    return logits


def _batches(dataset: Dataset, collator: Collator, size: int) -> Iterator[dict[str, Tensor]]:
    for start in range(0, len(dataset), size):
        yield collator([dataset[index] for index in range(start, min(start + size, len(dataset)))])
