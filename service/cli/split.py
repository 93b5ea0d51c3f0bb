"""``entity-stance split``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from service.cli.columns import ColumnsOption, read_columns
from service.cli.exits import USAGE, stop
from service.cli.extras import train_extra
from service.cli.schemes import SchemeOption, chosen_scheme


def split(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Folder of annotated files (.jsonl, .csv, .tsv, .parquet).")
    ],
    scheme: SchemeOption = None,
    columns: ColumnsOption = None,
) -> None:
    """Assign train, dev and test splits, and keep them in FOLDER/splits.tsv.

    Sentences that the file names already stay where they are. New ones go where their near-duplicates are, or fill,
    file by file and for each combination of stances, the split that is furthest below its share (80, 10, 10%).

    \b
    Example:
      entity-stance split seeds/
    """  # noqa: D301 - \b is click's mark for lines that are not rewrapped
    from model.errors import CorpusError  # noqa: PLC0415
    from training.corpus import SPLITS_FILE  # noqa: PLC0415
    from training.splits import SPLITS, corpus_splits, save_splits  # noqa: PLC0415

    if not folder.is_dir():
        stop(f"{folder} is no folder, beside whose files splits could be kept", USAGE)
    try:
        with train_extra():
            splits = corpus_splits([folder], chosen_scheme(scheme), read_columns(columns))
    except CorpusError as error:
        stop(str(error), USAGE)
    save_splits(folder / SPLITS_FILE, splits)
    counts = Counter(splits.values())
    typer.echo(", ".join(f"{name}: {counts[name]:,}" for name in SPLITS))
