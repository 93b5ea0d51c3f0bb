"""The trials: the same sentences bare, in one process, on a cluster, and on one that loses a worker and a node."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.cluster.memory import Sampler, tree
from benchmarks.cluster.news import SENTENCES_A_DOCUMENT, compose, write_news
from benchmarks.cluster.nodes import LocalCluster
from benchmarks.cluster.runs import Run, compare
from benchmarks.resilience.findings import Finding

FILES = 4
SEED = 11


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured.

    Attributes:
        sentences: Sentences of the input.
        bare: Sentences of it that the classifier reads without anything around it.
        partition: Rows of a partition.
        cores: Cores in all, of one process and of the cluster's nodes together.
    """

    sentences: int
    bare: int
    partition: int
    cores: int

    @property
    def documents(self) -> int:
        """Documents of the input."""
        return -(-self.sentences // SENTENCES_A_DOCUMENT)

    @property
    def partitions(self) -> int:
        """Partitions of the input, at least."""
        return self.documents // self.partition


class Bench:
    """The trials on one input.

    Attributes:
        scale: How much is measured.
        folder: Where inputs and outputs lie.
    """

    def __init__(self, scale: Scale, folder: Path) -> None:
        self.scale = scale
        self.folder = folder
        self.source = folder / f"news-{scale.sentences}"
        self.options = ["--partition-rows", str(scale.partition)]

    def prepare(self) -> None:
        """Write the input, if it is not there."""
        if not self.source.is_dir():
            fresh = write_news(self.folder / "news-new", self.scale.sentences, SEED, FILES)
            fresh.rename(self.source)

    def bare(self) -> list[Finding]:
        """Have the classifier read documents in a stream, with as many threads as there are cores."""
        from model.classifier import StanceClassifier  # noqa: PLC0415
        from model.documents import Document  # noqa: PLC0415

        made = compose(self.scale.bare, SEED)
        documents = [Document(item["text"], item["id"], item["date"]) for item in made]
        classifier = StanceClassifier.from_pretrained(threads=self.scale.cores)
        started = time.perf_counter()
        count = sum(len(result.sentences) for result in classifier.stream(documents))
        seconds = time.perf_counter() - started
        classifier.close()
        return [Finding("rate", count / seconds, "sentences/s")]

    def single(self) -> list[Finding]:
        """Run in one process."""
        run = Run(self.source, self._output("single"), [*self.options, "--threads", str(self.scale.cores)])
        return self._measured(run, lambda: [run.pid], None)

    def cluster(self) -> list[Finding]:
        """Run on a cluster whose nodes have one core each, and compare the rows with those of one process."""
        cores = self.scale.cores
        with LocalCluster([0, *[1] * cores]) as nodes:
            run = Run(self.source, self._output("cluster"), [*self.options, *_ray(nodes, cores)])
            findings = self._measured(run, nodes.actors, nodes)
        return [*findings, *self._same_rows("cluster")]

    def losses(self) -> list[Finding]:
        """Run on a cluster with a node to spare, kill an actor and later a node, and compare the rows."""
        cores = self.scale.cores
        with LocalCluster([0, *[1] * cores]) as nodes:
            run = Run(self.source, self._output("losses"), [*self.options, *_ray(nodes, cores)])
            try:
                reached = run.wait_until_done(self.scale.partitions // 4)
                killed = nodes.kill_actor() if reached else 0
                reached = run.wait_until_done(self.scale.partitions // 2)
                node = len(nodes.raylets) - 1
                busy = len(nodes.actors(node))
                nodes.kill_node(node)
                summary = run.finish()
            finally:
                run.stop()
        return [
            Finding("actors killed at a quarter", float(killed > 0), least=1, most=1),
            Finding("actors on the node that is killed at half", float(busy if reached else 0), least=1),
            Finding(
                "documents that are answered",
                summary["documents"],
                least=self.scale.documents,
                most=self.scale.documents,
            ),
            *self._same_rows("losses"),
        ]

    def _measured(self, run: Run, workers: Callable[[], list[int]], nodes: LocalCluster | None) -> list[Finding]:
        """Wait for the end of a run, and return its rate and the memory of those that work."""
        everything = Sampler(lambda: tree(run.pid) + ([p.pid for p in nodes.processes()] if nodes else []))
        try:
            with Sampler(workers) as working, everything:
                summary = run.finish()
        finally:
            run.stop()
        now: dict[str, Any] = summary["this_time"]
        return [
            Finding("sentences", summary["sentences"], least=self.scale.sentences, most=self.scale.sentences),
            Finding("rate", summary["sentences"] / now["seconds"], "sentences/s"),
            Finding(
                "rate from the start of the command to its end",
                summary["sentences"] / summary["seconds"],
                "sentences/s",
            ),
            Finding(
                "memory of a process that works, growth behind the first half", 100 * working.growth(), "%", most=10
            ),
            Finding("memory of all that work, at most", working.peak(), "MB"),
            Finding("memory of all processes, Ray's too, at most", everything.peak(), "MB"),
        ]

    def _same_rows(self, name: str) -> list[Finding]:
        found = compare(self.folder / "single", self.folder / name)
        return [
            Finding("rows compared with one process", found.rows),
            Finding("rows that differ or are missing", found.different, least=0, most=0),
            Finding("rows that stand twice", found.doubled, least=0, most=0),
        ]

    def _output(self, name: str) -> Path:
        """Return the folder of an output, which is emptied."""
        import shutil  # noqa: PLC0415

        output = self.folder / name
        shutil.rmtree(output, ignore_errors=True)
        return output


def _ray(nodes: LocalCluster, actors: int) -> list[str]:
    return ["--ray-address", nodes.address, "--min-actors", str(actors), "--max-actors", str(actors)]
