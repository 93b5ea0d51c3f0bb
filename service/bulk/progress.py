"""How far a run is, how fast, and what it costs; a line that changes on a terminal, else a line now and then."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

SECONDS_BETWEEN_LINES = 30.0
SECONDS_BETWEEN_UPDATES = 0.2


@dataclass
class Meter:
    """Counts what a run has done.

    Attributes:
        partitions: Partitions of the run.
        cores: Cores at work.
        busy: Whether partitions bring their own core seconds; else all cores work all the time.
        price: What an hour of a core costs; None if that is of no interest.
        done: Partitions that are complete, those of earlier runs too.
    """

    partitions: int
    cores: int
    busy: bool
    price: float | None = None
    done: int = 0
    earlier: int = field(init=False)
    sentences: int = 0
    _busy_seconds: float = 0.0
    _began: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        """Take note of what was done before."""
        self.earlier = self.done

    def complete(self, seconds: float) -> None:
        """Count a partition."""
        self.done += 1
        self._busy_seconds += seconds

    @property
    def seconds(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._began

    @property
    def core_seconds(self) -> float:
        """Seconds of cores that were paid for."""
        return self._busy_seconds if self.busy else self.seconds * self.cores

    @property
    def rate(self) -> float:
        """Sentences a second."""
        return self.sentences / max(self.seconds, 1e-3)

    @property
    def rate_per_core(self) -> float:
        """Sentences a second of a core."""
        return self.sentences / max(self.core_seconds, 1e-3)

    @property
    def seconds_left(self) -> float | None:
        """Seconds that the rest will take, if partitions take as long as so far; None if none is done yet."""
        fresh = self.done - self.earlier
        return self.seconds / fresh * (self.partitions - self.done) if fresh else None

    @property
    def cost(self) -> float | None:
        """What the run has cost so far."""
        return None if self.price is None else self.core_seconds / 3600 * self.price

    @property
    def cost_in_the_end(self) -> float | None:
        """What the run will have cost, if partitions take as long as so far."""
        fresh = self.done - self.earlier
        if self.cost is None or not fresh:
            return None
        return self.cost * (self.partitions - self.earlier) / fresh

    def __str__(self) -> str:
        """Say it in one line."""
        parts = [
            f"{self.done:,} of {self.partitions:,} partitions",
            f"{self.sentences:,} sentences",
            f"{self.rate:,.0f} sentences/s ({self.rate_per_core:,.0f} a core)",
        ]
        if self.seconds_left is not None:
            parts.append(f"{duration(self.seconds_left)} left")
        if self.cost_in_the_end is not None:
            parts.append(f"cost {self.cost:,.2f} of {self.cost_in_the_end:,.2f}")
        return ", ".join(parts)


class ProgressLine:
    """Shows a meter on standard error."""

    def __init__(self, meter: Meter) -> None:
        self.meter = meter
        self._terminal = sys.stderr.isatty()
        self._between = SECONDS_BETWEEN_UPDATES if self._terminal else SECONDS_BETWEEN_LINES
        self._due = time.monotonic() + self._between
        self._bar = Progress(
            BarColumn(),
            TextColumn("{task.description}"),
            console=Console(stderr=True),
            disable=not self._terminal,
            transient=True,
        )
        self._task = self._bar.add_task(str(meter), total=meter.partitions, completed=meter.done)

    def __enter__(self) -> Self:
        """Show it."""
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Remove it."""
        self._bar.stop()

    def count(self, sentences: int) -> None:
        """Count sentences that are answered."""
        self.meter.sentences += sentences
        self.show()

    def show(self) -> None:
        """Show where the meter stands, if it is time to."""
        now = time.monotonic()
        if now < self._due:
            return
        self._due = now + self._between
        if self._terminal:
            self._bar.update(self._task, completed=self.meter.done, description=str(self.meter))
        else:
            sys.stderr.write(f"{self.meter}\n")


def duration(seconds: float) -> str:
    """Return a duration such as ``2 h 05 min`` or ``40 s``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"
