"""A run: rates of one worker and of as many as there are processors, and what a worker takes to start."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.capacity.workers import Reading, Workers
from benchmarks.machine import describe_machine
from model.classifier import StanceClassifier
from model.runtime import processors

SHARES = (0.0, 0.5, 0.8)
"""Shares of sentences that name no country."""


@dataclass(frozen=True, slots=True)
class Rate:
    """What some workers read together.

    Attributes:
        without: Share of sentences that name no country.
        workers: How many read at the same time.
        rounds: Sentences a second of all of them, round by round.
        busy: Processors that they kept busy, round by round.
    """

    without: float
    workers: int
    rounds: list[float]
    busy: list[float]

    @property
    def median(self) -> float:
        """Sentences a second."""
        return statistics.median(self.rounds)

    @property
    def spread(self) -> tuple[float, float]:
        """The slowest and the fastest round."""
        return min(self.rounds), max(self.rounds)


@dataclass(frozen=True, slots=True)
class Run:
    """What was measured, on what.

    Attributes:
        machine: The processors.
        processors: How many of them.
        date: Day of the run.
        model: Name, version and SHA-256 of the model.
        quick: Whether it was only to see that it works.
        seconds: How long a round lasted.
        rates: Rates of one worker and of several.
        starts: Seconds from nothing to the first answer, of workers that start at once, one a processor.
        memory: MB of each of these at the end.
    """

    machine: str
    processors: int
    date: str
    model: dict[str, str]
    quick: bool
    seconds: float
    rates: list[Rate]
    starts: list[float]
    memory: list[float]

    def rate(self, without: float, workers: int) -> Rate:
        """Return a rate.

        Raises:
            ValueError: it was not measured.
        """
        for rate in self.rates:
            if rate.without == without and rate.workers == workers:
                return rate
        raise ValueError(f"no rate of {workers} workers on texts with {without:.0%} of sentences without a country")

    def per_core(self, without: float) -> float:
        """Return sentences a second on one processor when all of them are busy."""
        return self.rate(without, self.processors).median / self.processors

    def save(self, path: Path) -> None:
        """Write the run as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Run:
        """Read a run.

        Raises:
            ValueError: the file holds none; the message names it.
        """
        try:
            data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return cls(**data | {"rates": [Rate(**rate) for rate in data["rates"]]})
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise ValueError(f"{path}: holds no run of this benchmark: {error}") from None


def measure(rounds: int, seconds: float, *, quick: bool, say: Callable[[str], object]) -> Run:
    """Measure; one worker and several take turns, so that a machine that slows down does so for both."""
    number = processors()
    counts = sorted({1, number})
    readings: dict[tuple[float, int], list[list[Reading]]] = {}
    workers = Workers(number)
    try:
        for turn in range(rounds + 1):
            for without in SHARES:
                for some in counts:
                    found = workers.read(some, without, seconds if turn else seconds / 4)
                    if turn:  # the first one warms up
                        readings.setdefault((without, some), []).append(found)
                        say(f"round {turn}, {without:.0%} without a country, {some} workers: {_rate(found):,.0f}/s")
        memory = workers.memory()
    finally:
        workers.stop()
    model = StanceClassifier.from_pretrained(threads=1)
    info = asdict(model.info)
    model.close()
    return Run(
        machine=describe_machine(),
        processors=number,
        date=datetime.now(UTC).date().isoformat(),
        model=info,
        quick=quick,
        seconds=seconds,
        rates=[
            Rate(without, some, [_rate(found) for found in all_of], [_busy(found) for found in all_of])
            for (without, some), all_of in readings.items()
        ],
        starts=workers.starts,
        memory=memory,
    )


def _rate(readings: list[Reading]) -> float:
    return sum(reading.sentences / reading.seconds for reading in readings)


def _busy(readings: list[Reading]) -> float:
    return sum(reading.processor_seconds / reading.seconds for reading in readings)
