"""One item over which the network fails, among 31 good ones that are sent at the same time."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from pathlib import Path

import orjson

from benchmarks.resilience.client import at_once, classify, exchange, post
from benchmarks.resilience.findings import Finding, describe
from benchmarks.resilience.poisoned import POISON
from benchmarks.resilience.scale import Scale
from benchmarks.resilience.servers import Contender, Server, serving

ITEMS, BAD = 32, 17
ROUNDS = 5
TIMEOUT = 60.0


def measure(contender: Contender, _: Scale) -> list[Finding]:
    """Send the items as requests of their own, and to ours as the documents of one request too."""
    with tempfile.TemporaryDirectory() as folder, serving(contender.poisoned(Path(folder))) as server:
        good, bad = [], Counter[int]()
        for number in range(ROUNDS):
            found = asyncio.run(at_once(server.port, [classify(text) for text in _texts(number)], timeout=TIMEOUT))
            good.append(sum(outcome.status == 200 for index, outcome in enumerate(found) if index != BAD))
            bad[found[BAD].status] += 1
        findings = [
            Finding("of 31 good requests, answered", min(good), "", least=31, note=f"fewest of {ROUNDS} rounds"),
            Finding("the poisonous one gets", describe(bad)),
        ]
        return [*findings, *_together(server)] if contender.is_ours else findings


def _together(server: Server) -> list[Finding]:
    documents = [{"text": text} for text in _texts(ROUNDS)]
    message = post("/classify", {"documents": documents})
    answer = orjson.loads(asyncio.run(exchange(server.port, message, timeout=TIMEOUT)).body)
    answered = sum("error" not in document for document in answer["documents"])
    return [Finding("of 31 good documents of one request, answered", answered, least=31, most=31)]


def _texts(number: int) -> list[str]:
    words = [POISON if index == BAD else "sudden" for index in range(ITEMS)]
    return [f"Norway warned Iceland of {number}{index:02} {word} floods." for index, word in enumerate(words)]
