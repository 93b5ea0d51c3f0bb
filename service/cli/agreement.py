"""``entity-stance agreement``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from service.cli.columns import ColumnsOption, read_columns
from service.cli.exits import USAGE, stop
from service.cli.extras import train_extra
from service.cli.schemes import SchemeOption, chosen_scheme


def agreement(
    first: Annotated[Path, typer.Argument(metavar="A", help="Annotated file of one annotator (docs/data.md).")],
    second: Annotated[Path, typer.Argument(metavar="B", help="The same sentences by another; matched by id.")],
    scheme: SchemeOption = None,
    columns: ColumnsOption = None,
    show: Annotated[int, typer.Option(min=0, help="Disagreements to list, at most.")] = 20,
) -> None:
    """Measure how far two annotators of the same sentences agree, and list where they do not.

    Krippendorff's alpha with its 95% interval: for entities over the words of all sentences, for each stance over the
    entities that either lists, and for direction over the possible targets of the stances that both give.

    \b
    Example:
      entity-stance agreement anna.jsonl boris.jsonl
    """  # noqa: D301 - \b is click's mark for lines that are not rewrapped
    with train_extra():
        from training.agreement import disagreements, read_both  # noqa: PLC0415
    from model.agreement import agreement as measure  # noqa: PLC0415
    from model.errors import CorpusError  # noqa: PLC0415

    labels = chosen_scheme(scheme)
    try:
        pairs = read_both(first, second, labels, read_columns(columns))
    except CorpusError as error:
        stop(str(error), USAGE)
    typer.echo(f"{len(pairs):,} sentences\n")
    typer.echo(f"{'':<12}{'units':>8}{'differ':>8}{'alpha':>8}  95% interval")
    for item in measure(pairs, labels):
        figures = "  undefined" if item.alpha is None else f"{item.alpha:8.3f}  {item.low:.3f} to {item.high:.3f}"
        typer.echo(f"{item.name:<12}{item.units:>8,}{item.differing:>8,}{figures}")
    found = disagreements(pairs, labels)
    if found and show:
        typer.echo(f"\n{len(found):,} disagreements" + (f", the first {show}:" if len(found) > show else ":"))
    for difference in found[:show]:
        typer.echo(f"{difference.id}\t{difference.question}\t{difference.first}\t{difference.second}")
