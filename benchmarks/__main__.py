"""Measure the whole comparison in one run, or with ``guard`` only whether the speed has fallen."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks import figures, footprint, in_process, over_http
from benchmarks.figures import Figure
from benchmarks.machine import describe_machine

USUAL_SHARE = 0.92
"""Share of the bare runtime's speed that the whole path reaches; measured, see the README of this folder."""
TOLERATED_FALL = 0.2

GROUPS: dict[str, Callable[[int], list[Figure]]] = {
    "In process": in_process.compare,
    "Over HTTP": over_http.measure,
    "Growth": in_process.scaling,
    "Start and memory": footprint.measure,
}


def main() -> None:
    """Measure, print and write; or exit with 1 if the speed has fallen."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("task", nargs="?", choices=["all", "guard"], default="all")
    parser.add_argument("--rounds", type=int, default=5, help="rounds, of which medians are taken [5]")
    parser.add_argument("--out", type=Path, default=Path("reports/speed"), help="folder to write [reports/speed]")
    options = parser.parse_args()
    if options.task == "guard":
        sys.exit(guard(options.rounds))
    groups: dict[str, list[Figure]] = {}
    for title, measure in GROUPS.items():
        groups[title] = measure(options.rounds)
        sys.stdout.write(figures.to_markdown({title: groups[title]}) + "\n")
        sys.stdout.flush()
    figures.write(groups, f"{describe_machine()}, {options.rounds} rounds", options.out)
    sys.stdout.write(f"written to {options.out}\n")


def guard(rounds: int) -> int:
    """Return 1 if the share of the bare runtime's speed has fallen by more than a fifth."""
    share = in_process.share_of_the_limit(rounds, articles_=20)
    least = (1 - TOLERATED_FALL) * USUAL_SHARE
    sys.stdout.write(f"share of the bare runtime: {share:.3f}, usual {USUAL_SHARE:.2f}, at least {least:.3f}\n")
    return int(share < least)


if __name__ == "__main__":
    main()
