"""Other clients' answers while hundreds of connections send a byte a second."""

from __future__ import annotations

import asyncio
import contextlib

from benchmarks.resilience.client import HOST, classify
from benchmarks.resilience.findings import Finding, describe
from benchmarks.resilience.prober import probe
from benchmarks.resilience.scale import Scale
from benchmarks.resilience.servers import Contender, Server, serving

REQUESTS_A_SECOND = 20
SETTLING_SECONDS = 3


def measure(contender: Contender, scale: Scale) -> list[Finding]:
    """Measure short requests without and with slow connections beside them."""
    with serving(contender) as server:
        return asyncio.run(_measure(server, scale))


async def _measure(server: Server, scale: Scale) -> list[Finding]:
    message = classify("Norway warned Iceland that time was running out.")
    await probe(server.port, message, hertz=REQUESTS_A_SECOND, seconds=2)
    alone = await probe(server.port, message, hertz=REQUESTS_A_SECOND, seconds=scale.slow_seconds)
    slow = [asyncio.create_task(_dribble(server.port, index)) for index in range(scale.slow_connections)]
    try:
        await asyncio.sleep(SETTLING_SECONDS)
        beside = await probe(server.port, message, hertz=REQUESTS_A_SECOND, seconds=scale.slow_seconds)
    finally:
        for task in slow:
            task.cancel()
        await asyncio.gather(*slow, return_exceptions=True)
    name = f"{scale.slow_connections} slow connections: p99 of others, times that without"
    note = f"{1000 * beside.p99:,.0f} ms against {1000 * alone.p99:,.0f} ms"
    return [
        Finding(name, beside.p99 / alone.p99, "×", most=2, note=note),
        Finding("the others get", describe(beside.statuses)),
    ]


async def _dribble(port: int, index: int) -> None:
    """Send a byte a second, half of the connections of the headers and half of a body; come back when cut off."""
    message = classify("Norway warned Iceland. " * 100)
    sent = 0 if index % 2 else message.index(b"\r\n\r\n") + 4
    await asyncio.sleep(index % 100 / 100)
    while True:
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection(HOST, port)
            try:
                writer.write(message[:sent])
                for byte in message[sent:]:
                    await asyncio.sleep(1)
                    if reader.at_eof() or writer.transport.is_closing():
                        break
                    writer.write(bytes([byte]))
            finally:
                writer.transport.abort()
        await asyncio.sleep(1)
