"""``entity-stance sweep``."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from service.cli.config import configured_run
from service.cli.exits import USAGE, stop
from service.cli.extras import train_extra
from service.cli.many import Assignments, Config, Data, Out, Test


def sweep(
    out: Out,
    data: Data = None,
    seeds: Annotated[int, typer.Option(min=2, metavar="N", help="Number of seeds.")] = 5,
    test: Test = None,
    config: Config = None,
    assignments: Assignments = None,
) -> None:
    """Train the same model with several seeds: how much of a figure is luck.

    Each seed's model is kept in DIR/seed-N. The tables sweep.md, sweep.json and sweep.csv give the mean of every metric
    with Student's 95% interval. Dev figures score each half of the dev split with thresholds from the other half; a
    test file is scored with given entities and the model's own thresholds. What was done before is not done again.

    \b
    Examples:
      entity-stance sweep seeds/ --out runs/sweep
      entity-stance sweep seeds/ --seeds 3 --out runs/sweep --test held-out.jsonl --set epochs=4 --set encoder-rate=5e-5
    """  # noqa: D301 - \b is click's mark for lines that are not rewrapped
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    with train_extra():
        from training.runs.sweep import sweep as run_sweep  # noqa: PLC0415
    from model.errors import EntityStanceError  # noqa: PLC0415

    run = configured_run(data or (), out, config, assignments or ())
    first = run.config.seed
    try:
        summary = run_sweep(run, range(first, first + seeds), test or (), typer.echo)
    except (EntityStanceError, ValueError) as error:
        stop(str(error), USAGE)
    for metric, mean in summary.items():
        typer.echo(f"{metric}: {mean}")
    typer.echo(f"wrote {out / 'sweep.md'}, sweep.json and sweep.csv")
