"""``entity-stance check``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from service.cli.columns import DATA_HELP, ColumnsOption, read_columns
from service.cli.exits import FAILED, USAGE, complain, stop
from service.cli.extras import train_extra
from service.cli.schemes import SchemeOption, chosen_scheme


def check(
    paths: Annotated[list[Path], typer.Argument(metavar="DATA", help=DATA_HELP)],
    scheme: SchemeOption = None,
    columns: ColumnsOption = None,
) -> None:
    """Check annotated files before they are used for training.

    Every record has to follow the annotation format: known country codes, mentions that stand in the text, stances of
    the scheme, targets that the sentence mentions, no id or text twice (of pair rows: no text with the same pair
    twice). Faults are listed as FILE:LINE: FAULT; the exit code is 0 if there are none and 1 otherwise. Files that
    belong together (the splits of one corpus) are checked together.

    \b
    Examples:
      entity-stance check my-annotations.jsonl
      entity-stance check seeds/
      entity-stance check reviews.jsonl --scheme attitude.yaml
      entity-stance check pairs.tsv --columns label=relation
    """  # noqa: D301 - \b is click's mark for lines that are not rewrapped
    from model.errors import CorpusError  # noqa: PLC0415
    from training.corpus import check_corpus  # noqa: PLC0415

    try:
        with train_extra():
            result = check_corpus(paths, chosen_scheme(scheme), read_columns(columns))
    except CorpusError as error:
        stop(str(error), USAGE)
    for fault in result.faults:
        typer.echo(fault)
    for name, count in result.counts.items():
        typer.echo(f"{name}: {count:,}")
    if result.faults:
        complain(f"{len(result.faults):,} faults" if len(result.faults) > 1 else "1 fault")
        raise typer.Exit(FAILED)
