"""How large the trials are."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """Counts and seconds of the trials; every loop has its bound here.

    Attributes:
        disconnects: Clients that leave.
        capacity_seconds: How long the capacity is measured.
        queue_seconds: Seconds of work that our queue holds under overload.
        deadline: Seconds in which an answer is of use under overload.
        filling_seconds: How long a load lasts before anything is counted.
        counted_seconds: How long it is counted.
        factors: Loads, in multiples of the capacity.
        in_flight: Requests that are open when the server is told to stop.
        slow_connections: Connections that send a byte a second.
        slow_seconds: How long others are measured beside them.
        soak_sentences: Sentences of the soak.
    """

    disconnects: int = 1000
    capacity_seconds: float = 20
    queue_seconds: float = 4
    deadline: float = 10
    filling_seconds: float = 16
    counted_seconds: float = 60
    factors: tuple[int, ...] = (1, 2, 5, 10)
    in_flight: int = 200
    slow_connections: int = 500
    slow_seconds: float = 40
    soak_sentences: int = 200_000


FULL = Scale()
QUICK = Scale(
    disconnects=200,
    capacity_seconds=5,
    queue_seconds=2,
    deadline=5,
    filling_seconds=6,
    counted_seconds=8,
    factors=(1, 10),
    in_flight=100,
    slow_seconds=8,
    soak_sentences=4_000,
)
