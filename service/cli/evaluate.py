"""``entity-stance evaluate``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from service.cli.columns import DATA_HELP, ColumnsOption, read_columns
from service.cli.exits import USAGE, stop
from service.cli.extras import train_extra


def evaluate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Model directory, hub name, or 'default'.")],
    data: Annotated[list[Path], typer.Argument(metavar="DATA", help=DATA_HELP)],
    report: Annotated[Path, typer.Option(metavar="DIR", help="Folder for report.json, report.md and report.html.")],
    split: Annotated[str | None, typer.Option(help="Evaluate on this split of the data only: dev or test.")] = None,
    train_data: Annotated[
        list[Path] | None,
        typer.Option(metavar="DATA", help="What the linear baseline learns from. [default: the repository's seeds]"),
    ] = None,
    columns: ColumnsOption = None,
    texts: Annotated[
        bool, typer.Option("--texts/--no-texts", help="Show sentences in the report, or name them by id only.")
    ] = True,
    seed: Annotated[int, typer.Option(min=0, help="Seed of resampling and of swaps.")] = 0,
) -> None:
    """Measure how far to trust a model, and write a report.

    Measures the model on annotated sentences end to end from raw text and with the annotated entities given, with
    bootstrap intervals, calibration, swaps of countries, slices, the worst errors and three baselines.

    \b
    Examples:
      entity-stance evaluate default seeds/ --split test --report reports/seeds
      entity-stance evaluate runs/mine held-out.jsonl --report reports/mine --no-texts
    """  # noqa: D301 - \b is click's mark for lines that are not rewrapped
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    with train_extra():
        from training.evaluation import Options  # noqa: PLC0415
        from training.evaluation import evaluate as run_evaluation  # noqa: PLC0415
    from model.errors import EntityStanceError  # noqa: PLC0415

    options = Options(split=split, train_paths=train_data, texts=texts, seed=seed, columns=read_columns(columns))
    try:
        run_evaluation(None if model == "default" else model, data, report, options=options)
    except (EntityStanceError, ValueError) as error:
        stop(str(error), USAGE)
    typer.echo(f"wrote {report / 'report.html'}, report.md and report.json")
