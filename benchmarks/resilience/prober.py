"""A process of its own that asks for one thing at a steady rate.

Run as ``python -m benchmarks.resilience.prober PORT HZ COUNT``, by `probe` and by nobody else. The request stands
on standard input; the seconds and statuses of the answers go to standard output as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections import Counter
from dataclasses import dataclass

from benchmarks.resilience.findings import percentile
from benchmarks.resilience.sender import open_loop

TIMEOUT = 30.0
MARGIN = 10.0


@dataclass(frozen=True, slots=True)
class Probed:
    """What a prober saw: seconds of each request, and how often each status came."""

    seconds: list[float]
    statuses: dict[int, int]

    @property
    def p99(self) -> float:
        """Seconds that 99 in 100 requests took at most."""
        return percentile(self.seconds, 99)


async def probe(port: int, message: bytes, *, hertz: float, seconds: float) -> Probed:
    """Ask for the same thing at a steady rate for some time, from a process of its own.

    Raises:
        RuntimeError: the prober failed, or did not end in time.
    """
    count = max(1, int(hertz * seconds))
    command = [sys.executable, "-m", "benchmarks.resilience.prober", str(port), str(hertz), str(count)]
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    try:
        async with asyncio.timeout(count / hertz + TIMEOUT + MARGIN):
            answer, _ = await process.communicate(message)
    except TimeoutError:
        raise RuntimeError("the prober did not end in time") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise RuntimeError(f"the prober failed with {process.returncode}")
    data = json.loads(answer)
    return Probed(data["seconds"], {int(status): count for status, count in data["statuses"].items()})


def main() -> None:
    """Probe as the arguments say."""
    port, hertz, count = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    message = sys.stdin.buffer.read()
    outcomes = open_loop(port, [message] * count, hertz, timeout=TIMEOUT)
    statuses = Counter(outcome.status for outcome in outcomes)
    json.dump({"seconds": [outcome.seconds for outcome in outcomes], "statuses": statuses}, sys.stdout)


if __name__ == "__main__":
    main()
