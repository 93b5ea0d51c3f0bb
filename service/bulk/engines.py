"""What does partitions: this process, or actors of a Ray cluster. Both give the same rows."""

from __future__ import annotations

import json
import logging
import os
import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, Self

from model.errors import EntityStanceError
from service.bulk.manifest import Done, ManifestError, count_try, forget_tries, read_done, read_manifest
from service.bulk.places import PlaceError, open_place
from service.bulk.planning import Unit
from service.bulk.unit import UnitError, UnitRunner

if TYPE_CHECKING:
    from model.classifier import StanceClassifier

TRIES = 5
"""How often a partition is begun, where each time the actor or its node dies over it, before it counts as failed."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A partition that could not be done."""

    unit: int
    reason: str


class Engine(Protocol):
    """Does partitions.

    Attributes:
        cores: How many cores it uses.
        busy: Whether the seconds of a record are those of one core; else the run has all cores all the time.
    """

    cores: int
    busy: bool

    def run(self, units: Sequence[Unit]) -> Iterator[Done | Failed]:
        """Do partitions in any order, and yield what came of each."""

    def watch(self, on_document: Callable[[int], object]) -> None:
        """Have a function called with the sentences of documents as they are answered, if that is known."""

    def __enter__(self) -> Self:
        """Make ready."""

    def __exit__(self, *_: object) -> None:
        """Let go of everything."""


@dataclass
class InProcess:
    """One partition after the other, all cores on each."""

    runner: UnitRunner
    cores: int
    busy: bool = False

    def run(self, units: Sequence[Unit]) -> Iterator[Done | Failed]:
        """Do partitions in their order."""
        for unit in units:
            yield attempt(self.runner, unit)

    def watch(self, on_document: Callable[[int], object]) -> None:
        """Have a function called with the sentences of every document that is answered."""
        self.runner = replace(self.runner, on_document=on_document)

    def __enter__(self) -> Self:
        """Do nothing."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the threads of the network."""
        self.runner.classifier.close()


def attempt(runner: UnitRunner, unit: Unit) -> Done | Failed:
    """Do a partition; what stands against it is what came of it."""
    try:
        return runner.run(unit)
    except UnitError as error:
        return Failed(unit.number, str(error))


@dataclass
class OnRay:
    """A pool of actors that grows and shrinks with the work, each with a classifier on one core.

    A dead actor is replaced and its partition done again, on another node if its own is gone.

    Attributes:
        output: Path or URL of the output, which all nodes must reach, as they must the input and the model.
        model: Model directory or hub name; None for the embedded one.
        address: Address of a cluster; None for one of its own on this machine.
        least: Actors that there are at least.
        most: Actors that there are at most; None for one on every core of the cluster.
    """

    output: str
    model: str | None
    address: str | None = None
    least: int = 1
    most: int | None = None
    cores: int = 1
    busy: bool = True

    def watch(self, on_document: Callable[[int], object]) -> None:
        """Do nothing: of actors, only what they completed is known."""

    def __enter__(self) -> Self:
        """Join the cluster.

        Raises:
            ConnectionError: there is none at the address.
        """
        import ray  # noqa: PLC0415

        # Nothing about a run leaves the cluster.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        # Ray warns that what actors are made of may be lost with this process; then the run is lost anyway.
        os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
        ray.init(
            address=self.address or "local",
            include_dashboard=None if self.address else False,
            logging_level=logging.ERROR,
            log_to_driver=False,
        )
        resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
        available = int(resources.get("CPU", 1))
        self.most = max(self.least, self.most or available)
        self.cores = max(1, min(self.most, available))
        return self

    def __exit__(self, *_: object) -> None:
        """Leave it; a cluster of its own ends."""
        import ray  # noqa: PLC0415

        ray.shutdown()

    def run(self, units: Sequence[Unit]) -> Iterator[Done | Failed]:
        """Do partitions as actors become free."""
        import ray.data  # noqa: PLC0415

        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        logging.getLogger("ray.data").setLevel(logging.CRITICAL)
        # Ray tries what an actor left undone again and again; the actors themselves keep count.
        context.max_errored_blocks = -1
        numbers = [unit.number for unit in units]
        # The data go from storage to storage; what passes through the cluster is the number of a partition.
        waiting = ray.data.from_items([{"unit": number} for number in numbers], override_num_blocks=len(numbers))
        pool = ray.data.ActorPoolStrategy(min_size=self.least, max_size=self.most, max_tasks_in_flight_per_actor=2)
        done = waiting.map_batches(
            UnitActor,
            fn_constructor_args=(self.output, self.model),
            batch_size=1,
            compute=pool,
            num_cpus=1,
        )
        missing = set(numbers)
        forget_tries(open_place(self.output))
        for row in done.iter_rows():
            outcome = _outcome(row["outcome"])
            missing.discard(outcome.unit)
            yield outcome
        for number in sorted(missing):
            yield Failed(number, "Ray gave it up; its logs say why")


class NodeError(Exception):
    """A node cannot take part in a run; the message says why."""


class UnitActor:
    """Does partitions on a node of the cluster; on a node that cannot, all that it is given fail."""

    def __init__(self, output: str, model: str | None) -> None:
        """Load the run and the classifier."""
        self._output = open_place(output)
        self._runner: UnitRunner | str
        try:
            self._runner = self._load(model)
        except (NodeError, EntityStanceError, ManifestError, PlaceError, OSError) as error:
            self._runner = f"node {platform.node()}: {error}"

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Do the partitions with these numbers, and return what came of each as JSON."""
        return {"outcome": [json.dumps(asdict(self._attempt(int(number)))) for number in batch["unit"]]}

    def _load(self, model: str | None) -> UnitRunner:
        from model.classifier import StanceClassifier  # noqa: PLC0415

        manifest = read_manifest(self._output)
        if manifest is None:
            raise NodeError(f"finds no manifest in {self._output}; all nodes must reach the same storage")
        classifier = StanceClassifier.from_pretrained(model, threads=1)
        for name, value in describe_model(classifier).items():
            if manifest.run[name] != value:
                raise NodeError(f"{name} is {value} here, in this run {manifest.run[name]}")
        return UnitRunner(classifier, manifest, open_place(manifest.source), self._output)

    def _attempt(self, number: int) -> Done | Failed:
        """Do a partition, unless it is done, as a dead actor may have got that far, or too many have died over it."""
        if isinstance(self._runner, str):
            return Failed(number, self._runner)
        if (done := read_done(self._output, number)) is not None:
            return done
        if count_try(self._output, number) > TRIES:
            return Failed(number, f"{TRIES} processes died over it")
        return attempt(self._runner, self._runner.manifest.units[number])


def describe_model(classifier: StanceClassifier) -> dict[str, str]:
    """Return what answers, by names that people understand."""
    from model.config import CONFIG_FILE, file_sha256  # noqa: PLC0415
    from service.version import package_version  # noqa: PLC0415

    info = classifier.info
    # The configuration holds the hashes of the other files.
    digest = file_sha256(classifier.directory / CONFIG_FILE)
    return {
        "entity-stance": package_version(),
        "the model": f"{info.name} {info.version} with SHA-256 {digest}",
    }


def _outcome(text: str) -> Done | Failed:
    data = json.loads(text)
    return Failed(**data) if "reason" in data else Done(**data)
