"""``entity-stance tune``."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from service.cli.config import configured_run
from service.cli.exits import USAGE, stop
from service.cli.extras import train_extra
from service.cli.many import Assignments, Config, Data, Out


def tune(
    out: Out,
    data: Data = None,
    trials: Annotated[int, typer.Option(min=1, metavar="N", help="Settings to try, in all.")] = 20,
    config: Config = None,
    assignments: Assignments = None,
) -> None:
    """Search for better settings: rates, batch size, epochs and dropout.

    Optuna proposes, the dev split decides, test data is never looked at. The best run is written to DIR/best.yaml,
    which `entity-stance train --config` takes; tune.json and tune.csv list all trials. The search goes on in the same
    DIR: a larger N adds trials, and what a kill interrupted is tried again.

    \b
    Examples:
      entity-stance tune seeds/ --trials 30 --out runs/tune
      entity-stance train --config runs/tune/best.yaml --out runs/best
    """  # noqa: D301 - \b is click's mark for lines that are not rewrapped
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    with train_extra():
        from training.runs.tuning import tune as run_search  # noqa: PLC0415
    from model.errors import EntityStanceError  # noqa: PLC0415

    run = configured_run(data or (), out, config, assignments or ())
    try:
        best = run_search(run, trials, typer.echo)
    except (EntityStanceError, ValueError) as error:
        stop(str(error), USAGE)
    typer.echo("best: " + ", ".join(f"{name} {value:.3g}" for name, value in best.items()))
    typer.echo(f"wrote {out / 'best.yaml'}, tune.json and tune.csv")
