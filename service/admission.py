"""How much work the service takes on: a bound on the tokens of all requests that have no answer yet."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

from service.problems import ProblemError, ProblemType

BYTES_PER_TOKEN = 4
"""Bytes of a body that count for a token, until the body has been read and its tokens are counted."""

TOKENS_PER_SECOND = 10_000
"""About what a network reads on two cores; it tells a refused client when to come back and promises nothing."""

MOST_RETRY_SECONDS = 60

PATIENT_SHARE = 0.25
"""Share of the queue that may be full for those who can wait to join; the rest is for those who would be refused."""


class Reservation:
    """The place of one request in the queue; give it back with `release`."""

    def __init__(self, admission: Admission, tokens: int) -> None:
        self._admission = admission
        self.tokens = 0
        self.adjust(tokens)

    def adjust(self, tokens: int) -> None:
        """Say how many tokens the request really has."""
        self._admission.change(tokens - self.tokens)
        self.tokens = tokens

    def release(self) -> None:
        """Leave the queue."""
        self.adjust(0)


class Admission:
    """Admits requests as long as the tokens of all that wait stay within a limit.

    One rule for one document or many, short or long: a request counts with the tokens that the network must read for
    it. There is no padding, so these are all that it reads. A request that is larger than the whole queue is admitted
    when nothing else waits, or it could never be answered.

    Attributes:
        tokens: Tokens of all that wait.
    """

    def __init__(self, limit: int, on_change: Callable[[int], object] = lambda _: None) -> None:
        """Begin with an empty queue.

        Args:
            limit: Most tokens.
            on_change: Called with the tokens of all that wait whenever they change.
        """
        self.limit = limit
        self.tokens = 0
        self._on_change = on_change
        self._shrunk = asyncio.Event()

    def admit(self, body_bytes: int) -> Reservation:
        """Take a request on.

        Raises:
            ProblemError: 429, the queue is full.
        """
        if (problem := self.refusal(body_bytes)) is not None:
            raise problem
        return Reservation(self, _estimate(body_bytes))

    def refusal(self, body_bytes: int) -> ProblemError | None:
        """Return the problem with taking a request on now: 429, the queue is full."""
        if self._has_room(_estimate(body_bytes), self.limit):
            return None
        seconds = min(MOST_RETRY_SECONDS, math.ceil(self.tokens / TOKENS_PER_SECOND))
        return ProblemError(
            ProblemType.OVERLOADED,
            f"The requests that wait have {self.tokens:,} tokens, of {self.limit:,} at most; try again in {seconds} s.",
            headers={"Retry-After": str(seconds)},
        )

    async def wait(self, body_bytes: int) -> Reservation:
        """Take a request on as soon as little enough waits."""
        tokens = _estimate(body_bytes)
        while not self._has_room(tokens, self.limit * PATIENT_SHARE):
            self._shrunk.clear()
            await self._shrunk.wait()
        return Reservation(self, tokens)

    def change(self, tokens: int) -> None:
        """Add so many tokens to those that wait, or take them away."""
        self.tokens += tokens
        if tokens < 0:
            self._shrunk.set()
        self._on_change(self.tokens)

    def _has_room(self, tokens: int, limit: float) -> bool:
        return not self.tokens or self.tokens + tokens <= limit


def _estimate(body_bytes: int) -> int:
    return math.ceil(body_bytes / BYTES_PER_TOKEN)
