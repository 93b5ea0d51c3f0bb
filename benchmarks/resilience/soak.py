"""Memory over hundreds of thousands of sentences."""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import count, islice

import httpx

from benchmarks.resilience.client import HOST
from benchmarks.resilience.findings import Finding
from benchmarks.resilience.scale import Scale
from benchmarks.resilience.servers import Contender, Server, serving
from benchmarks.texts import SENTENCES_AN_ARTICLE, articles

SAMPLES = 20
WARM = 5
"""Samples that count as warming up."""
CLIENTS = 8
BLOCK = 40
"""Articles that go together: through the stream in one request, or through as many requests."""
SLOWEST = 50
"""Sentences a second; a server that is slower is not waited for."""


def measure(contender: Contender, scale: Scale) -> list[Finding]:
    """Classify many sentences, and look at the memory of all the server's processes on the way."""
    with serving(contender) as server:
        started = time.monotonic()
        samples = asyncio.run(_soak(server, scale.soak_sentences))
        seconds = time.monotonic() - started
    growth = statistics.median(samples[-3:]) / statistics.median(samples[WARM : WARM + 3]) - 1
    course = " ".join(f"{sample:.0f}" for sample in samples)
    sentences = len(samples) * scale.soak_sentences // SAMPLES
    return [
        Finding("sentences", sentences, note=f"in {seconds:.0f} s"),
        Finding("memory of all processes (PSS), growth after the first quarter", 100 * growth, "%", most=5),
        Finding("the same at the end", samples[-1], "MB"),
        Finding("the same in the course", course, "MB"),
    ]


async def _soak(server: Server, sentences: int) -> list[float]:
    """Return the memory after each twentieth."""
    texts = _texts()
    step = max(2 * BLOCK, sentences // SAMPLES // SENTENCES_AN_ARTICLE)
    samples: list[float] = []
    limit = max(60.0, sentences / SLOWEST)
    async with (
        asyncio.timeout(limit),
        httpx.AsyncClient(base_url=f"http://{HOST}:{server.port}", timeout=120, trust_env=False) as client,
    ):
        for number in range(SAMPLES):
            left = step
            while left > 0:
                block = list(islice(texts, min(BLOCK, left)))
                # The rival has no stream.
                through_stream = server.contender.is_ours and (left // BLOCK) % 2 == 0
                await (_stream(client, block) if through_stream else _post(client, block))
                left -= len(block)
            samples.append(server.memory())
            sys.stdout.write(f"    {number + 1}/{SAMPLES}: {samples[-1]:.0f} MB\n")
            sys.stdout.flush()
    return samples


def _texts() -> Iterator[str]:
    """Yield articles without end, no two alike."""
    drawn = articles(400)
    for number in count():
        yield f"{drawn[number % len(drawn)]}\nKenya told Peru of {number} floods."


async def _stream(client: httpx.AsyncClient, texts: Sequence[str]) -> None:
    body = b"".join(json.dumps({"text": text}).encode() + b"\n" for text in texts)
    answer = await client.post("/classify/stream", content=body, headers={"Content-Type": "application/x-ndjson"})
    answered = [json.loads(line) for line in answer.raise_for_status().text.splitlines()]
    if len(answered) != len(texts) or any("error" in document for document in answered):
        raise RuntimeError(f"of {len(texts)} documents of a stream, not all have an answer")


async def _post(client: httpx.AsyncClient, texts: Sequence[str]) -> None:
    waiting = iter(texts)

    async def work() -> None:
        for text in waiting:
            (await client.post("/classify", json={"text": text})).raise_for_status()

    await asyncio.gather(*(work() for _ in range(CLIENTS)))
