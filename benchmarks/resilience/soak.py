"""Memory over hundreds of thousands of sentences."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import statistics
import sys
import time
from collections.abc import Sequence
from itertools import islice

import httpx

from benchmarks.resilience.client import HOST
from benchmarks.resilience.findings import Finding
from benchmarks.resilience.scale import Scale
from benchmarks.resilience.servers import Contender, Server, serving
from benchmarks.texts import SENTENCES_AN_ARTICLE, endless_articles

SAMPLES = 20
WARM = 5
"""Samples that count as warming up."""
CLIENTS = 8
BLOCK = 40
"""Articles that go together: through the stream in one request, or through as many requests."""
SLOWEST = 20
"""Sentences a second; a server that is slower is not waited for to the end."""


def measure(contender: Contender, scale: Scale) -> list[Finding]:
    """Classify many sentences, and look at the memory of all the server's processes on the way."""
    samples: list[float] = []
    with serving(contender) as server:
        started = time.monotonic()
        with contextlib.suppress(TimeoutError):
            asyncio.run(_soak(server, scale.soak_sentences, samples))
        seconds = time.monotonic() - started
    early, late = samples[WARM : WARM + 3], samples[-3:]
    growth = statistics.median(late) / statistics.median(early) - 1 if early else math.nan
    sentences = len(samples) * scale.soak_sentences // SAMPLES
    return [
        Finding("sentences", sentences, note=f"in {seconds:.0f} s"),
        Finding("memory of all processes (PSS), growth after the first quarter", 100 * growth, "%", most=5),
        Finding("the same at the end", samples[-1] if samples else math.nan, "MB"),
        Finding("the same in the course", " ".join(f"{sample:.0f}" for sample in samples), "MB"),
    ]


async def _soak(server: Server, sentences: int, samples: list[float]) -> None:
    """Note the memory after each twentieth.

    Raises:
        TimeoutError: the server is too slow to wait for the rest.
    """
    texts = endless_articles()
    step = max(1, sentences // SAMPLES // SENTENCES_AN_ARTICLE)
    async with (
        asyncio.timeout(sentences / SLOWEST),
        httpx.AsyncClient(base_url=f"http://{HOST}:{server.port}", timeout=120, trust_env=False) as client,
    ):
        for number in range(SAMPLES):
            for start in range(0, step, BLOCK):
                block = list(islice(texts, min(BLOCK, step - start)))
                # The rival has no stream.
                streamed = server.contender.is_ours and (number + start // BLOCK) % 2 == 0
                await (_stream(client, block) if streamed else _post(client, block))
            samples.append(server.memory())
            sys.stdout.write(f"    {number + 1}/{SAMPLES}: {samples[-1]:.0f} MB\n")
            sys.stdout.flush()


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
