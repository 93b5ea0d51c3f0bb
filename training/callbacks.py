"""What a run does beside learning: chance per epoch, checkpoints between epochs, its clock, and callbacks of users."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import torch
from torch.utils.data import Sampler
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_callback import ExportableState
from transformers.trainer_pt_utils import get_length_grouped_indices

from training.processes import rank

FIRST_STEPS = 5
"""Steps after which a run says how long it will take; the first ones are slower than the rest."""


class HasEpoch(Protocol):
    """Whatever draws by chance that depends on the epoch."""

    epoch: int


class LengthSampler(Sampler[int]):
    """Rows of like length together, in an order that depends on nothing but seed and epoch.

    So a run that goes on in the middle of an epoch finds the order that it left.
    """

    def __init__(self, lengths: Sequence[int], batch_size: int, seed: int, *, multiple: int = 1) -> None:
        """Take the lengths.

        Args:
            lengths: The length of every row.
            batch_size: How many rows a step reads.
            seed: Seed of the order.
            multiple: What the number of rows is filled up to a multiple of, with a row behind the last one.
        """
        self.lengths = list(lengths)
        self.batch_size = batch_size
        self.seed = seed
        self.epoch = 0
        self._filled = -len(self.lengths) % multiple

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.lengths) + self._filled

    def __iter__(self) -> Iterator[int]:
        """Yield the rows of one epoch, what fills it up at its end."""
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + self.epoch)
        indices = get_length_grouped_indices(  # type: ignore[no-untyped-call]
            self.lengths, self.batch_size, generator=generator
        )
        return iter([*indices, *[len(self.lengths)] * self._filled])


class EpochSeeds(TrainerCallback):
    """Tells everything that draws by chance which epoch it is."""

    def __init__(self, parts: Sequence[HasEpoch]) -> None:
        """Take what is to be told."""
        self.parts = parts

    def on_epoch_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Tell the epoch; a run may begin in the middle of one."""
        for part in self.parts:
            part.epoch = int(state.epoch or 0)


class ChanceOfItsOwn(TrainerCallback):
    """Lets every process of a shared run drop out other things than the first one does."""

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Seed; a run that goes on takes up the chance of its checkpoint after this."""
        if rank():
            torch.manual_seed(args.seed + rank())


class SaveEvery(TrainerCallback):
    """Asks for a checkpoint every so many steps, besides the one at the end of each epoch."""

    def __init__(self, steps: int, steps_per_epoch: int) -> None:
        """Take the distance of checkpoints, in steps of the optimiser."""
        self.steps = steps
        self.steps_per_epoch = steps_per_epoch

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Ask for one, unless the epoch ends here: then its own one follows, after the evaluation."""
        if state.global_step % self.steps == 0 and state.global_step % self.steps_per_epoch:
            control.should_save = True


class Stopwatch(TrainerCallback, ExportableState):
    """Adds up the time that a run took, over all times that it was started."""

    def __init__(self, before: float = 0.0) -> None:
        """Take the seconds of earlier starts."""
        self.before = before
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds so far."""
        return self.before + time.monotonic() - self._began

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Start."""
        self._began = time.monotonic()

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        return {"args": {"before": self.seconds}, "attributes": {}}


class Forecast(TrainerCallback):
    """Says once, after the first steps, how long the run will take."""

    def __init__(self, say: Callable[[str], object]) -> None:
        """Take what to do with the line."""
        self._say = say
        self._steps = 0
        self._began = 0.0

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Measure from the end of the first step."""
        self._steps += 1
        if self._steps == 1:
            self._began = time.monotonic()
        if self._steps == FIRST_STEPS:
            pace = (time.monotonic() - self._began) / (FIRST_STEPS - 1)
            left = pace * (state.max_steps - state.global_step)
            self._say(
                f"about {duration(left)} of training steps at most ({pace:.2f} s a step, "
                f"{state.max_steps - state.global_step:,} steps left), checkpoints and dev scores not counted"
            )


def duration(seconds: float) -> str:
    """Return a duration as people say it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def load_callbacks(names: Sequence[str]) -> list[TrainerCallback]:
    """Make callbacks of users.

    Args:
        names: ``package.module:Class``, each a `transformers.TrainerCallback` that is made without arguments.

    Raises:
        ValueError: a name does not lead to one.
    """
    return [_load_callback(name) for name in names]


def _load_callback(name: str) -> TrainerCallback:
    module, colon, attribute = name.partition(":")
    if not colon:
        raise ValueError(f"callback {name!r}: expected package.module:Class")
    try:
        kind = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"callback {name!r}: {error}") from None
    if not (isinstance(kind, type) and issubclass(kind, TrainerCallback)):
        raise ValueError(f"callback {name!r}: is no transformers.TrainerCallback")
    return kind()
