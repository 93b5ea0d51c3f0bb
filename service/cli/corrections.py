"""``entity-stance corrections``."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from service.cli.databases import DatabaseUrl, opened
from service.cli.exits import FAILED, USAGE, stop
from service.cli.inputs import STANDARD_INPUT
from service.cli.schemes import SchemeOption, chosen_scheme

app = typer.Typer(no_args_is_help=True)


@app.callback()
def corrections() -> None:
    """What users said is right: list it, train on it, delete it."""


@app.command("list")
def list_(
    user: Annotated[str | None, typer.Option(help="Who made them.")] = None,
    code: Annotated[str | None, typer.Option(help="An entity of the correction or of what it corrects.")] = None,
    stance: Annotated[str | None, typer.Option(help="A stance taken in either, by that entity if given.")] = None,
    text: Annotated[str | None, typer.Option(help="A part of the sentence, in any letter case.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Corrections to list, at most.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, with all fields.")] = False,
    url: DatabaseUrl = None,
) -> None:
    """List corrections, newest first.

    \b
    Examples:
      entity-stance corrections list --user anna
      entity-stance corrections list --code NO --stance denial --json
    """  # noqa: D301 - \b is click's mark for lines that are not rewrapped
    from service.storage.corrections import Filters, list_corrections  # noqa: PLC0415

    with opened(url) as database, database.read() as connection:
        page = list_corrections(connection, Filters(user, code, stance, text), limit)
    for item in page.items:
        typer.echo(json.dumps(item, ensure_ascii=False) if as_json else _row(item))


@app.command()
def export(
    out: Annotated[Path, typer.Option(metavar="FILE", help="Annotated file to write; - for standard output.")],
    agreed: Annotated[bool, typer.Option("--agreed", help="Only sentences on which two users agree.")] = False,
    url: DatabaseUrl = None,
) -> None:
    """Write corrections, and opinions of the review queue, as annotated sentences to train on.

    The latest correction of a sentence wins. Sentences that `corrections import` has noted are left out: the files that
    they come from have them already. The exit code is 1 if there is nothing to write.

    \b
    Examples:
      entity-stance corrections export --out corrections.jsonl
      entity-stance check corrections.jsonl
      entity-stance train seeds/ corrections.jsonl --out runs/mine
    """  # noqa: D301 - \b is click's mark for lines that are not rewrapped
    from service.storage.exporting import export as records  # noqa: PLC0415

    with opened(url) as database:
        count = _write(out, records(database, agreed=agreed))
    if not count:
        stop("there is no correction to export" + (" on which two users agree" if agreed else ""), FAILED)
    if str(out) != STANDARD_INPUT:
        typer.echo(f"wrote {out}: {count:,} {'sentence' if count == 1 else 'sentences'}")


@app.command("import")
def import_(
    paths: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="Annotated files (JSON Lines), or folders of .jsonl files.")
    ],
    scheme: SchemeOption = None,
    url: DatabaseUrl = None,
) -> None:
    """Note the sentences of annotated files as judged.

    The review queue does not ask for them and takes what is like them for less worthwhile; the export leaves them out.
    Only hashes are stored, no texts.

    \b
    Examples:
      entity-stance corrections import seeds/
      entity-stance corrections import reviews.jsonl --scheme attitude.yaml
    """  # noqa: D301 - \b is click's mark for lines that are not rewrapped
    from model.errors import CorpusError  # noqa: PLC0415
    from service.storage.review import import_judged  # noqa: PLC0415
    from training.corpus import read_corpus  # noqa: PLC0415

    try:
        sentences = read_corpus(paths, chosen_scheme(scheme))
    except CorpusError as error:
        stop(str(error), USAGE)
    with opened(url) as database, database.write() as connection:
        new = import_judged(connection, sentences)
    typer.echo(f"noted {new:,} sentences as judged; {len(sentences) - new:,} were known")


@app.command()
def purge(
    days: Annotated[
        int | None, typer.Option(min=0, help="Delete what is older. [default: ENTITY_STANCE_RETENTION_DAYS]")
    ] = None,
    user: Annotated[
        str | None, typer.Option(help="Delete what this user has made, of any age unless --days is given.")
    ] = None,
    url: DatabaseUrl = None,
) -> None:
    """Delete corrections and sentences of the review queue that are old, or all that a user has made.

    \b
    Examples:
      entity-stance corrections purge --days 365
      entity-stance corrections purge --user anna
    """  # noqa: D301 - \b is click's mark for lines that are not rewrapped
    from service.settings import SettingsError, load_settings  # noqa: PLC0415
    from service.storage.corrections import delete_corrections  # noqa: PLC0415
    from service.storage.corrections import purge as delete_old  # noqa: PLC0415

    if days is None and user is None:
        try:
            days = load_settings().retention_days
        except SettingsError as error:
            stop(str(error), USAGE)
        if days is None:
            stop("say what to delete: --days, --user, or set ENTITY_STANCE_RETENTION_DAYS", USAGE)
    before = None if days is None else datetime.now(UTC) - timedelta(days=days)
    with opened(url) as database, database.write() as connection:
        if user is not None:
            deleted, items = delete_corrections(connection, user, before), 0
        else:
            assert before is not None
            deleted, items = delete_old(connection, before)
    typer.echo(f"deleted {deleted:,} corrections and {items:,} sentences for review")


def _row(item: dict[str, Any]) -> str:
    said = "; ".join(
        " ".join([entity["code"], *(f"{stance}→{','.join(to) or '-'}" for stance, to in entity["stances"].items())])
        for entity in item["entities"]
    )
    return "\t".join([str(item["id"]), item["created_at"], item["user"], " ".join(item["text"].split()), said])


def _write(out: Path, records: Iterable[dict[str, Any]]) -> int:
    """Write records to standard output, or to a file that appears when it is complete."""
    lines = (json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    if str(out) == STANDARD_INPUT:
        return sum(1 for line in lines if sys.stdout.write(line))
    partial = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        with partial.open("w", encoding="utf-8") as file:
            count = sum(1 for line in lines if file.write(line))
        if count:
            partial.replace(out)
    except OSError as error:
        stop(f"{out}: {error.strerror}", USAGE)
    finally:
        partial.unlink(missing_ok=True)
    return count
