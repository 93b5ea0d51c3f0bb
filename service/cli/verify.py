"""``entity-stance verify``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from service.cli.exits import FAILED, stop


def verify(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Model directory, or 'default'.")],
) -> None:
    """Check a model directory: its hashes, its format, and that the network runs and answers.

    Ends with exit code 1 and names the file if something is wrong.

    \b
    Examples:
      entity-stance verify runs/mine
      entity-stance verify default
    """  # noqa: D301 - \b is click's mark for lines that are not rewrapped
    from model.classifier import default_directory  # noqa: PLC0415
    from model.errors import EntityStanceError  # noqa: PLC0415
    from model.verification import verify as check  # noqa: PLC0415

    try:
        verified = check(default_directory() if model == "default" else Path(model))
    except EntityStanceError as error:
        stop(str(error), FAILED)
    config = verified.config
    typer.echo(f"{config.name} {config.version}: {len(verified.files)} files as they should be, the network answers")
    for name in verified.files:
        typer.echo(f"  {config.files[name]}  {name}")
    if verified.absent:
        typer.echo(f"not there, and not needed to answer: {', '.join(verified.absent)}")
