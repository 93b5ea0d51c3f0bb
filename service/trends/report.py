"""The report on trends: what it shows, and one HTML page that needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from service.trends.charts import Edge, Line, Point, graph_picture, lines_picture, spark_picture
from service.trends.source import Source
from service.trends.tables import FEW_DOCUMENTS, RELATIONS, STANCES, By, Tables
from service.version import package_version

GRAPHS = 12
"""Periods of which a graph is drawn, the last ones."""


@dataclass(frozen=True, slots=True)
class CountryTrend:
    """A country in the report."""

    code: str
    name: str
    sentences: int
    mentions: int
    picture: str
    rows: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class RelationTrend:
    """Who takes which stance toward whom, in the report."""

    source: str
    stance: str
    target: str
    sentences: int
    documents: int
    score: float
    picture: str


def render_report(tables: Tables, source: Source, name: str, by: By, top: int) -> str:
    """Return the report as one HTML page with its pictures inside.

    Args:
        tables: What was counted.
        source: What was counted from.
        name: What to call it.
        by: Length of the periods.
        top: Countries and relations to show.
    """
    environment = Environment(
        loader=PackageLoader("service.trends"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"share": format_share, "period": lambda day: format_period(day, by)}
    periods = [row["period"] for row in tables.fetch(f"SELECT DISTINCT period FROM {STANCES} ORDER BY period")]
    dated = [period for period in periods if period is not None]
    relations = _relations(tables, dated, by, top)
    return environment.get_template("report.html").render(
        name=name,
        source=source,
        by=by.value,
        top=top,
        periods=dated,
        totals=_totals(tables),
        countries=_countries(tables, source.labels, by, top),
        relations=relations,
        graphs=_graphs(tables, source.labels, dated, by, relations),
        few=FEW_DOCUMENTS,
        version=package_version(),
    )


def format_share(value: float) -> str:
    """Return a share as a percentage."""
    return f"{100 * value:.1f}%"


def format_period(day: date | None, by: By) -> str:
    """Return a period by its first day, as exactly as its length asks for."""
    if day is None:
        return "undated"
    match by:
        case By.YEAR:
            return f"{day:%Y}"
        case By.MONTH:
            return f"{day:%Y-%m}"
        case By.WEEK:
            return f"week of {day.isoformat()}"
        case By.DAY:
            return day.isoformat()


def _totals(tables: Tables) -> dict[str, Any]:
    return tables.fetch(f"""
        SELECT count(DISTINCT country) AS countries, coalesce(sum(sentences), 0) AS sentences,
            coalesce(sum(sentences) FILTER (period IS NULL), 0) AS undated,
            (SELECT coalesce(sum(sentences), 0) FROM {RELATIONS}) AS directed,
            (SELECT count(DISTINCT document) FROM by_document) AS documents
        FROM {STANCES}
    """)[0]


def _countries(tables: Tables, labels: Sequence[str], by: By, top: int) -> list[CountryTrend]:
    chosen = tables.fetch(
        f"""
        SELECT country, min(name) AS name, sum(sentences) AS sentences, sum(mentions) / ? AS mentions
        FROM {STANCES} GROUP BY country ORDER BY sentences DESC, mentions DESC, country LIMIT ?
        """,
        max(1, len(labels)),
        top,
    )
    found = []
    for row in chosen:
        rows = tables.fetch(f"SELECT * FROM {STANCES} WHERE country = ?", row["country"])
        lines = [Line(label, _points([item for item in rows if item["stance"] == label], by)) for label in labels]
        title = f"{row['name']}: share of its sentences with each stance, by {by.value}"
        picture = lines_picture(lines, title)
        stances = [item for item in rows if item["sentences"]]
        sentences, mentions = int(row["sentences"]), round(row["mentions"])
        found.append(CountryTrend(row["country"], row["name"], sentences, mentions, picture, stances))
    return found


def _points(rows: Sequence[dict[str, Any]], by: By) -> list[Point]:
    return [
        Point(
            row["period"],
            row["share"],
            row["low"],
            row["high"],
            f"{format_period(row['period'], by)}: {row['stance']} in {row['sentences']:,} of {row['mentions']:,} "
            f"sentences, {format_share(row['share'])} ({format_share(row['low'])}–{format_share(row['high'])})",
        )
        for row in rows
        if row["period"] is not None
    ]


def _relations(tables: Tables, periods: Sequence[date], by: By, top: int) -> list[RelationTrend]:
    chosen = tables.fetch(
        f"""
        SELECT source, stance, target, sum(sentences) AS sentences, sum(documents) AS documents,
            sum(score * sentences) / sum(sentences) AS score
        FROM {RELATIONS} GROUP BY source, stance, target
        ORDER BY sentences DESC, source, stance, target LIMIT ?
        """,
        top,
    )
    found = []
    for row in chosen:
        key = (row["source"], row["stance"], row["target"])
        counts = tables.fetch(
            f"SELECT period, sentences FROM {RELATIONS} WHERE source = ? AND stance = ? AND target = ?", *key
        )
        by_period = {item["period"]: int(item["sentences"]) for item in counts}
        bars = [(format_period(period, by), by_period.get(period, 0)) for period in periods]
        title = f"{row['source']} {row['stance']} toward {row['target']}"
        picture = spark_picture(bars, title)
        found.append(RelationTrend(*key, int(row["sentences"]), int(row["documents"]), row["score"], picture))
    return found


def _graphs(
    tables: Tables, labels: Sequence[str], periods: Sequence[date], by: By, relations: Sequence[RelationTrend]
) -> list[tuple[str, str]]:
    """Draw the chosen relations period by period, all on the same places; without dates, once."""
    nodes = sorted({code for item in relations for code in (item.source, item.target)})
    wanted = {(item.source, item.stance, item.target) for item in relations}
    drawn: list[tuple[str, str]] = []
    last: list[date | None] = list(periods[-GRAPHS:])
    for period in last or [None]:
        rows = tables.fetch(
            f"SELECT source, stance, target, sentences FROM {RELATIONS} WHERE period IS NOT DISTINCT FROM ?", period
        )
        edges = [
            Edge(row["source"], row["target"], labels.index(row["stance"]), row["stance"], int(row["sentences"]))
            for row in rows
            if (row["source"], row["stance"], row["target"]) in wanted
        ]
        title = format_period(period, by)
        drawn.append((title, graph_picture(nodes, edges, title)))
    return drawn if relations else []
