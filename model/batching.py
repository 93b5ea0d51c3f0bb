"""Rows that wait for the network: handed out in batches of equal length, the most urgent first."""

from __future__ import annotations

import heapq
import math
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from itertools import count
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from model.encoding import Row
from model.errors import DeadlineError

BATCH_TOKENS = 128
"""Token ids in a batch, at most; larger batches leave the processor's caches and gain nothing."""

TOKENS_PER_SECOND = 10_000
"""About what a network reads on two cores. It orders what waits and promises nothing."""

Floats = NDArray[np.float32]
Scored = tuple[Floats, Floats]
"""Label logits ``[entities, labels]`` and target logits ``[entities, entities, labels]`` of a row."""

_Key = tuple[tuple[int, ...], tuple[tuple[int, ...], ...]]


class Flow:
    """What one caller asks, one piece after the other, with the time by which it is of use.

    Every piece is due when all of the caller's pieces so far would be done if the caller were alone; what is due first
    is done first. So a short text overtakes a long one that came before it, and a long one is not put off for ever
    (fair queueing: Demers, Keshav and Shenker, 1989).

    Attributes:
        deadline: Time of the monotonic clock, in seconds, after which the rows are dropped.
    """

    def __init__(self, deadline: float = math.inf) -> None:
        self.deadline = deadline
        self._due = 0.0

    def due(self, tokens: int) -> float:
        """Return when a further piece of so many tokens is due."""
        self._due = max(self._due, time.monotonic()) + tokens / TOKENS_PER_SECOND
        return min(self._due, self.deadline)


class Ticket:
    """Rows that were handed in together.

    Attributes:
        future: Gives the scores of the rows in the order in which they were handed in. Whoever cancels it saves what
            is not yet computed.
    """

    def __init__(self, deadline: float) -> None:
        self.future: Future[list[Scored]] = Future()
        self.deadline = deadline
        self._items: list[Item] = []
        self._left = 0
        # Of the threads that have something to tell, one does: the last row may be scored as another one fails.
        self._untold = threading.Semaphore(1)

    def add(self, item: Item) -> None:
        """Ask for one more row, which somebody may have asked for already."""
        self._items.append(item)
        if item.scored is None:
            self._left += 1
            item.tickets.append(self)

    def count_down(self) -> bool:
        """Take note that a row is done, and say whether it was the last."""
        self._left -= 1
        return self.done

    @property
    def done(self) -> bool:
        """Whether every row has its scores."""
        return not self._left

    def is_wanted(self, now: float) -> bool:
        """Say whether anybody waits for the rows; past the deadline, the waiting are told."""
        if now > self.deadline:
            self.fail(DeadlineError("the text was not read in time"))
        return not self.future.done()

    def finish(self) -> None:
        """Give the scores to whoever waits."""
        if self._may_tell():
            self.future.set_result([item.scored for item in self._items if item.scored is not None])

    def fail(self, error: BaseException) -> None:
        """Tell whoever waits that there will be no scores."""
        if self._may_tell():
            self.future.set_exception(error)

    def _may_tell(self) -> bool:
        """Say, once, whether anybody still waits."""
        return self._untold.acquire(blocking=False) and self.future.set_running_or_notify_cancel()


class Item:
    """A row that waits, is being computed, or has its scores; identical rows share one."""

    __slots__ = ("__weakref__", "due", "key", "row", "scored", "taken", "tickets")

    def __init__(self, row: Row, key: _Key) -> None:
        self.row = row
        self.key = key
        self.due = math.inf
        self.taken = False
        self.scored: Scored | None = None
        self.tickets: list[Ticket] = []


class BatchQueue:
    """Rows of many callers. One thread at a time may use it."""

    def __init__(self) -> None:
        self._heaps: dict[int, list[tuple[float, int, Item]]] = defaultdict(list)
        self._numbers = count()
        # As long as anybody holds the ticket of a row, an identical row costs nothing.
        self._items: WeakValueDictionary[_Key, Item] = WeakValueDictionary()

    def put(self, rows: Sequence[Row], flow: Flow) -> Ticket:
        """Queue rows; the ticket of none is done at once, though its future is not yet told."""
        ticket = Ticket(flow.deadline)
        due = flow.due(sum(len(row.ids) for row in rows))
        for row in rows:
            key = tuple(row.ids), row.positions
            item = self._items.get(key)
            if item is None:
                item = self._items[key] = Item(row, key)
            ticket.add(item)
            if not item.taken and due < item.due:
                item.due = due
                heapq.heappush(self._heaps[len(row.ids)], (due, next(self._numbers), item))
        return ticket

    def take(self) -> list[Item]:
        """Return the next batch: the most urgent row, and others of its length; empty if none waits."""
        now = time.monotonic()
        while self._heaps:
            length = min(self._heaps, key=lambda length: self._heaps[length][0][:2])
            batch = self._pop(self._heaps[length], max(1, BATCH_TOKENS // length), now)
            if not self._heaps[length]:
                del self._heaps[length]
            if batch:
                return batch
        return []

    def deliver(self, item: Item, scored: Scored) -> list[Ticket]:
        """Keep the scores of a row, and return the tickets that are thereby done."""
        item.scored = scored
        finished = [ticket for ticket in item.tickets if ticket.count_down()]
        item.tickets.clear()
        return finished

    def fail(self, item: Item) -> list[Ticket]:
        """Forget a row that cannot be computed, and return the tickets that will never be done."""
        self._items.pop(item.key, None)
        failed = list(item.tickets)
        item.tickets.clear()
        return failed

    def clear(self) -> list[Ticket]:
        """Forget all rows that wait, and return the tickets that will never be done."""
        waiting = [item for heap in self._heaps.values() for _, _, item in heap if not item.taken]
        self._heaps.clear()
        return [ticket for item in waiting for ticket in self.fail(item)]

    def _pop(self, heap: list[tuple[float, int, Item]], size: int, now: float) -> list[Item]:
        batch: list[Item] = []
        while heap and len(batch) < size:
            item = heapq.heappop(heap)[2]
            if item.taken:
                continue
            item.taken = True
            wanted = [ticket.is_wanted(now) for ticket in item.tickets]
            if any(wanted):
                batch.append(item)
            else:
                self.fail(item)
        return batch


def equal_length_batches(rows: Sequence[Row], tokens: int = BATCH_TOKENS) -> Iterator[list[int]]:
    """Yield indices of rows of equal length, within the token budget."""
    by_length: dict[int, list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        by_length[len(row.ids)].append(index)
    for length, indices in sorted(by_length.items()):
        size = max(1, tokens // length)
        for start in range(0, len(indices), size):
            yield indices[start : start + size]
