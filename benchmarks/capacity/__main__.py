"""Measure what a core reads, and write the page that says what so many sentences take."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from benchmarks.capacity.page import Assumptions, page
from benchmarks.capacity.run import SHARES, Run, measure

ROUNDS, SECONDS = 5, 20.0
QUICK_ROUNDS, QUICK_SECONDS = 1, 2.0


def main() -> None:
    """Measure or read a run; write it, and the page if asked to."""
    options = _options()
    try:
        assumed = _assumptions(options)
        run = Run.load(options.run) if options.run else _measured(options)
        text = page(run, assumed) if options.page else ""
    except ValueError as error:
        sys.exit(f"error: {error}")
    if options.page:
        # Beside the page, so that it can be written again with other assumptions.
        run.save(options.page.with_suffix(".json"))
        options.page.write_text(text, encoding="utf-8")
        _say(f"written to {options.page}")


def _measured(options: Any) -> Run:
    if options.quick and options.page:
        raise ValueError("a quick run is no base for a page: leave out --quick or --page")
    rounds, seconds = (QUICK_ROUNDS, QUICK_SECONDS) if options.quick else (ROUNDS, SECONDS)
    run = measure(options.rounds or rounds, options.seconds or seconds, quick=options.quick, say=_say)
    run.save(options.out / "capacity.json")
    _say(f"written to {options.out / 'capacity.json'}")
    return run


def _assumptions(options: Any) -> Assumptions:
    given = {name: getattr(options, name) for name in ("price", "currency", "efficiency", "source", "without")}
    assumed = Assumptions(**{name: value for name, value in given.items() if value is not None})
    if assumed.price < 0 or not 0 < assumed.efficiency <= 1:
        raise ValueError("--price must not be below 0, and --efficiency lies between 0 and 1")
    if options.efficiency is not None and options.source is None:
        raise ValueError("--efficiency needs --source: the page says where the figure comes from")
    return assumed


def _options() -> Any:
    defaults = Assumptions()
    parser = argparse.ArgumentParser(prog="python -m benchmarks.capacity", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short run, to see that it works; rough figures")
    parser.add_argument("--rounds", type=int, help=f"rounds, of which medians are taken [{ROUNDS}]")
    parser.add_argument("--seconds", type=float, help=f"length of a round [{SECONDS:g}]")
    parser.add_argument("--run", type=Path, metavar="FILE", help="an earlier run to go by, instead of measuring")
    parser.add_argument("--page", type=Path, metavar="FILE", help="page to write, docs/capacity.md in the repository")
    parser.add_argument("--out", type=Path, default=Path("reports/capacity"), help="folder [reports/capacity]")
    parser.add_argument("--price", type=float, help=f"what a core costs in an hour [{defaults.price:g}]")
    parser.add_argument("--currency", help=f"in what [{defaults.currency}]")
    parser.add_argument("--efficiency", type=float, help=f"share that the engine leaves [{defaults.efficiency:g}]")
    parser.add_argument("--source", help="where that figure comes from, in a few words")
    parser.add_argument("--without", type=float, choices=SHARES, help=f"sentences without [{defaults.without:g}]")
    return parser.parse_args()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
