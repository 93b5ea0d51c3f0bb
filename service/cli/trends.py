"""``entity-stance trends``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.classify import read_codes
from service.cli.exits import USAGE, complain, stop
from service.cli.extras import trends_extra

if TYPE_CHECKING:
    from service.trends.source import Source
    from service.trends.tables import By

_LENGTHS = ("day", "week", "month", "year")


def trends(
    source: Annotated[
        str,
        typer.Argument(
            metavar="OUTPUT", help="What `batch` wrote, or Parquet of `classify`: a folder or file, a path or a URL."
        ),
    ],
    report: Annotated[Path, typer.Option(metavar="DIR", help="Folder for report.html and the tables.")],
    by: Annotated[str, typer.Option(help="Length of a period: day, week, month or year.", metavar="PERIOD")] = "month",
    countries: Annotated[
        str | None, typer.Option(metavar="CODES", help="Stances of these countries only, for instance US,RU.")
    ] = None,
    top: Annotated[int, typer.Option(min=1, metavar="N", help="Countries and relations that the report shows.")] = 12,
) -> None:
    """Count stances and relations over time, with intervals, and draw them.

    Writes stances_over_time (country, stance and period) and relations_over_time (who takes which stance toward whom,
    and when) as CSV and Parquet, and report.html, one page that needs no network. Of a batch that is not complete, what
    is there is counted, and how much is missing is said. docs/batch.md has the columns and the method.

    \b
    Examples:
      entity-stance trends stances/ --report reports/trends
      entity-stance trends s3://news/stances --report reports/2022 --by week --countries US,RU,CN
    """  # noqa: D301 - \b is click's mark for lines that are not rewrapped
    with trends_extra():
        from service.trends.tables import By  # noqa: PLC0415
    if by not in _LENGTHS:
        stop(f"--by: {by!r} is none of {', '.join(_LENGTHS)}", USAGE)
    codes = read_codes(countries)
    found = _open(source)
    if found.missing:
        complain(f"{found.missing:,} partitions of this batch are not done yet; the rest is counted")
    try:
        _write(found, source, By(by), codes, report, top)
    except OSError as error:
        stop(str(error))


def _open(source: str) -> Source:
    from service.bulk.manifest import ManifestError  # noqa: PLC0415
    from service.bulk.places import PlaceError, open_place  # noqa: PLC0415
    from service.trends.source import SourceError, open_source  # noqa: PLC0415

    try:
        return open_source(open_place(source))
    except (PlaceError, ManifestError, SourceError, OSError) as error:
        stop(str(error), USAGE)


def _write(source: Source, name: str, by: By, codes: frozenset[str] | None, folder: Path, top: int) -> None:
    from service.trends.report import render_report  # noqa: PLC0415
    from service.trends.tables import RELATIONS, STANCES, Tables  # noqa: PLC0415

    folder.mkdir(parents=True, exist_ok=True)
    with Tables(source, by, codes) as tables:
        for table in (STANCES, RELATIONS):
            for ending in ("csv", "parquet"):
                tables.save(table, str(folder / f"{table}.{ending}"))
        (folder / "report.html").write_text(render_report(tables, source, name, by, top), encoding="utf-8")
    typer.echo(f"written to {folder}")
