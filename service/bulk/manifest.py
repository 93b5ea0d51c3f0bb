"""What a run is and what of it is done: the manifest, and a record of each partition that is complete."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from service.bulk.places import Place
from service.bulk.planning import Unit
from service.bulk.reading import Stretch

MANIFEST = "_manifest.json"
DONE = "_done"
DEAD = "_dead"
TRIES = "_tries"
LETTERS = "_dead-letters.jsonl"
SUMMARY = "_summary.json"

_VERSION = 1
_READERS = 16


class ManifestError(Exception):
    """An output does not belong to this run; the message says why."""


@dataclass(frozen=True, slots=True)
class Job:
    """On what the rows of an output depend, besides the input and the model.

    Attributes:
        columns: Names of the input's columns that were given, by role.
        day: Day of writing of documents that do not say theirs.
        countries: Codes to answer for; None for all.
        blocs: Whether to answer for blocs.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    day: date | None = None
    countries: frozenset[str] | None = None
    blocs: bool = True


@dataclass(frozen=True, slots=True)
class Manifest:
    """A run, as it is written before its first partition.

    Attributes:
        run: Everything that must be the same for the run to be continued, by names that people understand.
        source: Path or URL of the input.
        files: What identifies each file of the input, by its path.
        job: What was asked for.
        units: The partitions.
    """

    run: Mapping[str, str]
    source: str
    files: Mapping[str, str]
    job: Job
    units: tuple[Unit, ...]

    def to_json(self) -> bytes:
        """Return it as JSON."""
        job = asdict(self.job) | {
            "day": None if self.job.day is None else self.job.day.isoformat(),
            "countries": None if self.job.countries is None else sorted(self.job.countries),
        }
        data = {
            "version": _VERSION,
            "run": dict(self.run),
            "source": self.source,
            "files": [{"path": path, "identity": identity} for path, identity in self.files.items()],
            "job": job,
            "units": [
                {
                    "file": unit.file,
                    "start": unit.stretch.start,
                    "stop": unit.stretch.stop,
                    "line": unit.stretch.number,
                    "rows": unit.rows,
                    "fault": unit.fault,
                }
                for unit in self.units
            ],
        }
        return json.dumps(data).encode() + b"\n"

    @classmethod
    def from_json(cls, data: bytes) -> Manifest:
        """Read what `to_json` gave.

        Raises:
            ValueError, KeyError, TypeError: it is something else.
        """
        read = json.loads(data)
        if read["version"] != _VERSION:
            raise ValueError(f"version {read['version']}")
        files = {item["path"]: item["identity"] for item in read["files"]}
        paths = list(files)
        units = (
            Unit(number, item["file"], _stretch(paths[item["file"]], item), item["rows"], item["fault"])
            for number, item in enumerate(read["units"])
        )
        return cls(read["run"], read["source"], files, _job(read["job"]), tuple(units))


@dataclass(frozen=True, slots=True)
class Done:
    """The record of a complete partition.

    Attributes:
        unit: Its number.
        documents: Documents that were classified.
        sentences: Sentences of these.
        rows: Rows of the part.
        letters: Rows of the input that could not be classified.
        seconds: How long it took, in seconds of the process that did it.
    """

    unit: int
    documents: int
    sentences: int
    rows: int
    letters: int
    seconds: float


def read_manifest(output: Place) -> Manifest | None:
    """Return the manifest of an output; None if it has none.

    Raises:
        ManifestError: it cannot be read.
    """
    data = output.read(MANIFEST)
    if data is None:
        return None
    try:
        return Manifest.from_json(data)
    except (ValueError, KeyError, TypeError):
        raise ManifestError(f"{output}/{MANIFEST} is no manifest of this version of entity-stance") from None


def write_done(output: Place, done: Done) -> None:
    """Record that a partition is complete; everything of it must be written already."""
    output.put(done_name(done.unit), json.dumps(asdict(done)).encode() + b"\n")


def read_done(output: Place, unit: int) -> Done | None:
    """Return the record of a partition; None if it is not complete."""
    data = output.read(done_name(unit))
    return None if data is None else Done(**json.loads(data))


def read_all_done(output: Place) -> dict[int, Done]:
    """Return the records of all complete partitions by their numbers."""
    numbers = [int(name.partition(".")[0]) for name in output.names(DONE)]
    with ThreadPoolExecutor(_READERS) as pool:
        found = pool.map(lambda number: read_done(output, number), numbers)
        return {done.unit: done for done in found if done is not None}


def count_try(output: Place, unit: int) -> int:
    """Take note that a partition is begun, where others can see it, and return how often it was."""
    folder = f"{TRIES}/{unit:06}"
    before = len(output.names(folder))
    output.put(f"{folder}/{before:03}", b"\n")
    return before + 1


def forget_tries(output: Place) -> None:
    """Forget how often partitions were begun."""
    output.remove_folder(TRIES)


def part_name(unit: int) -> str:
    """Return the name of a partition's rows."""
    return f"part-{unit:06}.parquet"


def dead_name(unit: int) -> str:
    """Return the name of a partition's dead letters."""
    return f"{DEAD}/{unit:06}.jsonl"


def done_name(unit: int) -> str:
    """Return the name of a partition's record."""
    return f"{DONE}/{unit:06}.json"


def add_up(records: Iterable[Done]) -> dict[str, int]:
    """Return the sums of records, by what was counted."""
    totals = {"partitions": 0, "documents": 0, "sentences": 0, "rows": 0, "letters": 0}
    for done in records:
        totals["partitions"] += 1
        for name in ("documents", "sentences", "rows", "letters"):
            totals[name] += getattr(done, name)
    return totals


def _stretch(path: str, item: Mapping[str, Any]) -> Stretch:
    return Stretch(path, item["start"], item["stop"], item["line"])


def _job(item: Mapping[str, Any]) -> Job:
    return Job(
        item["columns"],
        None if item["day"] is None else date.fromisoformat(item["day"]),
        None if item["countries"] is None else frozenset(item["countries"]),
        item["blocs"],
    )
