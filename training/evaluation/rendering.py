"""Writing a report: ``report.json`` with everything, ``report.md``, a self-contained ``report.html``, ``tables/``."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from training.citation import bibtex
from training.evaluation.bootstrap import Estimate
from training.evaluation.comparison import Difference
from training.evaluation.figures import (
    confusion_figure,
    f1_figure,
    learning_curve_figure,
    reliability_figure,
    slices_figure,
)
from training.evaluation.metrics import MODEL, NONE
from training.evaluation.report import Report, SettingReport
from training.evaluation.table_files import write_tables
from training.evaluation.tables import labels_text, report_tables

FAILURES_SHOWN = 50
"""Swap failures and sentences with wrong entities that the readable reports list; ``report.json`` has all."""

HEADINGS = {"end_to_end": "End to end", "gold_entities": "Gold entities"}
MARKDOWN_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~&$])")


def write_report(report: Report, folder: Path) -> None:
    """Write a report into a folder, which is made if it is missing; ``tables`` holds its tables as CSV and LaTeX."""
    folder.mkdir(parents=True, exist_ok=True)
    data = json.dumps(report.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)
    (folder / "report.json").write_text(data + "\n", encoding="utf-8")
    (folder / "report.md").write_text(render_markdown(report), encoding="utf-8")
    (folder / "report.html").write_text(render_html(report), encoding="utf-8")
    write_tables(report_tables(report), folder / "tables")


def render_markdown(report: Report) -> str:
    """Return the report as Markdown with tables."""
    environment = make_environment("training.evaluation", escape_html=False)
    environment.filters["md"] = escape_markdown
    return environment.get_template("report.md").render(_context(report))


def render_html(report: Report) -> str:
    """Return the report as one HTML page with its pictures inside."""
    pictures = {name: _pictures(report, setting) for name, setting in report.settings.items()}
    if report.learning_curve:
        curve = base64.b64encode(learning_curve_figure(report.learning_curve)).decode("ascii")
        pictures["learning_curve"] = {"picture": curve}
    return (
        make_environment("training.evaluation", escape_html=True)
        .get_template("report.html")
        .render(_context(report), pictures=pictures)
    )


def escape_markdown(text: object) -> str:
    """Escape a text so that Markdown shows it as it is, also within a table."""
    return MARKDOWN_SPECIAL.sub(r"\\\1", " ".join(str(text).split()))


def format_estimate(estimate: Estimate | None) -> str:
    """Return a value with its interval, such as ``0.812 (0.764–0.851)``; a dash if it is undefined."""
    if estimate is None or estimate.value is None:
        return "–"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.3f}"
    return f"{estimate.value:.3f} ({estimate.low:.3f}–{estimate.high:.3f})"


def format_share(value: float | None) -> str:
    """Return a share as a percentage that says 100% only if nothing is missing."""
    if value is None:
        return "–"
    percent = f"{100 * value:.1f}"
    return "100%" if value == 1 else f"{'99.9' if percent == '100.0' else percent}%"


def format_number(value: float | None) -> str:
    """Return a number with three decimals; a dash if it is undefined."""
    return "–" if value is None else f"{value:.3f}"


def format_p(value: float | None) -> str:
    """Return a probability of a test, as exactly as it may be read."""
    return "–" if value is None else "< 0.001" if value < 0.001 else f"{value:.3f}"


def format_difference(found: Difference) -> str:
    """Return a difference with its sign and its interval, such as ``-0.021 (-0.040 to -0.002)``."""
    if found.difference is None:
        return "–"
    if found.low is None or found.high is None:
        return f"{found.difference:+.3f}"
    return f"{found.difference:+.3f} ({found.low:+.3f} to {found.high:+.3f})"


def make_environment(package: str, *, escape_html: bool) -> Environment:
    """Return what fills the templates of a package."""
    environment = Environment(
        loader=PackageLoader(package),
        autoescape=escape_html,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "estimate": format_estimate,
        "share": format_share,
        "number": format_number,
        "stances": labels_text,
        "p": format_p,
        "difference": format_difference,
    }
    return environment


def _context(report: Report) -> dict[str, Any]:
    return {
        "report": report,
        "settings": [(name, HEADINGS[name], setting) for name, setting in report.settings.items()],
        "model_name": MODEL,
        "no_stance": NONE,
        "shown": FAILURES_SHOWN,
        "bibtex": bibtex(report.model.name, report.model.version, report.model.sha256),
    }


def _pictures(report: Report, setting: SettingReport) -> dict[str, str]:
    """Draw a setting's pictures and return them as base64."""
    systems = {MODEL: setting.model, **setting.systems}
    pictures = {
        "f1": f1_figure(systems, report.labels),
        "reliability": reliability_figure(setting.reliability, setting.label_reliability),
        "confusion": confusion_figure(setting.confusion, report.labels),
        "slices": slices_figure(setting.slices),
    }
    return {name: base64.b64encode(picture).decode("ascii") for name, picture in pictures.items()}
