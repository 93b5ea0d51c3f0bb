"""Articles over HTTP: as many as 32 clients get through, how long one waits under load, and what rivals reach."""

from __future__ import annotations

import asyncio
import os
import random
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle, islice

import httpx
import numpy as np

from benchmarks.figures import Figure
from benchmarks.texts import articles, sentences
from benchmarks.timing import seconds
from model.classifier import StanceClassifier
from model.documents import Document

CLIENTS = 32
LOAD = 0.7
LOADED_SECONDS = 40
DISTINCT = 400
"""Articles that the load repeats: too many for two copies of one to wait at the same time and be computed once."""
START_SECONDS = 120
TIMEOUT = httpx.Timeout(120)

COMMANDS = {
    "ours": ("service.cli.main", "serve", "--port"),
    "plain FastAPI around (c)": ("benchmarks.fastapi_server",),
    "LitServe around (c)": ("benchmarks.litserve_server",),
}


@contextmanager
def server(name: str) -> Iterator[str]:
    """Run a server in a process of its own, and yield its address once it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    module, *arguments = COMMANDS[name]
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments, str(port)],
        env={**os.environ, "ENTITY_STANCE_MAX_TEXT_CHARACTERS": "2000000"},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address, process)
        yield address
    finally:
        # LitServe's workers are processes of their own, in the same group.
        os.killpg(process.pid, 15)
        process.wait()


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            if httpx.post(f"{address}/classify", json={"text": "Norway warned Iceland."}, trust_env=False).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"{address}: no server within {START_SECONDS} s")


async def _post(client: httpx.AsyncClient, text: str) -> float:
    started = time.perf_counter()
    response = await client.post("/classify", json={"text": text})
    response.raise_for_status()
    return time.perf_counter() - started


async def _closed_loop(address: str, texts: Sequence[str]) -> float:
    """Return how many seconds 32 clients take, each sending the next text once it has its answer."""
    waiting = iter(texts)

    async def work() -> None:
        for text in waiting:
            await _post(client, text)

    async with httpx.AsyncClient(base_url=address, timeout=TIMEOUT, trust_env=False) as client:
        started = time.perf_counter()
        await asyncio.gather(*(work() for _ in range(CLIENTS)))
        return time.perf_counter() - started


async def _open_loop(address: str, texts: Sequence[str], rate: float) -> list[float]:
    """Send texts at random times, so many a second on average, and return how many seconds each took."""
    drawn, tasks = random.Random(1), []
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=address, timeout=TIMEOUT, trust_env=False, limits=limits) as client:
        due = time.perf_counter()
        for text in texts:
            due += drawn.expovariate(rate)
            await asyncio.sleep(max(0, due - time.perf_counter()))
            tasks.append(asyncio.create_task(_post(client, text)))
        return await asyncio.gather(*tasks)


async def _pausing(address: str, texts: Sequence[str], rate: float) -> tuple[list[float], float]:
    """Let 32 clients send a text each, wait for its answer and pause for a random time, so many texts a second in all.

    Returns:
        How many seconds each text took, and how many texts a second were answered.
    """
    drawn, waiting, taken, ended = random.Random(2), iter(texts), list[float](), list[float]()
    async with httpx.AsyncClient(base_url=address, timeout=TIMEOUT, trust_env=False) as client:

        async def work() -> None:
            while True:
                # A client's turns begin every 32 / rate seconds on average, whatever its answers take.
                middle = statistics.fmean(taken) if taken else 0
                await asyncio.sleep(drawn.expovariate(1 / max(1e-3, CLIENTS / rate - middle)))
                if (text := next(waiting, None)) is None:
                    return
                taken.append(await _post(client, text))
                ended.append(time.perf_counter())

        started = time.perf_counter()
        await asyncio.gather(*(work() for _ in range(CLIENTS)))
        # Who finds no text left after a pause has nothing more to answer.
        return taken, len(taken) / (max(ended) - started)


async def _singly(address: str, texts: Sequence[str]) -> list[float]:
    async with httpx.AsyncClient(base_url=address, timeout=TIMEOUT, trust_env=False) as client:
        return [await _post(client, text) for text in texts]


def measure(count: int, *, articles_: int = 160) -> list[Figure]:
    """Measure over HTTP, so many rounds of so many articles, the classifier in process taking its turn in each."""
    texts = articles(articles_)
    classifier = StanceClassifier.from_pretrained()
    documents = [Document(text) for text in texts]
    shares = []
    figures = []
    rates: dict[str, list[float]] = {}
    for name in COMMANDS:
        with server(name) as address:
            asyncio.run(_closed_loop(address, texts[:CLIENTS]))
            rates[name] = []
            for _ in range(count if name == "ours" else max(1, count // 2)):
                rates[name].append(articles_ / asyncio.run(_closed_loop(address, texts)))
                if name == "ours":
                    shares.append(
                        rates[name][-1] * seconds(lambda: classifier.classify_documents(documents)) / articles_
                    )
            if name == "ours":
                figures += _under_load(address, statistics.median(rates[name]))
    ours = statistics.median(rates["ours"])
    return [
        Figure("over HTTP, 32 clients: share of the rate in process", statistics.median(shares), "", "≥ 0.80"),
        *(
            Figure(f"over HTTP: times {name}", ours / statistics.median(rates[name]), "×")
            for name in COMMANDS
            if name != "ours"
        ),
        *figures,
        *(Figure(f"over HTTP: {name}", statistics.median(rate), "articles/s") for name, rate in rates.items()),
    ]


def _under_load(address: str, capacity: float) -> list[Figure]:
    rate = LOAD * capacity
    texts = list(islice(cycle(articles(DISTINCT)), int(rate * LOADED_SECONDS)))
    paused, answered = asyncio.run(_pausing(address, texts, rate))
    middle, last = np.percentile(paused, [50, 99])
    open_middle, open_last = np.percentile(asyncio.run(_open_loop(address, texts, rate)), [50, 99])
    alone = asyncio.run(_singly(address, sentences(210)))[10:]
    return [
        Figure("at 70% load, 32 clients that pause: p99 against p50", float(last / middle), "×", "≤ 4"),
        Figure("at 70% load, 32 clients that pause: p50", 1000 * float(middle), "ms"),
        Figure("at 70% load, 32 clients that pause: share of the full rate", answered / capacity, ""),
        Figure("at 70% load, clients without end: p99 against p50", float(open_last / open_middle), "×"),
        Figure("at 70% load, clients without end: p50", 1000 * float(open_middle), "ms"),
        Figure("a single sentence on an idle server, median", 1000 * statistics.median(alone), "ms", "≤ 15"),
        Figure("a single sentence on an idle server, p95", 1000 * float(np.percentile(alone, 95)), "ms"),
    ]
