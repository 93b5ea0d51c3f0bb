"""What a trial finds, and how two servers' findings stand side by side."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.resilience.client import NO_ANSWER, Outcome

OURS = "ours"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report.

    Attributes:
        name: What was measured.
        value: The figure, or words where no figure says it.
        unit: Its unit.
        least: The project's own target, if it is a lower bound.
        most: The target, if it is an upper bound.
        note: What the reader has to know.
    """

    name: str
    value: float | str
    unit: str = ""
    least: float | None = None
    most: float | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        if self.least is None and self.most is None:
            return None
        if isinstance(self.value, str) or math.isnan(self.value):
            return False
        return (self.least is None or self.value >= self.least) and (self.most is None or self.value <= self.most)

    @property
    def target(self) -> str:
        """The target as it stands in a table."""
        if self.least is not None and self.least == self.most:
            return _written(self.least)
        bounds = [("≥", self.least), ("≤", self.most)]
        return " and ".join(f"{sign} {_written(bound)}" for sign, bound in bounds if bound is not None)

    def __str__(self) -> str:
        """Return the value as it stands in a table."""
        if not isinstance(self.value, str) and math.isnan(self.value):
            return "–"
        value = self.value if isinstance(self.value, str) else _written(self.value)
        return " ".join(part for part in (value, self.unit, f"({self.note})" if self.note else "") if part)


def percentile(values: Sequence[float], percent: float) -> float:
    """Return a percentile; not a number if there are no values."""
    return float(np.percentile(values, percent)) if values else math.nan


def statuses(outcomes: Iterable[Outcome]) -> str:
    """Say how often each status came."""
    return describe(Counter(outcome.status for outcome in outcomes))


def describe(counts: Mapping[int, int]) -> str:
    """Say how often each of some statuses came."""
    names = {NO_ANSWER: "no answer"}
    return ", ".join(f"{counts[status]:,} × {names.get(status, status)}" for status in sorted(counts)) or "none"


def to_markdown(title: str, found: Mapping[str, Sequence[Finding]]) -> str:
    """Return a trial's findings as a Markdown table, a column for each server."""
    names = list(dict.fromkeys(finding.name for findings in found.values() for finding in findings))
    columns = {server: {finding.name: finding for finding in findings} for server, findings in found.items()}
    lines = [f"### {title}", "", f"| | {' | '.join(columns)} | target |", f"|---|{'---|' * len(columns)}---|"]
    for name in names:
        cells = [str(column.get(name, "–")) for column in columns.values()]
        lines.append(f"| {name} | {' | '.join(cells)} | {_target(columns.get(OURS, {}).get(name))} |")
    return "\n".join([*lines, ""])


def _target(finding: Finding | None) -> str:
    if finding is None or finding.met is None:
        return ""
    return finding.target if finding.met else f"{finding.target}, missed"


def _written(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 100 else f"{value:,.0f}"
