"""``entity-stance cross-validate``."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from service.cli.config import configured_run
from service.cli.exits import USAGE, stop
from service.cli.extras import train_extra
from service.cli.many import Assignments, Config, Data, Out


def cross_validate(
    out: Out,
    data: Data = None,
    folds: Annotated[int, typer.Option(min=2, metavar="K", help="Number of folds.")] = 5,
    surprising: Annotated[int, typer.Option(min=0, metavar="N", help="Most surprising labels to list.")] = 300,
    config: Config = None,
    assignments: Assignments = None,
) -> None:
    """Score every sentence with a network that has not seen it: K-fold cross-validation.

    All sentences of DATA take part, whatever their split; near-duplicates stay in one fold. Of the sentences that are
    not held out, a tenth (a third of few) stops the run and fits its thresholds. What was done before is not done
    again.

    DIR gets cross-validation.md, .json and .csv with the figures of each fold and their mean, predictions.jsonl with
    every sentence's out-of-fold scores, and surprising.jsonl: the labels to read once more.

    \b
    Examples:
      entity-stance cross-validate my-annotations.jsonl --folds 5 --out runs/folds
      entity-stance cross-validate seeds/ --folds 3 --out runs/folds --config run.yaml --set epochs=4
    """  # noqa: D301 - \b is click's mark for lines that are not rewrapped
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    with train_extra():
        from training.runs.cross_validation import cross_validate as run_folds  # noqa: PLC0415
    from model.errors import EntityStanceError  # noqa: PLC0415

    run = configured_run(data or (), out, config, assignments or ())
    try:
        summary = run_folds(run, folds, surprising, typer.echo)
    except (EntityStanceError, ValueError) as error:
        stop(str(error), USAGE)
    for metric, mean in summary.items():
        typer.echo(f"{metric}: {mean}")
    typer.echo(f"wrote {out / 'cross-validation.md'}, predictions.jsonl and surprising.jsonl")
