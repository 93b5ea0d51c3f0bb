"""What `entity-stance classify` does once its options are checked."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from service.cli.exits import USAGE, complain, stop
from service.cli.inputs import STANDARD_INPUT
from service.cli.journal import SUFFIX, Checkpoint, Journal, JournalError
from service.cli.listing import Identity, Inputs
from service.cli.reading import DocumentReader, InputFormat

if TYPE_CHECKING:
    from model.classifier import StanceClassifier
    from service.cli.batch import Batch
    from service.cli.faults import FaultLog
    from service.cli.formats import Encoder
    from service.cli.outputs import Output

INTERRUPTED = 130


class Format(StrEnum):
    """How to write the answer."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True)
class Job:
    """What was asked for."""

    inputs: Inputs
    input_format: InputFormat
    format: Format
    day: date | None
    countries: frozenset[str] | None
    blocs: bool
    output: Path | None
    errors: Path | None
    resume: bool


def run(classifier: StanceClassifier, job: Job) -> int:
    """Do the work, and return the exit code."""
    identities = job.inputs.identify()
    try:
        journal, start = _journal(classifier, job, identities)
        return _run(classifier, job, identities, journal, start)
    except OSError as error:
        if job.output is None and error.filename is None:
            raise
        stop(f"{error.filename or job.output}: {error.strerror}{_hint(job)}")


def _journal(classifier: StanceClassifier, job: Job, identities: list[Identity]) -> tuple[Journal | None, Checkpoint]:
    """Return the journal to keep, if any, and where to start."""
    if job.output is None or job.format is Format.TABLE:
        return None, Checkpoint()
    stream = next((identity.name for identity in identities if identity.size is None), None)
    if stream is not None:
        if job.resume:
            stop(f"--resume: {stream} is a stream, which cannot be read again", USAGE)
        return None, Checkpoint()
    path = _journal_path(job.output)
    run = _description(classifier, job, identities)
    if not (job.resume and path.exists()):
        return Journal(path, run), Checkpoint()
    try:
        return Journal.resume(path, run)
    except JournalError as error:
        stop(f"--resume: {error}", USAGE)


def _description(classifier: StanceClassifier, job: Job, identities: list[Identity]) -> dict[str, str]:
    """Return everything on which the answers depend, by names that people understand."""
    from model.config import CONFIG_FILE, file_sha256  # noqa: PLC0415
    from service.version import package_version  # noqa: PLC0415

    info = classifier.info
    return {
        "entity-stance": package_version(),
        # The configuration holds the hashes of the other files.
        "the model": f"{info.name} {info.version} with SHA-256 {file_sha256(classifier.directory / CONFIG_FILE)}",
        "--format": job.format.value,
        "--input-format": job.input_format.value,
        "--glob": " ".join(job.inputs.patterns),
        "--date": str(job.day),
        "--countries": "all" if job.countries is None else ",".join(sorted(job.countries)),
        "--blocs": str(job.blocs).lower(),
        "--errors": str(job.errors),
        **{f"input {number} ({item.name})": item.content for number, item in enumerate(identities, 1)},
    }


def _run(
    classifier: StanceClassifier, job: Job, identities: list[Identity], journal: Journal | None, start: Checkpoint
) -> int:
    from service.cli.batch import Batch  # noqa: PLC0415
    from service.cli.faults import FaultLog  # noqa: PLC0415
    from service.cli.progress import Progress  # noqa: PLC0415

    try:
        faults = FaultLog(job.errors, start.errors, start.faults)
    except ValueError as error:
        _stop_short(error, journal)
    reader = DocumentReader(job.inputs, job.input_format, job.day, faults.report)
    sizes = [identity.size for identity in identities]
    total = None if None in sizes else sum(size or 0 for size in sizes)
    try:
        with Progress(total, start.place.done, start.documents, shown=_shows_progress(job)) as progress:
            batch = Batch(classifier, reader, faults, progress, countries=job.countries, blocs=job.blocs, start=start)
            _write(classifier, job, batch, faults, journal, start)
    except KeyboardInterrupt:
        complain(f"interrupted{_hint(job)}")
        return INTERRUPTED
    finally:
        faults.close()
        if journal is not None:
            journal.close()
    return faults.exit_code(batch.done.documents)


def _write(
    classifier: StanceClassifier,
    job: Job,
    batch: Batch,
    faults: FaultLog,
    journal: Journal | None,
    start: Checkpoint,
) -> None:
    from service.cli import table  # noqa: PLC0415
    from service.cli.batch import Recorder  # noqa: PLC0415

    if job.format is Format.TABLE:
        table.write(batch.results(), classifier.scheme, job.output)
        return
    try:
        encoder, output = _encoder(classifier, job.format), _output(classifier, job, start)
    except ValueError as error:
        _stop_short(error, journal)
    try:
        Recorder(encoder, output, faults, journal).write(batch)
    finally:
        output.close()


def _encoder(classifier: StanceClassifier, format: Format) -> Encoder:
    from service.cli import formats  # noqa: PLC0415

    match format:
        case Format.JSON:
            return formats.JsonEncoder(classifier.info)
        case Format.JSONL:
            return formats.JsonLinesEncoder()
        case Format.CSV:
            return formats.CsvEncoder(classifier.scheme.names)
        case _:
            from service.cli.parquet import ArrowEncoder, parquet_schema  # noqa: PLC0415

            return ArrowEncoder(parquet_schema(classifier.scheme.names, classifier.info))


def _output(classifier: StanceClassifier, job: Job, start: Checkpoint) -> Output:
    from service.cli import outputs  # noqa: PLC0415

    if job.output is None:
        return outputs.StreamOutput(typer.get_binary_stream("stdout"))
    if job.format is not Format.PARQUET:
        return outputs.FileOutput(job.output, start.output)
    from service.cli.parquet import parquet_schema  # noqa: PLC0415

    return outputs.ParquetOutput(job.output, parquet_schema(classifier.scheme.names, classifier.info), start.output)


def _shows_progress(job: Job) -> bool:
    """Tell whether the terminal is free for it."""
    return job.inputs.names != [STANDARD_INPUT] and (job.output is not None or not sys.stdout.isatty())


def _journal_path(output: Path) -> Path:
    return output.with_name(output.name + SUFFIX)


def _hint(job: Job) -> str:
    can_go_on = job.output is not None and job.format is not Format.TABLE and _journal_path(job.output).exists()
    return "; --resume goes on from here" if can_go_on else ""


def _stop_short(error: ValueError, journal: Journal | None) -> NoReturn:
    where = "" if journal is None else f"; remove {journal.path} to start over"
    stop(f"--resume: {error}{where}", USAGE)
