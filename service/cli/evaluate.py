"""``entity-stance evaluate``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.columns import DATA_HELP, ColumnsOption, read_columns
from service.cli.exits import USAGE, stop
from service.cli.extras import setfit_extra, train_extra

if TYPE_CHECKING:
    from training.evaluation.systems import ExtraBaseline


def evaluate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Model directory, hub name, or 'default'.")],
    data: Annotated[list[Path], typer.Argument(metavar="DATA", help=DATA_HELP)],
    report: Annotated[Path, typer.Option(metavar="DIR", help="Folder for report.json, report.md and report.html.")],
    split: Annotated[str | None, typer.Option(help="Evaluate on this split of the data only: dev or test.")] = None,
    against: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[NAME=]MODEL",
            help="Another model to measure beside the first: directory, hub name or 'default'. Any number.",
        ),
    ] = None,
    predictions: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=FILE[:COLUMN]",
            help="Labels that somebody else's system gave, by record id: .csv, .tsv or .jsonl. Any number.",
        ),
    ] = None,
    baseline: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="A baseline besides the usual ones: setfit (needs the extra setfit; takes minutes) or majority.",
        ),
    ] = None,
    setfit_base: Annotated[
        str | None,
        typer.Option(metavar="NAME|PATH", help="Sentence encoder of SetFit. [default: all-MiniLM-L6-v2]"),
    ] = None,
    train_data: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="DATA", help="What the baselines that learn learn from. [default: the repository's seeds]"
        ),
    ] = None,
    learning_curve: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Runs of a learning curve to show: JSON with sentences, seed and metrics."),
    ] = None,
    columns: ColumnsOption = None,
    texts: Annotated[
        bool, typer.Option("--texts/--no-texts", help="Show sentences in the report, or name them by id only.")
    ] = True,
    seed: Annotated[int, typer.Option(min=0, help="Seed of resampling and of swaps.")] = 0,
) -> None:
    """Measure how far to trust a model, and write a report.

    Measures the model on annotated sentences end to end from raw text and with the annotated entities given, with
    bootstrap intervals, calibration, swaps of countries, slices, the worst errors, errors in groups, and baselines.
    Other systems stand beside it, with the difference to the model, its interval, and the p of a paired bootstrap and
    of McNemar's exact test. Every table is written as CSV and LaTeX too, into DIR/tables.

    \b
    Examples:
      entity-stance evaluate default seeds/ --split test --report reports/seeds
      entity-stance evaluate runs/mine held-out.jsonl --report reports/mine --no-texts
      entity-stance evaluate runs/mine held-out.jsonl --report reports/all --against default --against runs/other \\
        --predictions published=their-labels.csv:label --baseline setfit --train-data train.jsonl
    """  # noqa: D301 - \b is click's mark for lines that are not rewrapped
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    with train_extra():
        from training.evaluation import Options  # noqa: PLC0415
        from training.evaluation import evaluate as run_evaluation  # noqa: PLC0415
        from training.evaluation.external import PredictionFile  # noqa: PLC0415
        from training.evaluation.systems import ExtraBaseline  # noqa: PLC0415
    if baseline and ExtraBaseline.SETFIT in baseline:
        with setfit_extra():
            import setfit  # noqa: F401, PLC0415
    from model.errors import EntityStanceError  # noqa: PLC0415

    try:
        options = Options(
            split=split,
            train_paths=train_data,
            baselines=[_one_of(ExtraBaseline, name) for name in baseline or ()],
            setfit_base=setfit_base,
            against={name: None if path == "default" else path for name, path in _named("--against", against)},
            predictions={
                name: PredictionFile.parse(file) for name, file in _named("--predictions", predictions, must=True)
            },
            learning_curve=learning_curve,
            columns=read_columns(columns),
            texts=texts,
            seed=seed,
        )
        run_evaluation(None if model == "default" else model, data, report, options=options)
    except (EntityStanceError, ValueError) as error:
        stop(str(error), USAGE)
    typer.echo(f"wrote {report / 'report.html'}, report.md, report.json and tables/")


def _named(option: str, values: list[str] | None, *, must: bool = False) -> Iterator[tuple[str, str]]:
    """Yield the parts of ``NAME=VALUE``; a value without a name is its own, unless it must have one."""
    seen = set()
    for value in values or ():
        name, equals, rest = value.partition("=")
        if must and not (name and rest):
            raise ValueError(f"{option} {value}: has no name; write {option} NAME={value}")
        name, rest = (name, rest) if equals and not Path(value).exists() else (value, value)
        if name in seen:
            raise ValueError(f"{option}: two systems have the name {name!r}")
        seen.add(name)
        yield name, rest


def _one_of(kind: type[ExtraBaseline], name: str) -> ExtraBaseline:
    try:
        return kind(name)
    except ValueError:
        raise ValueError(f"--baseline {name}: there are {', '.join(kind)}") from None
