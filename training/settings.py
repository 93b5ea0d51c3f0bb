"""The settings of a training run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

CLASS_WEIGHTS = ("none", "balanced")


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """Settings of a training run.

    Attributes:
        epochs: Passes over the training split, at most.
        batch_size: Sentences read at once, over all processes.
        accumulate: Batches whose gradients are added up to one step.
        encoder_rate: Peak learning rate of the encoder.
        head_rate: Peak learning rate of the heads.
        weight_decay: AdamW weight decay.
        warmup: Share of the steps in which the rates rise; then they fall along a cosine.
        patience: Epochs without a better dev score after which training stops.
        seed: Seed of all random choices.
        encoder_dropout: Dropout inside the encoder; None leaves what it was made with.
        bf16: Whether to compute in bfloat16 where that is safe and the hardware can.
        class_weights: ``balanced`` lets the cases of a label count for as much as those without it; ``none`` counts all
            alike.
        lora_rank: Width of low-rank adapters, which learn in place of the encoder; 0 for none.
        lora_alpha: The adapters count for ``lora_alpha / lora_rank``.
        lora_dropout: Dropout before the adapters.
        device: ``auto``, ``cpu`` or ``cuda``.
        threads: Processor threads; None for as many as torch takes. Equal weights need an equal number.
    """

    epochs: int = 10
    batch_size: int = 16
    accumulate: int = 1
    encoder_rate: float = 1e-4
    head_rate: float = 5e-4
    weight_decay: float = 0.01
    warmup: float = 0.1
    patience: int = 4
    seed: int = 13
    encoder_dropout: float | None = None
    bf16: bool = True
    class_weights: str = "none"
    lora_rank: int = 0
    lora_alpha: float = 16.0
    lora_dropout: float = 0.05
    device: str = "auto"
    threads: int | None = None


@dataclass(frozen=True, slots=True)
class Reporting:
    """What a run tells and keeps while it goes; nothing of it changes the weights.

    Attributes:
        report_to: Trackers: ``tensorboard``, ``mlflow``, ``wandb``, or whatever else transformers knows.
        callbacks: Callbacks of users, ``package.module:Class`` each.
        save_steps: Steps between checkpoints within an epoch; None for one at its end alone.
        quiet: Whether to show neither progress nor losses.
        say: What to do with lines that are meant for people.
    """

    report_to: tuple[str, ...] = ()
    callbacks: tuple[str, ...] = ()
    save_steps: int | None = None
    quiet: bool = False
    say: Callable[[str], object] = lambda _: None
