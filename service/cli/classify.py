"""``entity-stance classify``."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.exits import USAGE, stop
from service.cli.extras import parquet_extra
from service.cli.job import Format, Job, run
from service.cli.listing import PATTERNS, Inputs
from service.cli.options import BlocsOption, CountriesOption, ModelOption
from service.cli.reading import InputFormat
from service.days import parse_day

if TYPE_CHECKING:
    from model.classifier import StanceClassifier


def classify(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE", help="Text files, .jsonl or .ndjson files of documents, folders; - is standard input."
        ),
    ],
    format: Annotated[
        Format,
        typer.Option(
            "--format",
            "-f",
            help="table: to read; json: the answer of POST /classify; jsonl: one sentence a line; "
            "csv and parquet: one row per sentence, entity and stance.",
        ),
    ] = Format.TABLE,
    model: ModelOption = None,
    written: Annotated[
        str | None,
        typer.Option(
            "--date",
            metavar="YYYY-MM-DD",
            help="Day of writing of documents that do not say theirs; picks the office-holders of that day.",
        ),
    ] = None,
    countries: CountriesOption = None,
    blocs: BlocsOption = True,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to a file instead of standard output.")
    ] = None,
    glob: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATTERN", help="Which files of folders to read; can be repeated. [default: *.txt *.jsonl *.ndjson]"
        ),
    ] = None,
    input_format: Annotated[
        InputFormat,
        typer.Option(
            "--input-format",
            help="text: a file is a document; jsonl: a line is a document; auto: by the name, standard input is text.",
        ),
    ] = InputFormat.AUTO,
    errors: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="List what could not be classified: JSON Lines of file, line, id, reason."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where a run with the same --output was interrupted, if one was.")
    ] = False,
) -> None:
    """Say for every country in every sentence which stances it takes, and toward whom.

    A text file is one document; a file of JSON Lines holds a document a line: {"id", "text", "date", "entities"}, of
    which only the text is required. Folders are searched for both, however deep. Memory does not grow with the number
    of documents. The table shows how often each country takes each stance, who takes which stance toward whom, and
    then the sentences. A file or a line that cannot be read is named on standard error, the others are classified all
    the same, and the exit code is 1.

    A run that writes to a file, but for tables, keeps a journal in FILE.progress until it is complete. After Ctrl-C, a
    crash or a full disk, --resume with the same files and options makes the output what it would have been.

    \b
    Examples:
      entity-stance classify article.txt
      entity-stance classify --format csv --output stances.csv january/*.txt
      entity-stance classify --format parquet --output stances.parquet --errors faults.jsonl --resume corpus/
      cat article.txt | entity-stance classify --countries US,RU --date 2022-01-18 -
    """  # noqa: D301 - \b is click's mark for lines that are not rewrapped
    inputs = Inputs(files, tuple(glob) if glob else PATTERNS)
    job = Job(
        inputs,
        input_format,
        format,
        read_day(written),
        read_codes(countries),
        blocs,
        output=output,
        errors=errors,
        resume=resume,
    )
    _check(job)
    code = run(load_model(model), job)
    if code:
        raise typer.Exit(code)


def read_day(value: str | None) -> date | None:
    """Read the option ``--date``, or end the command."""
    try:
        return None if value is None else parse_day(value)
    except ValueError as error:
        stop(f"--date: {value!r} {error}", USAGE)


def read_codes(value: str | None) -> frozenset[str] | None:
    """Read the option ``--countries``, or end the command."""
    from model.countries.registry import is_known_code  # noqa: PLC0415

    if value is None:
        return None
    codes = frozenset(code.strip().upper() for code in value.split(",") if code.strip())
    unknown = sorted(code for code in codes if not is_known_code(code))
    if unknown or not codes:
        stop(f"--countries: {', '.join(unknown) or 'nothing'} is no known code; write for instance US,RU,EU", USAGE)
    return codes


def _check(job: Job) -> None:
    """Refuse what cannot be written, or whose writing would destroy an input, before any work is done."""
    for option, path in (("--output", job.output), ("--errors", job.errors)):
        if path is None:
            continue
        if not _is_writable(path):
            stop(f"{option}: {path} is not a file in an existing directory", USAGE)
        if job.inputs.reads(path):
            stop(f"{option}: {path} is one of the files to read", USAGE)
    if job.output is not None and job.output == job.errors:
        stop(f"--errors: {job.errors} is the output already", USAGE)
    if job.format is Format.PARQUET:
        if job.output is None:
            stop("--format: parquet cannot go to standard output; name a file with --output", USAGE)
        with parquet_extra():
            import service.cli.parquet  # noqa: F401, PLC0415
    if job.resume and (job.output is None or job.format is Format.TABLE):
        stop("--resume: only a run with --output, in another format than table, can go on", USAGE)


def _is_writable(path: Path) -> bool:
    try:
        return path.parent.is_dir() and not path.is_dir()
    except OSError:
        return False


def load_model(model: str | None, threads: int | None = None) -> StanceClassifier:
    """Load what the option ``--model`` names, for so many threads, or end the command."""
    from model.classifier import StanceClassifier  # noqa: PLC0415
    from model.errors import ModelError  # noqa: PLC0415

    try:
        return StanceClassifier.from_pretrained(model, threads=threads)
    except ModelError as error:
        stop(str(error))
