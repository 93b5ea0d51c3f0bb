"""``entity-stance card``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from service.cli.exits import USAGE, stop
from service.cli.extras import train_extra


def card(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="Model directory; its README.md is the card.")],
    report: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder of a report that `evaluate` wrote of this model.")
    ],
    data_name: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What to call the data in the card. [default: their files]")
    ] = None,
    license: Annotated[
        str, typer.Option(metavar="ID", help="License of the model, as the Hugging Face hub names it.")
    ] = "apache-2.0",
    language: Annotated[str, typer.Option(metavar="CODE", help="Language of the texts.")] = "en",
) -> None:
    """Write the figures of a report into a model's card, with what the Hugging Face hub reads of it.

    The head of README.md and the parts between its marks for figures and for citing are written anew; all else stays as
    it is, such as what `train` wrote of the data, and notes.

    \b
    Example:
      entity-stance evaluate runs/mine held-out.jsonl --report reports/mine
      entity-stance card runs/mine --report reports/mine --data-name "held-out newswire"
      entity-stance push runs/mine my-name/my-model
    """  # noqa: D301 - \b is click's mark for lines that are not rewrapped
    with train_extra():
        from training.report_card import CardOptions, update_card  # noqa: PLC0415
    from model.errors import EntityStanceError  # noqa: PLC0415

    try:
        path = update_card(model, report, CardOptions(data_name, license, language))
    except (EntityStanceError, ValueError) as error:
        stop(str(error), USAGE)
    typer.echo(f"wrote {path}")
