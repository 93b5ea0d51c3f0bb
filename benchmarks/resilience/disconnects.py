"""Clients that leave before they have their answer, some before they have sent everything."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from itertools import islice

from benchmarks.resilience.client import HOST, classify, exchange, get
from benchmarks.resilience.findings import Finding, percentile
from benchmarks.resilience.scale import Scale
from benchmarks.resilience.servers import Contender, Server, serving
from benchmarks.texts import endless_articles

CLIENTS = 32
LONGEST_STAY = 0.5
"""Seconds that a client stays at most."""
IDLE_REQUESTS = 40
SLOWER = 1.5
"""An answer that takes up to so many times the idle server's 95th percentile counts as fast as on an idle one."""
PATIENCE = 180.0
QUEUE_GAUGE = b"entity_stance_queue_tokens "


def measure(contender: Contender, scale: Scale) -> list[Finding]:
    """Have clients leave, and look how long the server is busy with what nobody waits for."""
    with serving(contender) as server:
        return asyncio.run(_measure(server, scale))


async def _measure(server: Server, scale: Scale) -> list[Finding]:
    short = classify("Norway warned Iceland.")
    idle = [(await exchange(server.port, short, timeout=PATIENCE)).seconds for _ in range(IDLE_REQUESTS)]
    limit = SLOWER * percentile(idle, 95)
    await _leave(server.port, scale.disconnects)
    left = time.monotonic()
    status, until = 0, left + PATIENCE
    while (now := time.monotonic()) < until:
        outcome = await exchange(server.port, short, timeout=until - now)
        status = outcome.status
        if status == 200 and outcome.seconds <= limit:
            break
    fast = time.monotonic() - left if status == 200 and time.monotonic() < until else PATIENCE
    findings = [
        Finding("an answer on the idle server, p95", 1000 * percentile(idle, 95), "ms"),
        Finding(f"{scale.disconnects:,} clients gone: until an answer is as fast again", fast, "s", most=2),
    ]
    queue = await _empty(server, left)
    return findings if queue is None else [*findings, Finding("until its queue is empty", queue, "s", most=2)]


async def _leave(port: int, count: int) -> None:
    """Have clients come and leave, some dozens at a time."""
    drawn = random.Random(1)
    messages = iter([classify(text) for text in islice(endless_articles(), count)])

    async def come_and_leave() -> None:
        for message in messages:
            sent = drawn.choice([drawn.randrange(1, len(message)), len(message), len(message)])
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection(HOST, port)
                writer.write(message[:sent])
                await asyncio.sleep(drawn.uniform(0, LONGEST_STAY))
                writer.transport.abort()

    await asyncio.gather(*(come_and_leave() for _ in range(CLIENTS)))


async def _empty(server: Server, since: float) -> float | None:
    """Wait for ours to have an empty queue, and return the seconds; None where no metric tells."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        outcome = await exchange(server.port, get("/metrics"), timeout=PATIENCE)
        lines = [line for line in outcome.body.splitlines() if line.startswith(QUEUE_GAUGE)]
        if outcome.status != 200 or not lines:
            return None
        if float(lines[0].removeprefix(QUEUE_GAUGE)) == 0:
            break
        await asyncio.sleep(0.02)
    return time.monotonic() - since
