"""The ``entity-stance`` command.

Each subcommand is a module of its own that imports what it needs when it runs, so that the command starts fast and
``classify`` works without the packages of the ``train`` extra.
"""

from __future__ import annotations

from typing import Annotated

import typer

from service.cli import corrections, database, models, seeds
from service.cli.agreement import agreement
from service.cli.bulk import batch
from service.cli.calibrate import calibrate
from service.cli.card import card
from service.cli.check import check
from service.cli.classify import classify
from service.cli.compare import compare
from service.cli.convert import convert
from service.cli.cross_validate import cross_validate
from service.cli.data import data
from service.cli.evaluate import evaluate
from service.cli.explain import explain
from service.cli.key import key
from service.cli.learning_curve import learning_curve
from service.cli.push import push
from service.cli.serve import ServeCommand, serve
from service.cli.split import split
from service.cli.sweep import sweep
from service.cli.train import train
from service.cli.trends import trends
from service.cli.tune import tune
from service.cli.verify import verify

app = typer.Typer(
    name="entity-stance",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(asked: bool) -> None:
    if asked:
        from service.version import package_version  # noqa: PLC0415

        typer.echo(f"entity-stance {package_version()}")
        raise typer.Exit


@app.callback()
def entity_stance(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """For every country in every sentence: which stance it takes, and toward whom.

    \b
    Try it:
      echo "Norway denied that it had misled Iceland." | entity-stance classify -
    """  # noqa: D301 - \b is click's mark for lines that are not rewrapped


app.command()(classify)
app.command()(batch)
app.command()(trends)
app.command()(explain)
app.command(cls=ServeCommand)(serve)
app.command()(key)
app.command()(train)
app.command()(sweep)
app.command("cross-validate")(cross_validate)
app.command("learning-curve")(learning_curve)
app.command()(tune)
app.command()(calibrate)
app.command()(evaluate)
app.command()(compare)
app.command()(card)
app.command()(verify)
app.command()(push)
app.add_typer(models.app, name="models")
app.command()(check)
app.command()(data)
app.command()(split)
app.command()(convert)
app.command()(agreement)
app.add_typer(seeds.app, name="seeds")
app.add_typer(corrections.app, name="corrections")
app.add_typer(database.app, name="database")

if __name__ == "__main__":
    app()
