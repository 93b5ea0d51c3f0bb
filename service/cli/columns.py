"""The option that names the columns of somebody else's table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.exits import USAGE, stop

if TYPE_CHECKING:
    from training.reading.columns import Columns

DATA_HELP = "Annotated files (.jsonl, .csv, .tsv, .parquet), folders of them, or hf:NAME[:SPLIT] (docs/data.md)."

ColumnsOption = Annotated[
    str | None,
    typer.Option(
        metavar="ROLE=NAME,…",
        help="Columns of pair rows: id, text, marked, source, target, label. [default: the common names]",
    ),
]


def read_columns(text: str | None) -> Columns | None:
    """Read the option; what is wrong with it ends the command."""
    from training.reading.columns import Columns  # noqa: PLC0415

    try:
        return None if text is None else Columns.parse(text)
    except ValueError as error:
        stop(f"--columns: {error}", USAGE)
