"""``entity-stance seeds``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from service.cli.exits import FAILED, USAGE, complain, stop

app = typer.Typer(no_args_is_help=True)

CACHE = Path("~/.cache/entity-stance/sources")


@app.callback()
def seeds() -> None:
    """Annotated sentences of public corpora, kept without their text."""


@app.command()
def hydrate(
    standoff: Annotated[
        Path, typer.Argument(metavar="FILE", help="Stand-off records, beside their sources.toml.")
    ] = Path("seeds/standoff/newswire.jsonl"),
    out: Annotated[Path, typer.Option(metavar="FILE", help="Annotated file to write.")] = Path(
        "seeds/standoff/hydrated/newswire.jsonl"
    ),
    folder: Annotated[
        Path | None,
        typer.Option(
            "--from", metavar="FOLDER", help="Folder that holds the public files, or .jsonl files with texts."
        ),
    ] = None,
    download: Annotated[
        bool, typer.Option("--download/--no-download", help="Fetch the public files that the folder does not hold.")
    ] = True,
    cache: Annotated[Path, typer.Option(metavar="FOLDER", help="Where fetched files are kept.")] = CACHE,
) -> None:
    """Put annotations and the public texts that they belong to together.

    The project ships what it annotated of public corpora without their text: source, place, hash, labels. This fetches
    the public files by name, or reads them from a folder, cuts the sentences out and takes those that hash to what was
    recorded. What could not be joined is counted by reason; the exit code is 1 if that is everything.

    \b
    Examples:
      entity-stance seeds hydrate
      entity-stance seeds hydrate --from ~/corpora --no-download
      entity-stance train seeds/ seeds/standoff/hydrated --out runs/mine
    """  # noqa: D301 - \b is click's mark for lines that are not rewrapped
    from model.errors import CorpusError  # noqa: PLC0415
    from training.standoff import SOURCES_FILE, load_sources, read_standoff  # noqa: PLC0415
    from training.standoff import hydrate as join  # noqa: PLC0415

    if folder is not None and not folder.is_dir():
        stop(f"{folder}: no such folder", USAGE)
    if not standoff.is_file():
        stop(f"{standoff}: no such file", USAGE)
    try:
        records = read_standoff(standoff)
        sources = load_sources(standoff.parent / SOURCES_FILE)
    except CorpusError as error:
        stop(str(error), USAGE)
    result = join(records, sources, folder, cache.expanduser() if download else None)
    for reason, ids in result.missing.items():
        complain(f"{len(ids):,} sentences are missing: {reason}")
    if not result.records:
        stop("no sentence could be joined", FAILED)
    out.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(record, ensure_ascii=False) + "\n" for record in result.records]
    out.write_text("".join(lines), encoding="utf-8")
    typer.echo(f"wrote {out}: {len(result.records):,} of {len(records):,} sentences")
