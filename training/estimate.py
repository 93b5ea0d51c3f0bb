"""What a run will cost, before it starts: time from a few measured steps, memory from what they hold, and disk."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from training.callbacks import LengthSampler, duration
from training.examples import Collator
from training.network import network_loss
from training.pipeline import Prepared
from training.prediction import predict
from training.processes import in_bf16, on_cpu, world_size
from training.training_run import TrainingRun

MEASURED = 6
"""Steps that are measured, spread over the lengths that occur."""
WARM_UP = 2
DEV_ROWS = 64
KEPT_CHECKPOINTS = 3
ADAM_STATES = 2
BYTES = 4
INT8_SHARE = 0.27
"""Size of the exported network by that of its float weights; with all-MiniLM-L6-v2 24.7 MB of 94."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run will cost.

    Attributes:
        step_seconds: Time of a step of the optimiser.
        steps: Steps of an epoch.
        epochs: Epochs at most.
        dev_seconds: Time to score the dev data, once an epoch.
        weights: Bytes of the network.
        gradients: Bytes of the gradients.
        optimiser: Bytes that AdamW keeps.
        activations: Bytes kept for the backward pass of the longest batch.
        disk: Bytes of the checkpoints that are kept at once, and of the model directory.
    """

    step_seconds: float
    steps: int
    epochs: int
    dev_seconds: float
    weights: int
    gradients: int
    optimiser: int
    activations: int
    disk: int

    @property
    def epoch_seconds(self) -> float:
        """Time of an epoch."""
        return self.steps * self.step_seconds + self.dev_seconds

    @property
    def memory(self) -> int:
        """Bytes at the peak, beside the interpreter and its libraries."""
        return self.weights + self.gradients + self.optimiser + self.activations

    def lines(self) -> list[str]:
        """Return the estimate for people, with what it assumes."""
        parts = (
            ("weights", self.weights),
            ("gradients", self.gradients),
            ("optimiser", self.optimiser),
            ("activations", self.activations),
        )
        return [
            f"time: {duration(self.epoch_seconds)} an epoch ({self.steps:,} steps of {self.step_seconds:.2f} s, dev "
            f"{duration(self.dev_seconds)}), {duration(self.epochs * self.epoch_seconds)} for {self.epochs} epochs",
            f"memory: {_size(self.memory)} at the peak (" + ", ".join(f"{n} {_size(size)}" for n, size in parts) + ")",
            f"disk: {_size(self.disk)} at most, of which the model directory keeps a part",
            "assumed: the machine is as busy as now; early stopping may end the run sooner; the interpreter and its "
            "libraries take about 0.7 GB more memory; export and calibration take a minute or so more",
        ]


def estimate(run: TrainingRun, prepared: Prepared) -> Estimate:
    """Measure a few steps. The network is changed by them; prepare another one to train.

    Args:
        run: The run.
        prepared: What `training.pipeline.prepare` gives for it.

    Raises:
        ValueError: the device is not there.
    """
    config, network, data = run.config, prepared.network, prepared.data
    device = torch.device("cpu" if on_cpu(config.device) else "cuda")
    network.to(device).train()
    lengths = [len(ids) for ids in data.train["input_ids"]]
    size = max(1, config.batch_size // world_size())
    order = list(LengthSampler(lengths, config.batch_size * config.accumulate, config.seed))
    batches = [order[start : start + size] for start in range(0, len(order), size)]
    learning = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(learning, lr=1e-6, fused=True)  # As the trainer has it.
    longest = max(batches, key=lambda batch: max(lengths[row] for row in batch) * len(batch))
    measure = _Step(network, optimiser, data.train_collator, device, in_bf16(config.bf16, config.device))
    activations = measure.activations([data.train[row] for row in longest])
    places = np.linspace(0, len(batches) - 1, MEASURED).astype(int)
    for place in places[:WARM_UP]:
        measure.seconds([data.train[row] for row in batches[place]])
    pace = float(np.mean([measure.seconds([data.train[row] for row in batches[place]]) for place in places]))
    some = data.dev.select(range(min(DEV_ROWS, len(data.dev))))
    began = time.perf_counter()
    predict(network, some, data.dev_collator, size)
    dev = (time.perf_counter() - began) * len(data.dev) / len(some)
    weights = BYTES * sum(parameter.numel() for parameter in network.parameters())
    gradients = BYTES * sum(parameter.numel() for parameter in learning)
    kept = KEPT_CHECKPOINTS * (weights + ADAM_STATES * gradients)
    model = int(weights * (INT8_SHARE + run.keep_weights))
    return Estimate(
        step_seconds=pace * config.accumulate,
        steps=-(-len(batches) // (config.accumulate * world_size())),
        epochs=config.epochs,
        dev_seconds=dev,
        weights=weights,
        gradients=gradients,
        optimiser=ADAM_STATES * gradients,
        activations=activations,
        disk=kept + model,
    )


@dataclass(frozen=True, slots=True)
class _Step:
    """One step of training, as the trainer makes it."""

    network: nn.Module
    optimiser: torch.optim.Optimizer
    collator: Collator
    device: torch.device
    bf16: bool

    def seconds(self, examples: Sequence[dict[str, object]]) -> float:
        """Return how long the step takes."""
        began = time.perf_counter()
        self._loss(examples).backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()
        self.optimiser.zero_grad()
        if self.device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - began

    def activations(self, examples: Sequence[dict[str, object]]) -> int:
        """Return the bytes that the forward pass keeps for the backward pass, parameters aside."""
        own = {parameter.untyped_storage().data_ptr() for parameter in self.network.parameters()}
        kept: dict[int, int] = {}

        def keep(tensor: Tensor) -> Tensor:
            storage = tensor.untyped_storage()
            if storage.data_ptr() not in own:
                kept[storage.data_ptr()] = storage.nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            loss = self._loss(examples)
            # All of them are alive at once only as long as the graph is.
            total = sum(kept.values())
        del loss
        return total

    def _loss(self, examples: Sequence[dict[str, object]]) -> Tensor:
        inputs = {name: tensor.to(self.device) for name, tensor in self.collator(examples).items()}
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
            labels, toward = self.network(inputs["input_ids"], inputs["mention_weights"], inputs["attention_mask"])
        gold = inputs["labels"], inputs["toward"], inputs["entity_mask"]
        return network_loss(labels, toward, *gold, self.collator.scheme)


def _size(count: float) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:,.0f} MB"
