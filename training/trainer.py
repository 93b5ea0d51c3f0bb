"""Fit a network on annotated sentences: AdamW, early stopping on dev.

A run that is killed at any moment goes on from its last checkpoint, and on the CPU ends with the very weights of a run
that was never killed: see `training.checkpoints` and, for where chance comes from, `training.callbacks`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from datasets import Dataset
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import EarlyStoppingCallback, Trainer, TrainingArguments, set_seed
from transformers.trainer import TRAINER_STATE_NAME
from transformers.trainer_callback import ExportableState, PrinterCallback
from transformers.utils import SAFE_WEIGHTS_NAME

from model.scheme import LabelScheme
from training.base import pad_token_id
from training.callbacks import ChanceOfItsOwn, EpochSeeds, Forecast, LengthSampler, SaveEvery, Stopwatch, load_callbacks
from training.checkpoints import (
    checkpoint_folder,
    clean,
    is_finished,
    last_checkpoint,
    partial_folder,
    prune,
    read_state,
    seal,
)
from training.examples import Collator, balanced_weights, with_blank
from training.network import StanceNetwork, loss_counts, network_loss
from training.prediction import forward, mean_average_precision, predict
from training.processes import in_bf16, is_first, on_cpu, summed, wait_for_all, world_size
from training.settings import Reporting, TrainingConfig

METRIC = "mean_average_precision"


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Examples of `build_dataset` to learn and to stop by, with their collators; the one for training deals slots."""

    train: Dataset
    dev: Dataset
    train_collator: Collator
    dev_collator: Collator


def training_data(
    train: Dataset, dev: Dataset, network: StanceNetwork, tokenizer: Tokenizer, scheme: LabelScheme, seed: int = 0
) -> TrainingData:
    """Put datasets and the collators that fit a network together; ``seed`` is that of dealing slots."""
    pad_id = pad_token_id(network.encoder, tokenizer)
    return TrainingData(
        train=train,
        dev=dev,
        train_collator=Collator(tokenizer, scheme, pad_id, shuffle_slots=True, seed=seed),
        dev_collator=Collator(tokenizer, scheme, pad_id, shuffle_slots=False),
    )


class StanceTrainer(Trainer):
    """The transformers trainer with our loss, our dev score, our checkpoints and a rate of their own for the heads."""

    def __init__(self, config: TrainingConfig, data: TrainingData, **arguments: Any) -> None:
        """Take the settings and the data beside the parent's arguments."""
        # Rows that several processes share out must be a multiple of what they read at once. By default some would be
        # read twice.
        shared = world_size() > 1
        train = with_blank(data.train) if shared else data.train
        super().__init__(train_dataset=train, eval_dataset=data.dev, data_collator=data.train_collator, **arguments)
        self.config = config
        self.dev_collator = data.dev_collator
        lengths = [len(ids) for ids in data.train["input_ids"]]
        multiple = config.batch_size if shared else 1
        self._sampler = LengthSampler(lengths, config.batch_size * config.accumulate, config.seed, multiple=multiple)
        self._label_weights = balanced_weights(data.train) if config.class_weights == "balanced" else None
        self.add_callback(EpochSeeds([self._sampler, data.train_collator]))
        self.add_callback(ChanceOfItsOwn())

    def create_optimizer(self, model: nn.Module | None = None) -> torch.optim.Optimizer:
        """Make AdamW with one group for the encoder and one for the heads."""
        if self.optimizer is None:
            network = cast(nn.Module, model or self.model)
            learning = {name: p for name, p in network.named_parameters() if p.requires_grad}
            encoder = [p for name, p in learning.items() if name.startswith("encoder.")]
            heads = [p for name, p in learning.items() if not name.startswith("encoder.")]
            self.optimizer = torch.optim.AdamW(
                [
                    {"params": encoder, "lr": self.config.encoder_rate},
                    {"params": heads, "lr": self.config.head_rate},
                ],
                weight_decay=self.config.weight_decay,
                fused=True,  # One pass over the weights; four times as fast on a processor.
            )
        return self.optimizer

    def get_batch_samples(
        self, epoch_iterator: Iterator[dict[str, Tensor]], num_batches: int, device: torch.device
    ) -> tuple[list[dict[str, Tensor]], Tensor]:
        """Return the batches of a step that this process reads, and for how much those of all processes count."""
        batches, _ = super().get_batch_samples(epoch_iterator, num_batches, device)
        scheme = self.dev_collator.scheme
        counts = torch.stack([loss_counts(batch["labels"], batch["entity_mask"], scheme) for batch in batches])
        return batches, summed(counts.sum(0).to(device))

    def compute_loss(self, model: nn.Module, inputs: dict[str, Tensor], *_: Any, **given: Any) -> Tensor:
        """Return what one batch adds to the loss of its step, or its own loss where that is not known."""
        label_logits, toward_logits = forward(model, inputs)
        gold = inputs["labels"], inputs["toward"], inputs["entity_mask"]
        scheme, weights, counts = self.dev_collator.scheme, self._label_weights, given.get("num_items_in_batch")
        loss = network_loss(label_logits, toward_logits, *gold, scheme, label_weights=weights, counts=counts)
        if counts is None:
            return loss
        # The parent takes the mean over the batches of a step and over the processes; ours are parts of a sum.
        return loss * (self.current_gradient_accumulation_steps * world_size())

    def evaluate(self, *_: Any, metric_key_prefix: str = "eval", **__: Any) -> dict[str, float]:
        """Score the dev split: mean over the labels of the average precision, which needs no threshold."""
        logits = predict(cast(nn.Module, self.model), self.eval_dataset, self.dev_collator, self.config.batch_size)
        metrics = {f"{metric_key_prefix}_{METRIC}": mean_average_precision(logits, self.dev_collator.scheme)}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def _get_train_sampler(self, train_dataset: Any = None) -> LengthSampler:
        return self._sampler

    def _save_checkpoint(self, model: nn.Module, trial: Any) -> None:
        """Write a checkpoint that is there whole or not at all."""
        root, step = Path(str(self.args.output_dir)), self.state.global_step
        partial, best = partial_folder(root, step), self.state.best_global_step
        self.state.best_model_checkpoint = str(checkpoint_folder(root, best)) if best else None
        self.save_model(str(partial), _internal_call=True)
        self._save_optimizer_and_scheduler(str(partial))
        self._save_scaler(str(partial))
        self._save_rng_state(str(partial))
        if self.args.should_save:
            parts = [*self.callback_handler.callbacks, self.control]
            kept = [part for part in parts if isinstance(part, ExportableState)]
            # The parent keeps callbacks here at first, and what they say of themselves from then on.
            self.state.stateful_callbacks = {type(part).__name__: part.state() for part in kept}  # type: ignore[assignment]
            self.state.save_to_json(str(partial / TRAINER_STATE_NAME))
        wait_for_all()
        if self.args.should_save:
            seal(partial, checkpoint_folder(root, step))
            prune(root, best)
        wait_for_all()


def fit(
    network: StanceNetwork,
    data: TrainingData,
    checkpoints: Path,
    config: TrainingConfig,
    reporting: Reporting | None = None,
) -> dict[str, float]:
    """Train a network in place; a run that was killed goes on from its last checkpoint.

    Args:
        network: The network; afterwards it holds the weights of the best epoch.
        data: What to learn and what to stop by.
        checkpoints: Folder for checkpoints.
        config: Settings.
        reporting: What to tell and keep on the way.

    Returns:
        Best dev score, epochs run and training time in seconds.

    Raises:
        ValueError: a setting is not possible here.
    """
    reporting = reporting or Reporting()
    set_seed(config.seed)
    if is_first():
        checkpoints.mkdir(parents=True, exist_ok=True)
        clean(checkpoints)
    wait_for_all()
    last = last_checkpoint(checkpoints)
    if last is not None and is_finished(read_state(last)):
        return _load_best(network, checkpoints, last)
    trainer, watch = _trainer(network, data, checkpoints, config, reporting)
    trainer.train(resume_from_checkpoint=str(last) if last else None)
    # Training in bfloat16 wraps the forward pass; what is exported afterwards must be the plain one.
    trainer.accelerator.unwrap_model(network, keep_fp32_wrapper=False)
    network.cpu()
    return {
        "dev_score": float(trainer.state.best_metric or 0.0),
        "epochs": float(trainer.state.epoch or 0.0),
        "seconds": watch().seconds,
    }


def _trainer(
    network: StanceNetwork, data: TrainingData, checkpoints: Path, config: TrainingConfig, reporting: Reporting
) -> tuple[StanceTrainer, Callable[[], Stopwatch]]:
    """Return the trainer, and what gives its clock, which going on from a checkpoint exchanges."""
    arguments = training_arguments(checkpoints, config, reporting)
    steps_per_epoch = -(-len(data.train) // (config.batch_size * config.accumulate))
    callbacks = [EarlyStoppingCallback(early_stopping_patience=config.patience), Stopwatch()]
    if reporting.save_steps:
        callbacks.append(SaveEvery(reporting.save_steps, steps_per_epoch))
    if not reporting.quiet and is_first():
        callbacks.append(Forecast(reporting.say))
    callbacks += load_callbacks(reporting.callbacks)
    trainer = StanceTrainer(config, data, model=network, args=arguments, callbacks=callbacks)
    if reporting.quiet:
        trainer.remove_callback(PrinterCallback)
    return trainer, lambda: next(c for c in trainer.callback_handler.callbacks if isinstance(c, Stopwatch))


def training_arguments(checkpoints: Path, config: TrainingConfig, reporting: Reporting) -> TrainingArguments:
    """Return what the transformers trainer is told.

    Raises:
        ValueError: the batch cannot be shared by the processes, or the device is not there.
    """
    processes = world_size()
    if config.batch_size % processes:
        raise ValueError(f"batch size {config.batch_size} cannot be shared by {processes} processes")
    cpu = on_cpu(config.device)
    return TrainingArguments(
        output_dir=str(checkpoints),
        num_train_epochs=config.epochs,
        per_device_train_batch_size=config.batch_size // processes,
        gradient_accumulation_steps=config.accumulate,
        learning_rate=config.encoder_rate,
        lr_scheduler_type="cosine",
        warmup_steps=config.warmup,
        bf16=in_bf16(config.bf16, config.device),
        use_cpu=cpu,
        ddp_backend="gloo" if cpu and processes > 1 else None,
        # Encoders have layers that we don't read, such as BERT's pooler.
        ddp_find_unused_parameters=True if processes > 1 else None,
        eval_strategy="epoch",
        save_strategy="epoch",
        load_best_model_at_end=True,
        restore_callback_states_from_checkpoint=True,
        metric_for_best_model=METRIC,
        greater_is_better=True,
        logging_steps=20,
        report_to=list(reporting.report_to) or "none",
        disable_tqdm=reporting.quiet,
        remove_unused_columns=False,
        dataloader_pin_memory=False,
        seed=config.seed,
    )


def _load_best(network: StanceNetwork, checkpoints: Path, last: Path) -> dict[str, float]:
    """Give a network the weights of a run that was killed after its last step."""
    state = read_state(last)
    best = checkpoint_folder(checkpoints, state["best_global_step"])
    network.load_state_dict(load_file(best / SAFE_WEIGHTS_NAME))
    return {
        "dev_score": float(state["best_metric"]),
        "epochs": float(state["epoch"]),
        "seconds": float(state["stateful_callbacks"]["Stopwatch"]["args"]["before"]),
    }
