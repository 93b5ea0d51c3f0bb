"""Pictures as SVG, coloured by the page's style sheet; a stance has a colour, a dash and a mark of its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape

from markupsafe import Markup

WIDTH, HEIGHT = 520, 200
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 10, 26
STYLES = 6
"""Stances that look different; further ones begin again."""

_RADIUS, _SIDE = 92, 260
_TICKS = 5


@dataclass(frozen=True, slots=True)
class Point:
    """A share at a time with its interval, and what to say of it."""

    day: date
    share: float
    low: float
    high: float
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """The shares of a stance over time."""

    label: str
    points: Sequence[Point]


@dataclass(frozen=True, slots=True)
class Edge:
    """Who takes a stance toward whom, in so many sentences."""

    source: str
    target: str
    style: int
    stance: str
    sentences: int


def lines_picture(lines: Sequence[Line], title: str) -> Markup:
    """Draw shares over time with their intervals as bands; a single period as points with whiskers."""
    days = sorted({point.day for line in lines for point in line.points})
    if not days:
        return Markup("")
    # A stance that never occurs says nothing but how wide its interval is.
    lines = [line if any(point.share for point in line.points) else Line(line.label, ()) for line in lines]
    ceiling = _ceiling(max((point.high for line in lines for point in line.points), default=0.01))
    span = max(1, (days[-1] - days[0]).days)

    def x(day: date) -> float:
        inside = WIDTH - LEFT - RIGHT
        return LEFT + (inside * (day - days[0]).days / span if len(days) > 1 else inside / 2)

    def y(share: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - share / ceiling)

    pieces = [*_axes(days, ceiling, x, y)]
    for index, line in enumerate(lines):
        pieces.append(f'<g class="s{index % STYLES}">')
        if len(line.points) > 1:
            upper = [f"{x(point.day):.1f},{y(point.high):.1f}" for point in line.points]
            lower = [f"{x(point.day):.1f},{y(point.low):.1f}" for point in reversed(line.points)]
            middle = [f"{x(point.day):.1f},{y(point.share):.1f}" for point in line.points]
            pieces.append(f'<polygon class="band" points="{" ".join(upper + lower)}"/>')
            pieces.append(f'<polyline class="line" points="{" ".join(middle)}"/>')
        for point in line.points:
            at = x(point.day) + (0 if len(days) > 1 else 14 * (index - len(lines) / 2))
            if len(days) == 1:
                whisker = f'x1="{at:.1f}" x2="{at:.1f}" y1="{y(point.low):.1f}" y2="{y(point.high):.1f}"'
                pieces.append(f'<line class="line" {whisker}/>')
            pieces.append(
                f'<circle class="dot" cx="{at:.1f}" cy="{y(point.share):.1f}" r="3">'
                f"<title>{escape(point.text)}</title></circle>"
            )
        pieces.append("</g>")
    return _picture(WIDTH, HEIGHT, title, pieces, "trend")


def spark_picture(bars: Sequence[tuple[str, int]], title: str) -> Markup:
    """Draw counts as small bars."""
    if not bars:
        return Markup("")
    most = max(1, *(count for _, count in bars))
    wide = min(14.0, 160 / len(bars))
    pieces = []
    for index, (name, count) in enumerate(bars):
        high = 22 * count / most
        pieces.append(
            f'<rect class="bar" x="{index * wide:.1f}" y="{24 - high:.1f}" width="{max(wide - 1, 0.5):.1f}" '
            f'height="{high:.1f}"><title>{escape(name)}: {count:,}</title></rect>'
        )
    return _picture(max(20, round(len(bars) * wide)), 24, title, pieces, "spark")


def graph_picture(nodes: Sequence[str], edges: Sequence[Edge], title: str) -> Markup:
    """Draw who takes a stance toward whom, nodes on a circle; lines are thick with many sentences."""
    centre = _SIDE / 2
    places = {
        node: (
            centre + _RADIUS * math.sin(2 * math.pi * index / len(nodes)),
            centre - _RADIUS * math.cos(2 * math.pi * index / len(nodes)),
        )
        for index, node in enumerate(nodes)
    }
    most = max((edge.sentences for edge in edges), default=1)
    pieces = []
    beside: dict[tuple[str, str], int] = {}
    for edge in edges:
        place = beside[edge.source, edge.target] = beside.get((edge.source, edge.target), -1) + 1
        pieces.append(_arrow(places[edge.source], places[edge.target], edge, place, most))
    for node, (x, y) in places.items():
        pieces.append(f'<circle class="node" cx="{x:.1f}" cy="{y:.1f}" r="13"/>')
        pieces.append(f'<text class="code" x="{x:.1f}" y="{y + 3.5:.1f}">{escape(node)}</text>')
    return _picture(_SIDE, _SIDE, f"Who takes which stance toward whom: {title}", pieces, "graph")


def _arrow(start: tuple[float, float], end: tuple[float, float], edge: Edge, place: int, most: int) -> str:
    """Draw an edge as a curve with a head; several from one node to another bend more and more."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = math.hypot(dx, dy) or 1.0
    bend = 0.16 + 0.13 * place
    middle = ((start[0] + end[0]) / 2 - dy * bend, (start[1] + end[1]) / 2 + dx * bend)
    # The head touches the circle of the target, coming from the bend.
    back = math.hypot(end[0] - middle[0], end[1] - middle[1]) or 1.0
    ux, uy = (end[0] - middle[0]) / back, (end[1] - middle[1]) / back
    tip = (end[0] - 14 * ux, end[1] - 14 * uy)
    base = (tip[0] - 8 * ux, tip[1] - 8 * uy)
    wide = 1 + 5 * edge.sentences / most
    spread = 3 + wide / 2
    corners = [tip, (base[0] - spread * uy, base[1] + spread * ux), (base[0] + spread * uy, base[1] - spread * ux)]
    says = f"{edge.source} {edge.stance} toward {edge.target}: {edge.sentences:,} sentences"
    head = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
    curve = f"M{start[0]:.1f},{start[1]:.1f} Q{middle[0]:.1f},{middle[1]:.1f} {base[0]:.1f},{base[1]:.1f}"
    if length <= 1.0:
        return ""
    return (
        f'<g class="s{edge.style % STYLES}"><title>{escape(says)}</title>'
        f'<path class="edge" d="{curve}" stroke-width="{wide:.1f}"/><polygon class="dot" points="{head}"/></g>'
    )


def _axes(days: Sequence[date], ceiling: float, x: Callable[[date], float], y: Callable[[float], float]) -> list[str]:
    pieces = []
    for step in range(3):
        share = ceiling * step / 2
        at = y(share)
        pieces.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
        pieces.append(f'<text class="tick" x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{100 * share:.3g}%</text>')
    shown = sorted({days[round(index * (len(days) - 1) / (_TICKS - 1))] for index in range(_TICKS)})
    for place, day in enumerate(shown):
        anchor = "middle" if len(shown) == 1 else "start" if not place else "end" if day == shown[-1] else "middle"
        pieces.append(
            f'<text class="tick" x="{x(day):.1f}" y="{HEIGHT - 8}" text-anchor="{anchor}">{day.isoformat()}</text>'
        )
    return pieces


def _ceiling(share: float) -> float:
    """Return the least of 1, 2, 4, 6 or 10 times a power of ten, at most 1, that is not below a share."""
    power: float = 10.0 ** math.floor(math.log10(max(share, 1e-4)))
    return min(1.0, next(step * power for step in (1, 2, 4, 6, 10, 20) if step * power >= share))


def _picture(width: int, height: int, title: str, pieces: Sequence[str], kind: str) -> Markup:
    # All texts within are escaped where they are put in.
    return Markup(
        f'<svg class="{kind}" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-label="{escape(title)}">{"".join(pieces)}</svg>'
    )
