"""Timing on a noisy machine: everything to be compared takes its turn in every round, and medians count."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence

Work = Callable[[], object]


def seconds(work: Work) -> float:
    """Return how long some work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def rounds(contenders: Mapping[str, Work], count: int) -> dict[str, list[float]]:
    """Run all contenders once to warm up, then so many rounds; return the seconds of each, round by round."""
    for work in contenders.values():
        work()
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(count):
        for name, work in contenders.items():
            taken[name].append(seconds(work))
    return taken


def fastest(ways: Mapping[str, Work]) -> str:
    """Return the name of the fastest of several ways to do the same, each tried twice."""
    return min(ways, key=lambda way: min(seconds(ways[way]) for _ in range(2)))


def median_ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return the median over the rounds of how many times as long theirs takes as ours."""
    return statistics.median(their / our for our, their in zip(ours, theirs, strict=True))
