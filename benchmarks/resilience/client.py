"""An HTTP client so light that thousands of requests leave the processors to the server that is tried."""

from __future__ import annotations

import asyncio
import time
from asyncio import BaseTransport, Future, Transport
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import orjson

HOST = "127.0.0.1"
NO_ANSWER = 0
"""Status of a request that got none: the connection was refused or closed, or the time was up."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request.

    Attributes:
        status: Status of the answer, or `NO_ANSWER`.
        seconds: From the time at which it was due until the end of its answer.
        ended: Time of the monotonic clock at that end.
        body: The answer's body.
    """

    status: int
    seconds: float
    ended: float
    body: bytes = b""


def get(path: str) -> bytes:
    """Return the bytes of a request without a body."""
    return f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode()


def post(path: str, data: object) -> bytes:
    """Return the bytes of a request with a JSON body."""
    body = orjson.dumps(data)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def classify(text: str) -> bytes:
    """Return the bytes of a request that both servers understand."""
    return post("/classify", {"text": text})


class _Exchange(asyncio.Protocol):
    """Sends one request and takes its answer, which ends with the connection."""

    def __init__(self, message: bytes) -> None:
        self.done: Future[None] = asyncio.get_running_loop().create_future()
        self.received = bytearray()
        self.last = 0.0
        self._message = message

    def connection_made(self, transport: BaseTransport) -> None:
        cast(Transport, transport).write(self._message)

    def data_received(self, data: bytes) -> None:
        self.received += data
        self.last = time.monotonic()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


async def exchange(port: int, message: bytes, *, timeout: float, due: float | None = None) -> Outcome:
    """Send a request over a connection of its own and wait for the end of its answer.

    Args:
        port: Where to.
        message: What; it must ask for the connection to be closed.
        timeout: Seconds after which to give up.
        due: Time of the monotonic clock when it was to be sent; now by default. A sender that is late adds to the
            time it measures, so that no slowness stays hidden.
    """
    loop = asyncio.get_running_loop()
    due = time.monotonic() if due is None else due
    transport: Transport | None = None
    try:
        async with asyncio.timeout(timeout):
            transport, taking = await loop.create_connection(lambda: _Exchange(message), HOST, port)
            await taking.done
        head, _, body = bytes(taking.received).partition(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1]) if head else NO_ANSWER
        ended = taking.last or time.monotonic()
        return Outcome(status, ended - due, ended, body)
    except (OSError, TimeoutError):
        ended = time.monotonic()
        return Outcome(NO_ANSWER, ended - due, ended)
    finally:
        if transport is not None:
            transport.abort()


async def at_once(port: int, messages: Sequence[bytes], *, timeout: float) -> list[Outcome]:
    """Send requests all at the same time."""
    return await asyncio.gather(*(exchange(port, message, timeout=timeout) for message in messages))


async def closed_loop(
    port: int, messages: Iterator[bytes], clients: int, *, seconds: float, least: int, timeout: float
) -> list[Outcome]:
    """Have so many clients send requests for some time, each the next one once it has its answer.

    However slow the server is, each client sends so many requests at least.
    """
    until = time.monotonic() + seconds

    async def work() -> list[Outcome]:
        outcomes: list[Outcome] = []
        while len(outcomes) < least or time.monotonic() < until:
            outcomes.append(await exchange(port, next(messages), timeout=timeout))
        return outcomes

    return [outcome for outcomes in await asyncio.gather(*(work() for _ in range(clients))) for outcome in outcomes]
