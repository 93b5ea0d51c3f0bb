"""``entity-stance batch``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from service.cli.classify import load_model, read_codes, read_day
from service.cli.exits import FAILED, USAGE, complain, stop
from service.cli.extras import batch_extra, ray_extra
from service.cli.job import INTERRUPTED
from service.cli.options import BlocsOption, CountriesOption, ModelOption

if TYPE_CHECKING:
    from model.classifier import StanceClassifier
    from service.bulk.engines import InProcess, OnRay
    from service.bulk.manifest import Job
    from service.bulk.places import Place
    from service.bulk.run import Begun, Outcome

PARTITION_ROWS = 2_000
_FAILURES_SHOWN = 10


def batch(
    source: Annotated[
        str,
        typer.Argument(
            metavar="INPUT", help="A .parquet, .jsonl, .ndjson or .csv file, or a folder of them: a path or a URL."
        ),
    ],
    output: Annotated[str, typer.Argument(metavar="OUTPUT", help="Folder for the parts: a path or a URL.")],
    columns: Annotated[
        str | None,
        typer.Option(metavar="ROLE=NAME,…", help="Columns of the input: id, text, date. [default: the common names]"),
    ] = None,
    model: ModelOption = None,
    written: Annotated[
        str | None,
        typer.Option("--date", metavar="YYYY-MM-DD", help="Day of writing of documents that do not say theirs."),
    ] = None,
    countries: CountriesOption = None,
    blocs: BlocsOption = True,
    partition_rows: Annotated[
        int, typer.Option(min=1, metavar="N", help="Rows of a partition, which is done as a whole or again.")
    ] = PARTITION_ROWS,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run that OUTPUT holds, if it holds one.")
    ] = False,
    threads: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Processor threads without Ray. [default: all of this process]"),
    ] = None,
    ray: Annotated[
        bool, typer.Option("--ray", help="Run on Ray; without --ray-address on a cluster of its own on this machine.")
    ] = False,
    ray_address: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Run on this Ray cluster: HOST:PORT, ray://HOST:PORT, or auto."),
    ] = None,
    min_actors: Annotated[int, typer.Option(min=1, metavar="N", help="Actors at least, each on one core.")] = 1,
    max_actors: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Actors at most. [default: as many as the cluster has cores]"),
    ] = None,
    cost_per_core_hour: Annotated[
        float | None, typer.Option(min=0, metavar="PRICE", help="Estimate what the run costs, in any currency.")
    ] = None,
) -> None:
    """Classify tables of documents of any size, on this machine or on a Ray cluster.

    Every partition of the input gives one Parquet part in OUTPUT, exactly once: a run that was killed goes on with
    --resume, and a partition whose process or node dies is done again. Rows that cannot be classified go to
    OUTPUT/_dead-letters.jsonl with the reason, and cost no other row its answer. Memory does not grow with the input.
    docs/batch.md has the columns, the guarantees, and how to use S3 and Ray.

    \b
    Examples:
      entity-stance batch articles.parquet stances/ --columns text=body,date=published
      entity-stance batch s3://news/2022/ s3://news/stances/ --resume
      entity-stance batch articles/ stances/ --ray-address auto --max-actors 64 --cost-per-core-hour 0.04
    """  # noqa: D301 - \b is click's mark for lines that are not rewrapped
    with batch_extra():
        from service.bulk.engines import InProcess, OnRay  # noqa: PLC0415
        from service.bulk.unit import UnitRunner  # noqa: PLC0415
    on_ray = ray or ray_address is not None
    if on_ray:
        _require_ray()
    if max_actors is not None and max_actors < min_actors:
        stop(f"--max-actors: {max_actors} is less than --min-actors, {min_actors}", USAGE)
    from model.runtime import processors  # noqa: PLC0415

    job = _job(columns, written, countries, blocs=blocs)
    places = _places(source, output)
    classifier = load_model(model, threads)
    begun = _begin(*places, job, partition_rows, classifier, resume=resume)
    engine: InProcess | OnRay
    if on_ray:
        classifier.close()
        engine = OnRay(str(places[1]), _absolute(model), ray_address, min_actors, max_actors)
    else:
        engine = InProcess(UnitRunner(classifier, begun.manifest, *places), threads or processors())
    try:
        outcome, totals = _run(engine, places[1], begun, cost_per_core_hour)
    except KeyboardInterrupt:
        complain("interrupted; --resume goes on from here")
        raise typer.Exit(INTERRUPTED) from None
    except (OSError, RuntimeError) as error:
        stop(f"{' '.join(str(error).split())}; --resume goes on from here")
    _report(outcome, totals, places[1])
    if outcome.failed:
        raise typer.Exit(FAILED)


def _require_ray() -> None:
    with ray_extra():
        import ray.data  # noqa: F401, PLC0415


def _job(columns: str | None, written: str | None, countries: str | None, *, blocs: bool) -> Job:
    from service.bulk.documents import parse_columns  # noqa: PLC0415
    from service.bulk.manifest import Job  # noqa: PLC0415

    try:
        named = {} if columns is None else parse_columns(columns)
    except ValueError as error:
        stop(f"--columns: {error}", USAGE)
    return Job(named, read_day(written), read_codes(countries), blocs)


def _places(source: str, output: str) -> tuple[Place, Place]:
    from service.bulk.places import PlaceError, open_place  # noqa: PLC0415

    try:
        return open_place(source), open_place(output)
    except PlaceError as error:
        stop(str(error), USAGE)


def _begin(source: Place, output: Place, job: Job, rows: int, classifier: StanceClassifier, *, resume: bool) -> Begun:
    from service.bulk.engines import describe_model  # noqa: PLC0415
    from service.bulk.manifest import ManifestError  # noqa: PLC0415
    from service.bulk.places import PlaceError  # noqa: PLC0415
    from service.bulk.run import begin  # noqa: PLC0415

    try:
        return begin(source, output, job, rows, describe_model(classifier), resume=resume)
    except (PlaceError, ManifestError, OSError) as error:
        stop(str(error), USAGE)


def _run(engine: InProcess | OnRay, output: Place, begun: Begun, price: float | None) -> tuple[Outcome, dict[str, Any]]:
    from service.bulk.progress import Meter, ProgressLine  # noqa: PLC0415
    from service.bulk.run import do, finish  # noqa: PLC0415

    with engine:
        meter = Meter(len(begun.manifest.units), engine.cores, engine.busy, price, done=len(begun.done))
        with ProgressLine(meter) as line:
            engine.watch(line.count)
            outcome = do(engine, begun, line)
    return outcome, finish(output, begun, outcome, line)


def _report(outcome: Outcome, totals: dict[str, Any], output: Place) -> None:
    """Say what the run came to."""
    for item in outcome.failed[:_FAILURES_SHOWN]:
        complain(f"partition {item.unit}: {item.reason}")
    if outcome.gave_up:
        complain("gave up; --resume goes on from here")
    elif outcome.failed:
        complain(f"{len(outcome.failed):,} partitions failed; --resume tries them again")
    now = totals["this_time"]
    speed = f"{now['sentences_per_second']:,.1f} sentences/s, {now['sentences_per_core_second']:,.1f} a core"
    cost = "" if now["cost"] is None else f", cost {now['cost']:,.2f}"
    typer.echo(
        f"{totals['partitions']:,} of {totals['of_partitions']:,} partitions, {totals['documents']:,} documents, "
        f"{totals['sentences']:,} sentences, {totals['rows']:,} rows; {totals['letters']:,} dead letters\n"
        f"this time {now['sentences']:,} sentences in {now['seconds']:,.1f} s: {speed}{cost}\n"
        f"written to {output}"
    )


def _absolute(model: str | None) -> str | None:
    """Return a model directory such that other processes find it, wherever they work."""
    return str(Path(model).absolute()) if model is not None and Path(model).exists() else model
