"""Options that several commands share word for word."""

from __future__ import annotations

from typing import Annotated

import typer

ModelOption = Annotated[
    str | None,
    typer.Option(help="Model directory or Hugging Face hub name. [default: the embedded model]", metavar="MODEL"),
]
CountriesOption = Annotated[
    str | None, typer.Option(metavar="CODES", help="Answer these countries only, for instance US,RU.")
]
BlocsOption = Annotated[bool, typer.Option("--blocs/--no-blocs", help="Whether blocs such as the EU are entities.")]
