"""Token buckets: how often somebody may call."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

MAX_BUCKETS = 100_000
"""Callers that are remembered; about 20 MB."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """The outcome of one call.

    Attributes:
        allowed: Whether it may go on.
        remaining: Calls that may follow at once.
        wait_seconds: Whole seconds until the next call may come; 0 if one may come now.
    """

    allowed: bool
    remaining: int
    wait_seconds: int


class TokenBuckets:
    """One bucket a caller, which holds up to ``burst`` tokens and gains ``per_minute`` of them a minute.

    At most so many are kept. The one used longest ago gives way: it has had the most time to fill up again, and a
    bucket that is forgotten counts as full.
    """

    def __init__(
        self,
        per_minute: float,
        burst: int | None = None,
        max_buckets: int = MAX_BUCKETS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.per_minute = per_minute
        self.burst = burst or max(1, math.ceil(per_minute))
        self._rate = per_minute / 60
        self._max_buckets = max_buckets
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        """How many callers are remembered."""
        return len(self._buckets)

    @property
    def window_seconds(self) -> int:
        """Whole seconds in which an empty bucket fills up."""
        return math.ceil(self.burst / self._rate)

    def take(self, caller: str) -> Allowance:
        """Take a token from a caller's bucket, if it has one."""
        now = self._clock()
        tokens, then = self._buckets.pop(caller, (float(self.burst), now))
        tokens = min(self.burst, tokens + (now - then) * self._rate)
        allowed = tokens >= 1
        if allowed:
            tokens -= 1
        self._buckets[caller] = (tokens, now)
        if len(self._buckets) > self._max_buckets:
            self._buckets.popitem(last=False)
        wait = 0 if tokens >= 1 else math.ceil((1 - tokens) / self._rate)
        return Allowance(allowed, int(tokens), wait)
