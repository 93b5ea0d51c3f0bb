"""A run from its beginning, or from where it was interrupted, to its end."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from service.bulk.engines import Engine, Failed
from service.bulk.manifest import (
    LETTERS,
    MANIFEST,
    SUMMARY,
    Done,
    Job,
    Manifest,
    ManifestError,
    add_up,
    dead_name,
    forget_tries,
    read_all_done,
    read_manifest,
)
from service.bulk.places import TEMPORARY, Place, PlaceError
from service.bulk.planning import plan_units
from service.bulk.progress import ProgressLine
from service.bulk.reading import SUFFIXES
from service.cli.journal import differences

FAILURES_IN_A_ROW = 5
"""Failed partitions, without one that is done between them, after which a run gives up."""

_DIFFERENCES_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Begun:
    """A run that can go on.

    Attributes:
        manifest: What it is.
        done: The records of what is complete already, by partition.
    """

    manifest: Manifest
    done: Mapping[int, Done]


@dataclass
class Outcome:
    """What came of a run.

    Attributes:
        done: The records of all complete partitions.
        failed: The partitions that are not.
        gave_up: Whether the run ended before all partitions were tried.
    """

    done: dict[int, Done]
    failed: list[Failed] = field(default_factory=list)
    gave_up: bool = False


def begin(source: Place, output: Place, job: Job, rows: int, model: Mapping[str, str], *, resume: bool) -> Begun:
    """Divide the input and write the manifest; or find out how far the run came that is to go on.

    Args:
        source: The input.
        output: The output.
        job: What is asked for.
        rows: Rows of a partition.
        model: What answers, see `engines.describe_model`.
        resume: Whether to go on with a run, if there is one.

    Raises:
        PlaceError: there is no input.
        ManifestError: the output belongs to another run, or to any if none is to go on.
        OSError: something cannot be read or written.
    """
    _refuse_overlap(source, output)
    found = read_manifest(output)
    if found is not None and not resume:
        raise ManifestError(f"{output} holds a run already; --resume goes on with it")
    if found is None and not output.is_empty():
        raise ManifestError(f"{output} is not empty, and holds no run")
    files = source.files(SUFFIXES)
    if not files:
        raise PlaceError(f"{source}: holds no file whose name ends in {', '.join(sorted(SUFFIXES))}")
    identities = {file.path: file.identity for file in files}
    run = _describe(job, rows, model) | {source.name(path): identity for path, identity in identities.items()}
    if found is not None:
        if different := differences(found.run, run):
            shown = different[:_DIFFERENCES_SHOWN] + ["…"] * (len(different) > _DIFFERENCES_SHOWN)
            raise ManifestError(f"{output} holds another run: {'; '.join(shown)}")
        return Begun(found, read_all_done(output))
    units = plan_units(source, files, job.columns, rows)
    manifest = Manifest(run, str(source), identities, job, tuple(units))
    output.put(MANIFEST, manifest.to_json())
    return Begun(manifest, {})


def do(engine: Engine, begun: Begun, line: ProgressLine) -> Outcome:
    """Do what is left of a run."""
    outcome = Outcome(dict(begun.done))
    left = [unit for unit in begun.manifest.units if unit.number not in begun.done]
    row = 0
    for item in engine.run(left) if left else ():
        if isinstance(item, Failed):
            outcome.failed.append(item)
            row += 1
            if row >= FAILURES_IN_A_ROW:
                outcome.gave_up = len(outcome.failed) + len(outcome.done) < len(begun.manifest.units)
                break
            continue
        row = 0
        outcome.done[item.unit] = item
        line.meter.complete(item.seconds)
        if engine.busy:
            line.count(item.sentences)
        line.show()
    return outcome


def finish(output: Place, begun: Begun, outcome: Outcome, line: ProgressLine) -> dict[str, object]:
    """Put the dead letters of all partitions together and write what the run came to; return that.

    Raises:
        OSError: it cannot be written.
    """
    with_letters = [number for number, done in sorted(outcome.done.items()) if done.letters]

    def write(file: BinaryIO) -> None:
        for number in with_letters:
            file.write(output.read(dead_name(number)) or b"")

    output.put_with(LETTERS, write)
    meter = line.meter
    summary = add_up(outcome.done.values()) | {
        "failed": {str(item.unit): item.reason for item in outcome.failed},
        "of_partitions": len(begun.manifest.units),
        "this_time": {
            "partitions": meter.done - meter.earlier,
            "sentences": meter.sentences,
            "seconds": round(meter.seconds, 1),
            "core_seconds": round(meter.core_seconds, 1),
            "sentences_per_second": round(meter.rate, 1),
            "sentences_per_core_second": round(meter.rate_per_core, 1),
            "cost": None if meter.cost is None else round(meter.cost, 4),
        },
        "ended": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    output.put(SUMMARY, json.dumps(summary, indent=2).encode() + b"\n")
    forget_tries(output)
    output.remove_folder(TEMPORARY)
    return summary


def _describe(job: Job, rows: int, model: Mapping[str, str]) -> dict[str, str]:
    """Return everything but the input on which the rows and their division depend."""
    return {
        **model,
        "--columns": ",".join(f"{role}={name}" for role, name in sorted(job.columns.items())) or "the common names",
        "--date": str(job.day),
        "--countries": "all" if job.countries is None else ",".join(sorted(job.countries)),
        "--blocs": str(job.blocs).lower(),
        "--partition-rows": str(rows),
    }


def _refuse_overlap(source: Place, output: Place) -> None:
    """Refuse an output within the input, whose parts would be taken for input the next time."""
    if f"{output}/".startswith(f"{source}/"):
        raise PlaceError(f"{output} lies within the input {source}")
