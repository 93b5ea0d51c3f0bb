"""What a benchmark reports: figures, as a table and a chart."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the report; the target is what the project set itself, empty where there is none."""

    name: str
    value: float
    unit: str
    target: str = ""

    def __str__(self) -> str:
        """Return the value as it stands in a table."""
        return f"{self.value:.3g}" if self.value < 100 else f"{self.value:,.0f}"


def to_markdown(groups: Mapping[str, Sequence[Figure]]) -> str:
    """Return the figures as Markdown tables, one a group."""
    lines = []
    for title, figures in groups.items():
        lines += [f"### {title}", "", "| | measured | | target |", "|---|---:|---|---|"]
        lines += [f"| {figure.name} | {figure} | {figure.unit} | {figure.target} |" for figure in figures]
        lines.append("")
    return "\n".join(lines)


def write(groups: Mapping[str, Sequence[Figure]], machine: str, folder: Path) -> None:
    """Write ``speed.md``, ``speed.json`` and ``speed.png`` to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "speed.md").write_text(f"{machine}\n\n{to_markdown(groups)}", encoding="utf-8")
    plain = {title: [asdict(figure) for figure in figures] for title, figures in groups.items()}
    text = json.dumps({"machine": machine, "figures": plain}, indent=2, ensure_ascii=False)
    (folder / "speed.json").write_text(text + "\n", encoding="utf-8")
    _draw([figure for figures in groups.values() for figure in figures], folder / "speed.png")


def _draw(figures: Sequence[Figure], path: Path) -> None:
    """Draw what is measured in sentences a second, on a logarithmic scale."""
    from matplotlib.figure import Figure as Canvas  # noqa: PLC0415 - heavy, and only needed here

    rates = sorted((figure for figure in figures if figure.unit == "sentences/s"), key=lambda figure: figure.value)
    canvas = Canvas(figsize=(8, 0.5 + 0.45 * len(rates)), layout="constrained")
    axes = canvas.subplots()
    colours = ["#1f6f8b" if figure.name.startswith("ours") else "#b8c4ce" for figure in rates]
    bars = axes.barh([figure.name for figure in rates], [figure.value for figure in rates], color=colours)
    axes.bar_label(bars, [str(figure) for figure in rates], padding=3)
    axes.set_xscale("log")
    axes.margins(x=0.15)
    axes.set_xlabel("sentences a second, two processors")
    axes.spines[["top", "right"]].set_visible(False)
    canvas.savefig(path, dpi=120)
