"""``entity-stance push``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from service.cli.exits import FAILED, stop


def push(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="Model directory, as `train` writes it.")],
    name: Annotated[str, typer.Argument(metavar="OWNER/NAME", help="Model on the Hugging Face hub; made if missing.")],
    private: Annotated[bool, typer.Option("--private", help="If the model is made, make it private.")] = False,
    revision: Annotated[
        str | None, typer.Option(metavar="BRANCH", help="Branch to upload to; made if missing. [default: main]")
    ] = None,
) -> None:
    """Upload a model to the Hugging Face hub, with its card.

    The directory is checked first, as `verify` does; one with a fault is refused. Only the configuration, the files
    that it has hashes of, and the card go up. Log in with `hf auth login`, or set HF_TOKEN; HF_ENDPOINT names another
    hub.

    \b
    Examples:
      entity-stance push runs/mine my-name/my-model --private
      entity-stance classify article.txt --model my-name/my-model
    """  # noqa: D301 - \b is click's mark for lines that are not rewrapped
    from model.errors import EntityStanceError  # noqa: PLC0415
    from model.sharing import push as upload  # noqa: PLC0415

    try:
        address = upload(model, name, private=private, revision=revision)
    except EntityStanceError as error:
        stop(str(error), FAILED)
    typer.echo(f"pushed to {address}")
