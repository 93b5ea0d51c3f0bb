"""``entity-stance learning-curve``."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from service.cli.config import configured_run
from service.cli.exits import USAGE, stop
from service.cli.extras import train_extra
from service.cli.many import Assignments, Config, Data, Out, Test


def learning_curve(
    out: Out,
    data: Data = None,
    shares: Annotated[
        str, typer.Option(metavar="SHARES", help="Shares of the train split, separated by commas.")
    ] = "0.1,0.25,0.5,1",
    seeds: Annotated[int, typer.Option(min=1, metavar="N", help="Runs a share.")] = 2,
    test: Test = None,
    config: Config = None,
    assignments: Assignments = None,
) -> None:
    """Say what more annotated sentences would bring.

    Trains on growing shares of the train split, draws the learning curve (learning-curve.png), and fits a power law to
    the errors, which says what twice the data would bring, with a 95% interval (learning-curve.json). What was done
    before is not done again.

    \b
    Examples:
      entity-stance learning-curve seeds/ --out runs/curve
      entity-stance learning-curve seeds/ --out runs/curve --shares 0.25,0.5,1 --seeds 3 --test held-out.jsonl
    """  # noqa: D301 - \b is click's mark for lines that are not rewrapped
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        parts = [float(share) for share in shares.split(",")]
    except ValueError:
        stop(f"--shares {shares}: expected numbers separated by commas", USAGE)
    with train_extra():
        from training.runs.learning_curve import learning_curve as draw_curve  # noqa: PLC0415
    from model.errors import EntityStanceError  # noqa: PLC0415

    run = configured_run(data or (), out, config, assignments or ())
    try:
        metric, law = draw_curve(run, parts, seeds, test or (), typer.echo)
    except (EntityStanceError, ValueError) as error:
        stop(str(error), USAGE)
    if law is None:
        typer.echo("no law: it takes four runs of two sizes or more, with errors left to make")
    else:
        typer.echo(
            f"{metric} with {law.sentences:,} sentences {law.now:.3f}, with twice as many about {law.twice:.3f}: "
            f"{law.gain:+.3f} ({law.low:+.3f} to {law.high:+.3f})"
        )
    typer.echo(f"wrote {out / 'learning-curve.png'} and learning-curve.json")
