"""A Ray cluster of several nodes on this machine, in processes of its own, whose parts can be killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import psutil

STORE_BYTES = 100_000_000
"""Shared memory of a node; hardly anything passes through it."""

_SECONDS_TO_END = 30


class LocalCluster:
    """Nodes with their own raylets; the first one is the head, and runs no actors unless it has cores.

    Attributes:
        address: Where it can be joined.
        raylets: Process ids of the nodes' raylets.
    """

    def __init__(self, cores: list[int], variables: Mapping[str, str] | None = None) -> None:
        """Start nodes with so many cores each, and with these variables in their environment."""
        command = [sys.executable, "-m", "benchmarks.cluster.nodes", *map(str, cores)]
        environment = os.environ | {"RAY_USAGE_STATS_ENABLED": "0", "OMP_NUM_THREADS": "1"} | dict(variables or {})
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, start_new_session=True
        )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("{"):
                found = json.loads(line)
                self.address: str = found["address"]
                self.raylets: list[int] = found["raylets"]
                return
        self.close()
        raise RuntimeError("the cluster did not start")

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End all of it."""
        self.close()

    def processes(self) -> list[psutil.Process]:
        """Return all processes of the cluster."""
        with suppress(psutil.NoSuchProcess):
            return list(psutil.Process(self._process.pid).children(recursive=True))
        return []

    def actors(self, node: int | None = None) -> list[int]:
        """Return the process ids of the actors, of all nodes or of one."""
        roots = self.raylets if node is None else [self.raylets[node]]
        found = []
        for root in roots:
            with suppress(psutil.NoSuchProcess):
                found += [child.pid for child in psutil.Process(root).children(recursive=True) if _is_actor(child)]
        return found

    def kill_actor(self) -> int:
        """Kill an actor as the system does, and return its process id; 0 if there is none."""
        actors = self.actors()
        if actors:
            os.kill(actors[0], signal.SIGKILL)
        return actors[0] if actors else 0

    def kill_node(self, node: int) -> None:
        """Kill a node: its raylet and everything that it started."""
        with suppress(psutil.NoSuchProcess):
            raylet = psutil.Process(self.raylets[node])
            for process in [raylet, *raylet.children(recursive=True)]:
                with suppress(psutil.NoSuchProcess):
                    process.kill()

    def close(self) -> None:
        """End all of it."""
        rest = self.processes()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        for process in rest:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(rest, _SECONDS_TO_END)


def _is_actor(process: psutil.Process) -> bool:
    try:
        return "UnitActor" in " ".join(process.cmdline())
    except psutil.Error:
        return False


def _serve(cores: list[int]) -> None:
    """Start the nodes, say where they are, and end them when nobody listens any more."""
    from ray.cluster_utils import Cluster  # noqa: PLC0415

    settings: dict[str, Any] = {"object_store_memory": STORE_BYTES, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=settings | {"num_cpus": cores[0]})
    nodes = [cluster.head_node, *(cluster.add_node(num_cpus=count, **settings) for count in cores[1:])]
    cluster.wait_for_nodes()
    raylets = [node.all_processes["raylet"][0].process.pid for node in nodes]
    sys.stdout.write(json.dumps({"address": cluster.address, "raylets": raylets}) + "\n")
    sys.stdout.flush()
    sys.stdin.read()
    cluster.shutdown()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    _serve([int(text) for text in sys.argv[1:]])
