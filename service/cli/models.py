"""``entity-stance models``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from service.cli.exits import FAILED, USAGE, stop

app = typer.Typer(no_args_is_help=True, help="Keep models as DIR/NAME/VERSION, and a link to the current version.")

Store = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the models.")]


@app.command()
def add(
    store: Store,
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="Model directory to copy, as `train` writes it.")],
) -> None:
    """Check a model and copy it to DIR/NAME/VERSION; the first version of a name becomes current.

    \b
    Example:
      entity-stance models add models runs/mine
      entity-stance serve --model models/mine/current
    """  # noqa: D301 - \b is click's mark for lines that are not rewrapped
    from model.errors import EntityStanceError  # noqa: PLC0415
    from model.versions import add_model  # noqa: PLC0415

    try:
        place = add_model(store, model)
    except (EntityStanceError, FileExistsError) as error:
        stop(str(error), USAGE)
    typer.echo(f"added {place}")


@app.command()
def use(
    store: Store,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the model.")],
    version: Annotated[str, typer.Argument(metavar="VERSION", help="The version to serve from now on.")],
) -> None:
    """Let DIR/NAME/current lead to a version; a running server takes it over on SIGHUP.

    \b
    Example:
      entity-stance models use models mine 0.2.0
    """  # noqa: D301 - \b is click's mark for lines that are not rewrapped
    from model.errors import EntityStanceError  # noqa: PLC0415
    from model.versions import use_model  # noqa: PLC0415

    try:
        link = use_model(store, name, version)
    except EntityStanceError as error:
        stop(str(error), USAGE)
    typer.echo(f"{link} is {version}")


@app.command(name="list")
def list_(store: Store) -> None:
    """List models and versions, the current ones with a star; exit code 1 if one has a fault.

    \b
    Example:
      entity-stance models list models
    """  # noqa: D301 - \b is click's mark for lines that are not rewrapped
    from model.errors import EntityStanceError  # noqa: PLC0415
    from model.versions import list_models  # noqa: PLC0415

    try:
        found = list_models(store)
    except EntityStanceError as error:
        stop(str(error), USAGE)
    for one in found:
        fault = f"  {' '.join(one.fault.split())}" if one.fault else ""
        typer.echo(f"{'*' if one.current else ' '} {one.name} {one.version}{fault}")
    if any(one.fault for one in found):
        raise typer.Exit(FAILED)
