"""More work than the server can do: what it answers in time, how fast it refuses, whether it says that it lives."""

from __future__ import annotations

import asyncio
import statistics
import time
from dataclasses import dataclass
from itertools import islice

from benchmarks.resilience.client import Outcome, classify, closed_loop, get
from benchmarks.resilience.findings import Finding, percentile, statuses
from benchmarks.resilience.prober import Probed, probe
from benchmarks.resilience.scale import Scale
from benchmarks.resilience.sender import open_loop
from benchmarks.resilience.servers import Contender, Server, serving
from benchmarks.texts import endless_articles
from model.runtime import processors
from service.admission import BYTES_PER_TOKEN

CLIENTS = 32
ROUNDS = 4
CAPACITY_TIMEOUT = 120.0
SAMPLE = 100
PROBES_A_SECOND = 10
PATIENCE = 2.0
"""A client waits so many times the deadline, and then gives up."""
REFUSALS = {429, 503, 504}
TOLERATED_FAILURES = {503, 504}


@dataclass(frozen=True, slots=True)
class Loaded:
    """What happened under a load.

    Attributes:
        outcomes: Of the requests that were due in the time that counts.
        seconds: How long that was.
        probed: How the server said that it lives.
        generator: Share of a processor that sending took.
        front: Share of a processor that the server's first process took.
    """

    outcomes: list[Outcome]
    seconds: float
    probed: Probed
    generator: float
    front: float

    def goodput(self, deadline: float) -> float:
        """Return how many requests a second were answered in time."""
        return sum(one.status == 200 and one.seconds <= deadline for one in self.outcomes) / self.seconds


def measure(contender: Contender, scale: Scale) -> list[Finding]:
    """Measure the capacity, then offer it once, twice, and more."""
    capacity = _capacity(contender, scale)
    body_bytes = statistics.mean(len(text.encode()) for text in islice(endless_articles(), SAMPLE))
    tokens = int(scale.queue_seconds * capacity * body_bytes / BYTES_PER_TOKEN)
    loads = {}
    for factor in scale.factors:
        loads[factor] = _load(contender.within(scale.deadline).holding(tokens), factor * capacity, scale)
    peak = max(capacity, *(load.goodput(scale.deadline) for load in loads.values()))
    return [
        Finding("capacity, 32 clients in a closed loop", capacity, "articles/s"),
        *(
            finding
            for factor, load in loads.items()
            for finding in _findings(contender, factor, load, min(peak, factor * capacity), scale)
        ),
    ]


def _findings(contender: Contender, factor: int, load: Loaded, possible: float, scale: Scale) -> list[Finding]:
    """Say what a load led to; possible is the peak in articles a second or, if that is less, what was offered."""
    refused = [outcome.seconds for outcome in load.outcomes if outcome.status in REFUSALS]
    failed = sum(one.status >= 500 and one.status not in TOLERATED_FAILURES for one in load.outcomes)
    goodput = load.goodput(scale.deadline)
    # A client of its own machine would leave them all.
    left = 1 - load.generator / processors()
    note = f"{goodput:.3g} articles/s within {scale.deadline:g} s"
    findings = [
        Finding(f"{factor}×: goodput, share of the peak", goodput / possible, least=0.95, note=note),
        Finding(f"{factor}×: the same, of what the sender leaves of the processors", goodput / possible / left),
        Finding(f"{factor}×: statuses", statuses(load.outcomes)),
        Finding(f"{factor}×: 5xx other than 503 and 504", failed, most=0),
        Finding(f"{factor}×: p99 of /livez or /health", 1000 * load.probed.p99, "ms", most=100),
        Finding(
            f"{factor}×: p99 of refusals (429, 503, 504)",
            1000 * percentile(refused, 99),
            "ms",
            most=50 if refused else None,
        ),
        Finding(f"{factor}×: share of a processor that the load takes", load.generator),
    ]
    if contender.is_ours:
        findings.append(Finding(f"{factor}×: the same of the HTTP process", load.front))
    return findings


def _capacity(contender: Contender, scale: Scale) -> float:
    """Return how many articles a second the server answers when it always has some.

    Raises:
        RuntimeError: it answers too few.
    """
    with serving(contender) as server:
        messages = (classify(text) for text in endless_articles())
        outcomes = asyncio.run(
            closed_loop(
                server.port, messages, CLIENTS, seconds=scale.capacity_seconds, least=ROUNDS, timeout=CAPACITY_TIMEOUT
            )
        )
    answered = sorted(outcome.ended for outcome in outcomes if outcome.status == 200)
    if len(answered) < 2 * CLIENTS:
        raise RuntimeError(f"{contender.name}: the capacity cannot be measured: {statuses(outcomes)}")
    # The first answer of each client takes longer, or comes as one batch; the time begins with the last of them.
    counted = answered[CLIENTS - 1 :]
    return (len(counted) - 1) / (counted[-1] - counted[0])


def _load(contender: Contender, rate: float, scale: Scale) -> Loaded:
    """Offer a load for some time, in which the queue fills, and for some more, which counts."""
    with serving(contender) as server:
        return asyncio.run(_offer(server, rate, scale))


async def _offer(server: Server, rate: float, scale: Scale) -> Loaded:
    uncounted = int(rate * scale.filling_seconds)
    messages = [classify(text) for text in islice(endless_articles(), uncounted + int(rate * scale.counted_seconds))]
    live = get(server.contender.live_path)

    async def watch() -> tuple[Probed, float, float]:
        """Measure all else in the time that counts."""
        await asyncio.sleep(scale.filling_seconds)
        generator, front = time.process_time(), server.processor_seconds()
        probed = await probe(server.port, live, hertz=PROBES_A_SECOND, seconds=scale.counted_seconds)
        generator, front = time.process_time() - generator, server.processor_seconds() - front
        return probed, generator / scale.counted_seconds, front / scale.counted_seconds

    timeout = PATIENCE * scale.deadline
    sending = asyncio.to_thread(open_loop, server.port, messages, rate, timeout=timeout)
    outcomes, (probed, generator, front) = await asyncio.gather(sending, watch())
    return Loaded(outcomes[uncounted:], scale.counted_seconds, probed, generator, front)
