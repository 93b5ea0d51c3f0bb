"""``entity-stance seeds``."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Annotated

import typer

from service.cli.exits import FAILED, USAGE, complain, stop

app = typer.Typer(no_args_is_help=True)

CACHE = Path("~/.cache/entity-stance/sources")
STANDOFF = Path("seeds/standoff")

FolderOption = Annotated[
    Path | None,
    typer.Option("--from", metavar="FOLDER", help="Folder that holds the public files, or .jsonl files with texts."),
]
DownloadOption = Annotated[
    bool, typer.Option("--download/--no-download", help="Fetch the public files that the folder does not hold.")
]
CacheOption = Annotated[Path, typer.Option(metavar="FOLDER", help="Where fetched files are kept.")]


@app.callback()
def seeds() -> None:
    """Public corpora: annotated sentences that are kept without their text, and texts without annotation."""


@app.command()
def hydrate(
    standoff: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE...", help="Stand-off records, beside their sources.toml. [default: all in seeds/standoff]"
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where to write annotated files of the same names.")
    ] = STANDOFF / "hydrated",
    folder: FolderOption = None,
    download: DownloadOption = True,
    cache: CacheOption = CACHE,
) -> None:
    """Put annotations and the public texts that they belong to together.

    The project ships what it annotated of public corpora without their text: source, place, hash, labels. This fetches
    the public files by name, or reads them from a folder, cuts the sentences out and takes those that hash to what was
    recorded. What could not be joined is counted by reason; the exit code is 1 if that is everything. Splits that are
    kept beside the records go with them.

    \b
    Examples:
      entity-stance seeds hydrate
      entity-stance seeds hydrate --from ~/corpora --no-download
      entity-stance train seeds/ seeds/standoff/hydrated --out runs/mine
    """  # noqa: D301 - \b is click's mark for lines that are not rewrapped
    from model.errors import CorpusError  # noqa: PLC0415
    from training.corpus import SPLITS_FILE  # noqa: PLC0415
    from training.standoff import SOURCES_FILE, load_sources, read_standoff  # noqa: PLC0415
    from training.standoff import hydrate as join  # noqa: PLC0415

    public, kept = _folder(folder), cache.expanduser() if download else None
    files = standoff or sorted(STANDOFF.glob("*.jsonl"))
    if not files:
        stop(f"{STANDOFF}: no stand-off records there", USAGE)
    joined = 0
    for file in files:
        if not file.is_file():
            stop(f"{file}: no such file", USAGE)
        try:
            records, sources = read_standoff(file), load_sources(file.parent / SOURCES_FILE)
        except CorpusError as error:
            stop(str(error), USAGE)
        result = join(records, sources, public, kept)
        for reason, ids in result.missing.items():
            complain(f"{file.name}: {len(ids):,} sentences are missing: {reason}")
        if result.records:
            joined += len(result.records)
            out.mkdir(parents=True, exist_ok=True)
            lines = [json.dumps(record, ensure_ascii=False) + "\n" for record in result.records]
            (out / file.name).write_text("".join(lines), encoding="utf-8")
            if (splits := file.parent / SPLITS_FILE).is_file():
                shutil.copyfile(splits, out / SPLITS_FILE)
            typer.echo(f"wrote {out / file.name}: {len(result.records):,} of {len(records):,} sentences")
    if not joined:
        stop("no sentence could be joined", FAILED)


@app.command()
def texts(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="Name of a source in sources.toml.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="JSON Lines file to write.")],
    sources: Annotated[
        Path, typer.Option(metavar="FILE", exists=True, dir_okay=False, help="Where public files lie.")
    ] = STANDOFF / "sources.toml",
    folder: FolderOption = None,
    download: DownloadOption = True,
    cache: CacheOption = CACHE,
) -> None:
    """Write the texts of a public corpus, without annotation.

    They serve `entity-stance train --unlabelled`: a teacher labels their sentences for its student.

    \b
    Examples:
      entity-stance seeds texts reuters --out runs/reuters.jsonl
      entity-stance train seeds/ --teacher runs/teacher --unlabelled runs/reuters.jsonl --out runs/mine
    """  # noqa: D301 - \b is click's mark for lines that are not rewrapped
    from model.errors import CorpusError  # noqa: PLC0415
    from training.standoff import load_sources, source_texts  # noqa: PLC0415

    try:
        known = load_sources(sources)
        if source not in known:
            stop(f"{sources}: no source {source!r}; there are {', '.join(known)}", USAGE)
        records = source_texts(known[source], _folder(folder), cache.expanduser() if download else None)
    except CorpusError as error:
        stop(str(error), FAILED)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
    typer.echo(f"wrote {out}: {len(records):,} texts")


def _folder(folder: Path | None) -> Path | None:
    """Return a folder that exists, or end the command."""
    if folder is not None and not folder.is_dir():
        stop(f"{folder}: no such folder", USAGE)
    return folder
