"""``entity-stance data``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.columns import DATA_HELP, ColumnsOption, read_columns
from service.cli.exits import FAILED, USAGE, complain, stop
from service.cli.extras import train_extra
from service.cli.schemes import SchemeOption, chosen_scheme

if TYPE_CHECKING:
    from training.datareport.report import DataReport

SHOWN = 10


def data(
    paths: Annotated[list[Path], typer.Argument(metavar="DATA", help=DATA_HELP)],
    against: Annotated[
        list[Path] | None,
        typer.Option(metavar="TEST", help="Data to be kept apart, such as a test set. May be given several times."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for data.json, data.md and data.html.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help="Model directory, hub name, or 'default': it judges the labels. [default: a linear model, "
            "cross-validated]",
        ),
    ] = None,
    scheme: SchemeOption = None,
    columns: ColumnsOption = None,
    top: Annotated[int, typer.Option(min=0, metavar="N", help="Suspicious labels to list, at most.")] = 50,
    texts: Annotated[
        bool, typer.Option("--texts/--no-texts", help="Show sentences in the report, or name them by id only.")
    ] = True,
    strict: Annotated[bool, typer.Option("--strict", help="End with exit code 1 if there is leakage.")] = False,
) -> None:
    """Examine annotated data before training or publishing with them.

    Counts sentences, entities, labels and lengths per split; finds duplicates, sentences that stand in two splits or
    in the data and in TEST (leakage, near-duplicates too), the same words with different labels, rare labels, and
    labels that are likely to be wrong, worst first. A model that judges must not have learned from the data.

    \b
    Examples:
      entity-stance data seeds/ --report reports/data
      entity-stance data train.tsv --against test.tsv --columns label=relation --strict
      entity-stance data my-annotations.jsonl --model default --top 20
      entity-stance data reviews.jsonl --scheme attitude.yaml
    """  # noqa: D301 - \b is click's mark for lines that are not rewrapped
    from model.errors import EntityStanceError  # noqa: PLC0415

    with train_extra():
        from training.datareport.report import data_report, write_data_report  # noqa: PLC0415
    if model == "default":
        from model.classifier import default_directory  # noqa: PLC0415

        model = str(default_directory())
    try:
        found = data_report(
            paths,
            against or (),
            scheme=None if scheme is None else chosen_scheme(scheme),
            columns=read_columns(columns),
            model=model,
            top=top,
            texts=texts,
        )
    except (EntityStanceError, ValueError) as error:
        stop(str(error), USAGE)
    _print(found)
    if report is not None:
        write_data_report(found, report)
        typer.echo(f"wrote {report / 'data.html'}, data.md and data.json")
    if strict and found.leaks:
        complain(f"leakage: {len(found.leaks):,} pairs of like sentences in different parts")
        raise typer.Exit(FAILED)


def _print(report: DataReport) -> None:
    width = max(map(len, report.parts))
    typer.echo(f"{'':<{width}}{'sentences':>11}{'entities':>10}{'longest':>9}  labels")
    for name, part in report.parts.items():
        labels = ", ".join(f"{label} {count:,}" for label, count in part.labels.items() if count)
        typer.echo(f"{name:<{width}}{part.sentences:>11,}{part.entities:>10,}{part.tokens.longest:>9,}  {labels}")
        if part.over_window:
            typer.echo(f"{'':<{width}}{part.over_window:>11,} are longer than the {part.window} tokens read at once")
    for label in report.rare:
        where = f", none in {', '.join(label.missing)}" if label.missing else ""
        typer.echo(f"rare: {label.label}, {label.count:,} cases{where}")
    _list("leakage", list(map(str, report.leaks)))
    _list(
        "same words, other labels",
        ["; ".join(f"{r.part} {r.id}: {r.labels}" for r in group.readings) for group in report.contradictions],
    )
    _list(
        "suspicious labels",
        [f"{s.part} {s.id} {s.code}: {s.annotated}, expected {s.expected}" for s in report.suspicious],
    )


def _list(title: str, lines: list[str]) -> None:
    typer.echo(f"{title}: {len(lines):,}" + (f", the first {SHOWN}:" if len(lines) > SHOWN else ""))
    for line in lines[:SHOWN]:
        typer.echo(f"  {line}")
