"""A server that is told to stop while requests are open, and one that loses the process of its model."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from asyncio import Task
from collections.abc import Sequence
from itertools import islice

from benchmarks.resilience.client import Outcome, classify, exchange
from benchmarks.resilience.findings import Finding, statuses
from benchmarks.resilience.scale import Scale
from benchmarks.resilience.servers import Contender, Server, serving
from benchmarks.texts import endless_articles

EXIT_SECONDS = 60
TIMEOUT = 60.0
ORPHANS = 16
ARTICLES_OF_ORPHAN = 5
WORKING_SECONDS = 1.5
TOLD_TIMEOUT = 30.0
READY_SECONDS = 90.0
ASK_AGAIN_SECONDS = 0.1


def measure(contender: Contender, scale: Scale) -> list[Finding]:
    """Stop a server, and kill the model of another."""
    return [*_stop(contender, scale), *_kill(contender)]


def _stop(contender: Contender, scale: Scale) -> list[Finding]:
    count = scale.in_flight
    with serving(contender) as server:
        outcomes, code, seconds = asyncio.run(_terminate(server, count))
    answered = sum(outcome.status == 200 for outcome in outcomes)
    return [
        Finding(f"SIGTERM: of {count} open requests, answered", answered, least=count, note=statuses(outcomes)),
        Finding("SIGTERM: exit code", "still runs" if code is None else code, least=0, most=0),
        Finding("SIGTERM: until it has ended", seconds, "s", most=30),
    ]


async def _terminate(server: Server, count: int) -> tuple[list[Outcome], int | None, float]:
    """Send the signal once the first of some requests has its answer; return the exit code and when it came."""
    waiting = _ask(server.port, count, 1, TIMEOUT)
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED, timeout=TIMEOUT)
    server.process.terminate()
    stopped = time.monotonic()
    while (code := server.process.poll()) is None and time.monotonic() < stopped + EXIT_SECONDS:
        await asyncio.sleep(0.01)
    seconds = time.monotonic() - stopped
    return await asyncio.gather(*waiting), code, seconds


def _kill(contender: Contender) -> list[Finding]:
    with serving(contender) as server:
        return asyncio.run(_orphan(server))


async def _orphan(server: Server) -> list[Finding]:
    pid = server.model_pid()
    waiting = _ask(server.port, ORPHANS, ARTICLES_OF_ORPHAN, TOLD_TIMEOUT)
    # Until it works on them; a process that is killed while it takes a request off a queue may leave that locked.
    await asyncio.sleep(WORKING_SECONDS)
    os.kill(pid, signal.SIGKILL)
    killed = time.monotonic()
    ready = asyncio.create_task(_ready(server.port, killed))
    outcomes = await asyncio.gather(*waiting)
    # A client that gave up was never told.
    told = max((outcome.ended - killed for outcome in outcomes if outcome.ended > killed), default=0.0)
    seconds = await ready
    return [
        Finding("model killed: until those in flight are told", told, "s", most=1, note=statuses(outcomes)),
        Finding("model killed: until it classifies again", seconds or f"not within {READY_SECONDS:g}", "s", most=5),
    ]


async def _ready(port: int, since: float) -> float | None:
    """Return the seconds until the first answer, or None if there is none for too long."""
    message = classify("Kenya backs Rwanda.")
    asked: set[Task[Outcome]] = set()
    # A request that hangs must not hide that a later one is answered.
    while (left := since + READY_SECONDS - time.monotonic()) > 0:
        asked.add(asyncio.create_task(exchange(port, message, timeout=left)))
        done, asked = await asyncio.wait(asked, timeout=ASK_AGAIN_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        answered = [task.result().ended - since for task in done if task.result().status == 200]
        if answered:
            for task in asked:
                task.cancel()
            return min(answered)
        await asyncio.sleep(ASK_AGAIN_SECONDS)
    return None


def _ask(port: int, count: int, articles: int, timeout: float) -> Sequence[Task[Outcome]]:
    """Send texts of so many articles each."""
    drawn = endless_articles()
    texts = ["\n".join(islice(drawn, articles)) for _ in range(count)]
    return [asyncio.create_task(exchange(port, classify(text), timeout=timeout)) for text in texts]
