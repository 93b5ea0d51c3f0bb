"""``docs/capacity.md``: what was measured, what is assumed, and what follows from both."""

from __future__ import annotations

import math
from dataclasses import dataclass

from benchmarks.capacity.run import Run

SENTENCES = (10**6, 10**8, 10**10)
CORES = (8, 64, 512, 4096)
DEADLINES = {"an hour": 1, "a day": 24, "a week": 168}
HOUR = 3600
LEAST_BUSY = 0.8
"""Share of the processors that the workers must have had; less, and the machine was busy with something else."""

_HEAD = """\
# Capacity

<!-- Written by `python -m benchmarks.capacity`; change what it says there. -->

What 10⁶, 10⁸ and 10¹⁰ sentences take in cores, hours and money. Rates are measured on the machine that is named, the
rest is arithmetic on stated assumptions, which the command takes as options:

```sh
python -m benchmarks.capacity --page docs/capacity.md           # measures first: ten minutes on an idle machine
python -m benchmarks.capacity --run docs/capacity.json --page docs/capacity.md --price 0.02
```
"""

_NOT_YET = """
## Measured

*Not measured yet: the figures follow with a run on an idle machine.*
"""


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What is not measured here.

    Attributes:
        price: What a core costs in an hour.
        currency: In what.
        efficiency: Share of the bare rate that remains once files are read, results written and work handed out.
        source: Where that share comes from.
        without: Share of sentences that name no country, one of those that were measured.
    """

    price: float = 0.04
    currency: str = "USD"
    efficiency: float = 0.85
    source: str = "the least that the batch engine has to reach"
    without: float = 0.5


def core_hours(run: Run, assumed: Assumptions, sentences: int) -> float:
    """Return how long one core would take, in hours, its start left out."""
    return sentences / (run.per_core(assumed.without) * assumed.efficiency) / HOUR


def hours_on(run: Run, assumed: Assumptions, sentences: int, cores: int) -> float:
    """Return how long some cores take, in hours, their start included."""
    return core_hours(run, assumed, sentences) / cores + max(run.starts) / HOUR


def cores_for(run: Run, assumed: Assumptions, sentences: int, hours: float) -> int:
    """Return how many cores are done within some hours, their start included."""
    return math.ceil(core_hours(run, assumed, sentences) / (hours - max(run.starts) / HOUR))


def page(run: Run | None, assumed: Assumptions) -> str:
    """Return the page; without a run it says that there are no figures yet.

    Raises:
        ValueError: the run was a quick one, or on a busy machine: its figures are too rough to be told.
    """
    if run is None:
        return _HEAD + _NOT_YET
    if run.quick:
        raise ValueError("a quick run is no base for a page: measure without --quick")
    had = min(_median(rate.busy) for rate in run.rates if rate.workers == run.processors)
    if had < LEAST_BUSY * run.processors:
        raise ValueError(f"the workers had {had:.2f} of {run.processors} processors: measure on an idle machine")
    return "\n".join([_HEAD, _measured(run), _assumed(run, assumed), _derived(run, assumed), _left_out()])


def _measured(run: Run) -> str:
    several, rounds = run.processors, len(run.rates[0].rounds)
    lines = [
        "## Measured",
        "",
        f"{run.machine}, {run.date}; model {run.model['name']} {run.model['version']}. Worker processes with one "
        f"thread for the network each read articles of twenty sentences, none twice; medians of {rounds} "
        f"rounds of {run.seconds:g} s, in which one worker and {several} take turns. In brackets the slowest and the "
        "fastest round.",
        "",
        f"| sentences that name no country | 1 worker, sentences/s | {several} workers | of {several} times one | "
        f"a core, all busy | processors kept busy by 1, by {several} |",
        "|---:|---:|---:|---:|---:|---:|",
    ]
    for without in sorted({rate.without for rate in run.rates}):
        one, all_of = run.rate(without, 1), run.rate(without, several)
        lines.append(
            f"| {without:.0%} | {_spread(one.median, one.spread)} | {_spread(all_of.median, all_of.spread)} | "
            f"{all_of.median / one.median / several:.0%} | {run.per_core(without):,.0f} | "
            f"{_median(one.busy):.2f}, {_median(all_of.busy):.2f} |"
        )
    lines += [
        "",
        f"A worker takes {max(run.starts):.1f} s from nothing to its first answer when {several} start at once, and "
        f"{max(run.memory):,.0f} MB at the end.",
        "",
    ]
    return "\n".join(lines)


def _assumed(run: Run, assumed: Assumptions) -> str:
    return f"""\
## Assumed

- {assumed.without:.0%} of the sentences name no country: {run.per_core(assumed.without):,.0f} sentences/s on a core.
- Of that, {assumed.efficiency:.0%} remain when files are read, results written and work handed out: {assumed.source}.
- More cores are so many times as fast, since workers share only the files; tried up to {run.processors} on one machine.
- A core is as fast as the one measured, and costs {assumed.price:g} {assumed.currency} an hour.
- Every worker starts once. There are at least as many partitions as cores, and they end at about the same time.
"""


def _derived(run: Run, assumed: Assumptions) -> str:
    lines = ["## What follows", ""]
    lines += [
        f"| sentences | core-hours | {assumed.currency} | {' | '.join(f'hours on {n:,} cores' for n in CORES)} |",
        f"|---:|---:|---:|{'---:|' * len(CORES)}",
    ]
    for number in SENTENCES:
        alone = core_hours(run, assumed, number)
        times = " | ".join(_few(hours_on(run, assumed, number, cores)) for cores in CORES)
        lines.append(f"| {_power(number)} | {_few(alone)} | {_few(alone * assumed.price)} | {times} |")
    lines += ["", f"| sentences | {' | '.join(f'cores for {name}' for name in DEADLINES)} |"]
    lines.append(f"|---:|{'---:|' * len(DEADLINES)}")
    for number in SENTENCES:
        cores = " | ".join(f"{cores_for(run, assumed, number, hours):,}" for hours in DEADLINES.values())
        lines.append(f"| {_power(number)} | {cores} |")
    return "\n".join([*lines, ""])


def _left_out() -> str:
    return """\
Left out: what the object store and the network cost, the head node of a cluster, machines that are taken away, and
cores that wait for the last partition.
"""


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def _spread(median: float, spread: tuple[float, float]) -> str:
    return f"{median:,.0f} ({spread[0]:,.0f}–{spread[1]:,.0f})"


def _few(value: float) -> str:
    """Return a number with two significant digits, or as a whole one."""
    return f"{value:.2g}" if value < 10 else f"{value:,.0f}"


def _power(number: int) -> str:
    return "10" + "".join("⁰¹²³⁴⁵⁶⁷⁸⁹"[int(digit)] for digit in str(len(str(number)) - 1))
