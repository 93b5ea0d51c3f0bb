"""The servers that are tried, each a process of its own with children of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from benchmarks.resilience.client import HOST, classify, exchange
from benchmarks.resilience.findings import OURS
from benchmarks.resilience.poisoned import POISON, poisoned_model

START_SECONDS = 120
STOP_SECONDS = 10
RIVAL = "LitServe"


@dataclass(frozen=True, slots=True)
class Contender:
    """A server that can be started.

    Attributes:
        name: What it is called.
        command: The module and its arguments; the port follows.
        live_path: Where it says that it lives.
        options: Further arguments, behind the port.
        environment: Variables that it is started with.
    """

    name: str
    command: tuple[str, ...]
    live_path: str
    options: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_ours(self) -> bool:
        """Whether it is the server of this project."""
        return self.name == OURS

    def within(self, deadline: float) -> Contender:
        """Return it set to answer within so many seconds."""
        if self.is_ours:
            return self._with(ENTITY_STANCE_DEADLINE_SECONDS=str(deadline))
        # Its time limit is one of waiting for a batch, which takes seconds itself: with the whole deadline, whatever
        # it begins under overload would come too late.
        return self._with("--timeout", str(deadline / 2))

    def holding(self, tokens: int) -> Contender:
        """Return it with a queue of so many tokens, if it has a bounded one."""
        return self._with(ENTITY_STANCE_MAX_QUEUE_TOKENS=str(tokens)) if self.is_ours else self

    def poisoned(self, folder: Path) -> Contender:
        """Return it with a network that fails on one word."""
        if self.is_ours:
            return self._with(ENTITY_STANCE_MODEL=str(poisoned_model(folder / "model")))
        return self._with("--poison", POISON)

    def _with(self, *options: str, **environment: str) -> Contender:
        return Contender(
            self.name, self.command, self.live_path, self.options + options, {**self.environment, **environment}
        )


CONTENDERS = {
    OURS: Contender(OURS, ("service.cli.main", "serve", "--port"), "/livez"),
    # Its own means against a worker that dies; by default the whole server stops with it.
    RIVAL: Contender(RIVAL, ("benchmarks.litserve_server",), "/health", options=("--restart-workers",)),
}


class Server:
    """A server that runs.

    Attributes:
        contender: What was started.
        port: Where it listens.
        process: The process that was started.
    """

    def __init__(self, contender: Contender, port: int, process: subprocess.Popen[bytes]) -> None:
        self.contender = contender
        self.port = port
        self.process = process

    def family(self) -> list[psutil.Process]:
        """Return its processes."""
        try:
            own = psutil.Process(self.process.pid)
            return [own, *own.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def model_pid(self) -> int:
        """Return the id of the process that holds the network.

        Raises:
            RuntimeError: it has none, or several.
        """
        mark = "service.worker" if self.contender.is_ours else "spawn_main"
        found = [int(one.pid) for one in self.family() if any(mark in part for part in _command_line(one))]
        if len(found) != 1:
            raise RuntimeError(f"{self.contender.name}: {len(found)} processes with {mark!r} instead of one")
        return found[0]

    def memory(self) -> float:
        """Return the memory of all its processes in MB; what several share counts once."""
        return sum(_proportional_bytes(one) for one in self.family()) / 1e6

    def processor_seconds(self) -> float:
        """Return the processor time that its first process, the one that speaks HTTP, has taken."""
        times = psutil.Process(self.process.pid).cpu_times()
        return float(times.user + times.system)


@contextmanager
def serving(contender: Contender) -> Iterator[Server]:
    """Run a server, and yield it once it answers; at the end, none of its processes is left.

    Raises:
        RuntimeError: it does not start.
    """
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    module, *arguments = contender.command
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments, str(port), *contender.options],
        env={**os.environ, **contender.environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    server = Server(contender, port, process)
    family: list[psutil.Process] = []
    try:
        wait_for(lambda: process.poll() is not None or answers(port), START_SECONDS)
        if process.poll() is not None:
            raise RuntimeError(f"{contender.name}: ended with {process.returncode} instead of starting")
        family = server.family()
        yield server
    finally:
        _end(server, family)


def answers(port: int, *, timeout: float = 10) -> bool:
    """Say whether a server classifies."""
    message = classify("Norway warned Iceland.")
    return asyncio.run(exchange(port, message, timeout=timeout)).status == 200


def wait_for(condition: Callable[[], bool], seconds: float, *, pause: float = 0.05) -> float:
    """Wait for a condition, at most so many seconds, and return how many it took.

    Raises:
        RuntimeError: it did not come true.
    """
    started = time.monotonic()
    while not condition():
        if time.monotonic() - started > seconds:
            raise RuntimeError(f"waited for {seconds:g} s in vain")
        time.sleep(pause)
    return time.monotonic() - started


def _end(server: Server, family: Sequence[psutil.Process]) -> None:
    """End a server with all that it has ever been seen to have started."""
    processes = {one.pid: one for one in [*family, *server.family()]}.values()
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.process.wait(STOP_SECONDS)
    for one in psutil.wait_procs(processes, timeout=STOP_SECONDS)[1]:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()


def _command_line(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


def _proportional_bytes(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:
        return 0
