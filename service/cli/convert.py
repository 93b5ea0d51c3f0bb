"""``entity-stance convert``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from service.cli.exits import FAILED, USAGE, complain, stop
from service.cli.extras import train_extra
from service.cli.schemes import SchemeOption, chosen_scheme


class Format(StrEnum):
    """A format of annotated sentences; the same as `training.interchange.formats.Interchange`."""

    SEEDS = "seeds"
    LABEL_STUDIO = "label-studio"
    DOCCANO = "doccano"
    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


def convert(
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="File to read; for seeds also a folder.")],
    target: Annotated[
        Path | None, typer.Argument(metavar="OUTPUT", help="File to write; not needed with --labelling-config.")
    ] = None,
    from_: Annotated[Format, typer.Option("--from", help="Format of INPUT.")] = Format.SEEDS,
    to: Annotated[Format | None, typer.Option("--to", help="Format of OUTPUT.")] = None,
    scheme: SchemeOption = None,
    predictions: Annotated[
        bool, typer.Option("--predictions", help="Write Label Studio predictions, to correct, and not annotations.")
    ] = False,
    labelling_config: Annotated[
        bool, typer.Option("--labelling-config", help="Print Label Studio's labelling configuration for INPUT.")
    ] = False,
) -> None:
    """Convert annotated sentences from and to Label Studio, doccano and tables.

    Formats: seeds, the annotated files of this project; label-studio, a JSON list of tasks; doccano, JSON Lines of a
    sequence labelling project with relations; csv, jsonl and parquet, one row per sentence, entity and stance. What
    cannot be read is listed as FILE:LINE: FAULT (or task, or row) on standard error, the rest is converted all the
    same, and the exit code is 1. docs/interchange.md shows each format.

    \b
    Examples:
      entity-stance convert seeds/europe.jsonl tasks.json --to label-studio
      entity-stance convert seeds/europe.jsonl --labelling-config > labelling.xml
      entity-stance convert export.json mine.jsonl --from label-studio --to seeds
      entity-stance convert seeds/ table.parquet --to parquet
    """  # noqa: D301 - \b is click's mark for lines that are not rewrapped
    if (target is None or to is None) and not (labelling_config and target is None and to is None):
        stop("give OUTPUT and --to, or --labelling-config alone", USAGE)
    if target is not None and (target.is_dir() or not target.parent.is_dir()):
        stop(f"OUTPUT: {target} is not a file in an existing directory", USAGE)
    if target is not None and target.exists() and source.exists() and target.samefile(source):
        stop(f"OUTPUT: {target} is the file to read", USAGE)
    from model.errors import CorpusError  # noqa: PLC0415
    from training.interchange import formats  # noqa: PLC0415
    from training.interchange.label_studio import labelling_config as make_config  # noqa: PLC0415

    labels = chosen_scheme(scheme)
    try:
        with train_extra():
            reading = formats.read(source, formats.Interchange(from_), labels)
    except CorpusError as error:
        stop(str(error), USAGE)
    except OSError as error:
        stop(f"{source}: {error.strerror}", USAGE)
    for fault in reading.faults:
        complain(fault)
    if labelling_config:
        typer.echo(make_config(reading.sentences, labels), nl=False)
    if target is not None and to is not None and reading.sentences:
        try:
            with train_extra():
                formats.write(reading.sentences, target, formats.Interchange(to), predictions=predictions)
        except OSError as error:
            stop(f"{target}: {error.strerror}")
        typer.echo(f"wrote {len(reading.sentences):,} sentences to {target}", err=labelling_config)
    if reading.faults or not reading.sentences:
        raise typer.Exit(FAILED)
