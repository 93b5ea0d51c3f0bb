"""Runs of `entity-stance batch` in a process of its own, and comparison of what they leave."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from benchmarks.cluster.memory import wait_for


class Run:
    """A run that is going on.

    Attributes:
        output: Its output.
        pid: Its process.
    """

    def __init__(self, source: Path, output: Path, options: Sequence[str]) -> None:
        """Start it."""
        command = [sys.executable, "-m", "service.cli.main", "batch", str(source), str(output), *options]
        environment = os.environ | {"OMP_NUM_THREADS": "1", "RAY_USAGE_STATS_ENABLED": "0"}
        self.output = output
        self._log = (output.parent / f"{output.name}.log").open("w", encoding="utf-8")
        self._began = time.perf_counter()
        self._process = subprocess.Popen(command, env=environment, stdout=self._log, stderr=subprocess.STDOUT)
        self.pid = self._process.pid

    def done(self) -> int:
        """Return how many partitions are complete."""
        folder = self.output / "_done"
        return sum(1 for _ in folder.iterdir()) if folder.is_dir() else 0

    def wait_until_done(self, partitions: int) -> bool:
        """Wait until so many partitions are complete, and return whether they are."""
        return wait_for(lambda: self.done() >= partitions, lambda: self._process.poll() is None)

    def finish(self) -> dict[str, Any]:
        """Wait for the end, and return its summary and, as ``seconds``, how long it took from its start to its end.

        Raises:
            RuntimeError: it failed; the message has the end of its log.
        """
        code = self._process.wait()
        seconds = time.perf_counter() - self._began
        self._log.close()
        if code:
            raise RuntimeError(f"exit code {code}: {Path(self._log.name).read_text(encoding='utf-8')[-2000:]}")
        found: dict[str, Any] = json.loads((self.output / "_summary.json").read_text(encoding="utf-8"))
        return found | {"seconds": seconds}

    def stop(self) -> None:
        """End it, if it has not ended."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._log.close()


@dataclass
class Comparison:
    """What two outputs have in common.

    Attributes:
        rows: Rows that were compared.
        different: Rows that differ, or that only one of the two has.
        doubled: Documents, by place in the input, that stand in more than one part or twice in one.
    """

    rows: int = 0
    different: int = 0
    doubled: int = 0


def compare(one: Path, other: Path) -> Comparison:
    """Compare the rows of two outputs part by part, row by row."""
    import pyarrow.parquet as pq  # noqa: PLC0415

    found = Comparison()
    names = sorted({path.name for folder in (one, other) for path in folder.glob("part-*.parquet")})
    seen: set[tuple[int, int]] = set()
    for name in names:
        rows = [pq.read_table(folder / name).to_pylist() if (folder / name).exists() else [] for folder in (one, other)]
        found.rows += max(map(len, rows))
        found.different += sum(first != second for first, second in zip_longest(*rows))
        # A partition whose rows stand in the part of another would have been done twice.
        places = {(row["partition"], row["row"]) for row in rows[1]}
        keys = [(row["partition"], row["row"], row["sentence"], row["code"], row["stance"]) for row in rows[1]]
        found.doubled += len(places & seen) + len(keys) - len(set(keys))
        seen |= {place for place in places if place[0] != int(name[5:11])}
    return found
