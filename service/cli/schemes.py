"""The option ``--scheme`` of the commands that read annotated sentences."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.exits import USAGE, stop
from service.cli.extras import train_extra

if TYPE_CHECKING:
    from model.scheme import LabelScheme

SchemeOption = Annotated[
    Path | None,
    typer.Option(
        "--scheme",
        metavar="FILE",
        help="Label scheme of your own, YAML or TOML: docs/schemes.md. [default: the four stances]",
    ),
]


def chosen_scheme(path: Path | None) -> LabelScheme:
    """Return the scheme of a file, or the four stances; a faulty file ends the command."""
    from model.errors import SchemeError  # noqa: PLC0415
    from model.scheme import STANCES  # noqa: PLC0415

    if path is None:
        return STANCES
    with train_extra():
        from training.scheme_file import read_scheme  # noqa: PLC0415

        try:
            return read_scheme(path)
        except SchemeError as error:
            stop(str(error), USAGE)
