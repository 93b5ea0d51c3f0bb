"""``entity-stance classify``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.exits import FAILED, USAGE, complain, stop
from service.cli.inputs import STANDARD_INPUT, InputFault, read_text
from service.days import parse_day

if TYPE_CHECKING:
    from model.classifier import StanceClassifier
    from model.documents import Document
    from model.results import DocumentResult


class Format(StrEnum):
    """How to write the answer."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class _Query:
    day: date | None
    countries: frozenset[str] | None
    blocs: bool


def classify(
    files: Annotated[list[str], typer.Argument(metavar="FILE", help="UTF-8 text files; - is standard input.")],
    format: Annotated[
        Format,
        typer.Option(
            "--format",
            "-f",
            help="table: to read; json: the answer of POST /classify; jsonl: one sentence a line; "
            "csv: one row per sentence, entity and stance.",
        ),
    ] = Format.TABLE,
    model: Annotated[
        str | None,
        typer.Option(help="Model directory or Hugging Face hub name. [default: the embedded model]", metavar="MODEL"),
    ] = None,
    written: Annotated[
        str | None,
        typer.Option("--date", metavar="YYYY-MM-DD", help="Day of writing; picks the office-holders of that day."),
    ] = None,
    countries: Annotated[
        str | None,
        typer.Option(metavar="CODES", help="Answer these countries only, for instance US,RU."),
    ] = None,
    blocs: Annotated[
        bool, typer.Option("--blocs/--no-blocs", help="Whether blocs such as the EU are entities.")
    ] = True,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to a file instead of standard output.")
    ] = None,
) -> None:
    """Say for every country in every sentence which stances it takes, and toward whom.

    Each file is one document. The table shows how often each country takes each stance, who takes which stance
    toward whom, and then the sentences. A file that cannot be read is named on standard error, the others are
    classified all the same, and the exit code is 1.

    \b
    Examples:
      entity-stance classify article.txt
      entity-stance classify --format csv --output stances.csv january/*.txt
      cat article.txt | entity-stance classify --countries US,RU --date 2022-01-18 -
    """  # noqa: D301 - \b is click's mark for lines that are not rewrapped
    query = _Query(_day(written), _codes(countries), blocs)
    _check_output(output, files)
    texts, faults = _read(files)
    if not texts:
        raise typer.Exit(max(faults, default=FAILED))
    classifier = _load(model)
    documents = list(_documents(texts, query))
    results = list(classifier.stream(documents, countries=query.countries, blocs=query.blocs))
    if not results:
        raise typer.Exit(FAILED)
    try:
        _write(classifier, results, format, output)
    except OSError as error:
        if output is None:
            raise
        stop(f"--output: {output}: {error.strerror}")
    if len(results) < len(files):
        raise typer.Exit(FAILED)


def _day(value: str | None) -> date | None:
    try:
        return None if value is None else parse_day(value)
    except ValueError as error:
        stop(f"--date: {value!r} {error}", USAGE)


def _codes(value: str | None) -> frozenset[str] | None:
    from model.countries.registry import is_known_code  # noqa: PLC0415

    if value is None:
        return None
    codes = frozenset(code.strip().upper() for code in value.split(",") if code.strip())
    unknown = sorted(code for code in codes if not is_known_code(code))
    if unknown or not codes:
        stop(f"--countries: {', '.join(unknown) or 'nothing'} is no known code; write for instance US,RU,EU", USAGE)
    return codes


def _check_output(output: Path | None, files: list[str]) -> None:
    """Refuse a target that cannot be written, or whose writing would destroy an input, before any work is done."""
    if output is None:
        return
    try:
        writable = output.parent.is_dir() and not output.is_dir()
    except OSError:
        writable = False
    if not writable:
        stop(f"--output: {output} is not a file in an existing directory", USAGE)
    if any(name != STANDARD_INPUT and _is_same_file(output, Path(name)) for name in files):
        stop(f"--output: {output} is one of the files to read", USAGE)


def _is_same_file(first: Path, second: Path) -> bool:
    try:
        return first.samefile(second)
    except OSError:
        return False


def _read(files: list[str]) -> tuple[list[tuple[str, str]], list[int]]:
    """Return the names and texts of the readable files, and the exit codes of the others."""
    texts: list[tuple[str, str]] = []
    faults: list[int] = []
    for name in files:
        try:
            texts.append((name, read_text(name)))
        except InputFault as fault:
            complain(str(fault))
            faults.append(fault.code)
    return texts, faults


def _load(model: str | None) -> StanceClassifier:
    from model.classifier import StanceClassifier  # noqa: PLC0415
    from model.errors import ModelError  # noqa: PLC0415

    try:
        return StanceClassifier.from_pretrained(model)
    except ModelError as error:
        stop(str(error))


def _documents(texts: list[tuple[str, str]], query: _Query) -> Iterator[Document]:
    """Make documents of the texts that can be read, and name the others on standard error."""
    from model.documents import Document, check_document  # noqa: PLC0415
    from model.errors import DocumentError  # noqa: PLC0415

    for name, text in texts:
        # A file name need not be text: bytes that are not UTF-8 would make the answer unwritable.
        document = Document(text=text, id=os.fsencode(name).decode("utf-8", "replace"), date=query.day)
        try:
            check_document(document)
        except DocumentError as error:
            complain(f"{name}: {error}")
        else:
            yield document


def _write(classifier: StanceClassifier, results: list[DocumentResult], format: Format, output: Path | None) -> None:
    from service.cli import formats, table  # noqa: PLC0415

    labels = classifier.scheme.names
    match format:
        case Format.TABLE:
            table.write(results, labels, output)
            return
        case Format.JSON:
            content = formats.to_json(classifier.info, results)
        case Format.JSONL:
            content = formats.to_jsonl(results)
        case Format.CSV:
            content = formats.to_csv(results, labels)
    if output is None:
        typer.get_binary_stream("stdout").write(content)
    else:
        output.write_bytes(content)
