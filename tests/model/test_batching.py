"""Rows of many callers in shared batches."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from model.batching import BATCH_TOKENS, BatchQueue, Flow, Scored
from model.classifier import default_directory
from model.config import NETWORK_FILE, TOKENIZER_FILE
from model.encoding import Row, slot_ids
from model.errors import DeadlineError
from model.runtime import Runtime

SLOT = slot_ids(Tokenizer.from_file(str(default_directory() / TOKENIZER_FILE)))[0]


def row(length: int, word: int = 1996) -> Row:
    """Make a row with one entity, after the first token."""
    return Row(0, [101, SLOT, *[word] * (length - 3), 102], (0,), ((1,),))


@pytest.fixture(scope="module")
def runtime() -> Runtime:
    return Runtime(default_directory() / NETWORK_FILE, threads=2)


class Gate:
    """Holds the network back, so that a test can queue what it likes; keeps the batches."""

    def __init__(self, runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
        self.open = threading.Event()
        self.entered = threading.Semaphore(0)
        self.batches: list[list[Row]] = []
        self._infer = runtime._infer
        monkeypatch.setattr(runtime, "_infer", self._gated)

    def _gated(self, rows: Sequence[Row]) -> list[Scored]:
        self.batches.append(list(rows))
        self.entered.release()
        self.open.wait()
        return self._infer(rows)


@pytest.fixture
def single() -> Runtime:
    """A runtime of one thread, so that batches come in order."""
    return Runtime(default_directory() / NETWORK_FILE, threads=1)


@pytest.fixture
def gate(single: Runtime, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    gate = Gate(single, monkeypatch)
    yield gate
    gate.open.set()


def assert_same(one: Sequence[Scored], other: Sequence[Scored]) -> None:
    for mine, theirs in zip(one, other, strict=True):
        np.testing.assert_array_equal(mine[0], theirs[0])
        np.testing.assert_array_equal(mine[1], theirs[1])


rows_of_callers = st.lists(
    st.lists(st.builds(row, st.integers(4, 9), st.integers(1996, 1999)), max_size=5), min_size=1, max_size=6
)


@settings(max_examples=40, deadline=None)
@given(rows_of_callers)
def test_rows_of_many_threads_are_scored_as_rows_alone(runtime: Runtime, callers: list[list[Row]]) -> None:
    alone = [[runtime.run([row])[0] for row in rows] for rows in callers]
    with ThreadPoolExecutor(len(callers)) as pool:
        for expected, scored in zip(alone, pool.map(runtime.run, callers), strict=True):
            assert_same(expected, scored)


@given(rows_of_callers)
def test_every_row_leaves_the_queue_once_in_batches_of_equal_length(callers: list[list[Row]]) -> None:
    queue = BatchQueue()
    tickets = [queue.put(rows, Flow()) for rows in callers]
    seen = []
    while batch := queue.take():
        assert len({len(item.row.ids) for item in batch}) == 1
        assert sum(len(item.row.ids) for item in batch) <= BATCH_TOKENS
        seen += [(tuple(item.row.ids), item.row.positions) for item in batch]
        for item in batch:
            queue.deliver(item, (np.zeros((1, 4), np.float32), np.zeros((1, 1, 4), np.float32)))
    assert len(seen) == len(set(seen))
    assert set(seen) == {(tuple(row.ids), row.positions) for rows in callers for row in rows}
    assert all(ticket.done for ticket in tickets)


def test_no_rows_are_scored_at_once(runtime: Runtime) -> None:
    assert runtime.run([]) == []


def test_identical_rows_are_computed_once(single: Runtime, gate: Gate) -> None:
    first = single.submit([row(9), row(9), row(8)])
    gate.entered.acquire()
    second = single.submit([row(8), row(9)])
    gate.open.set()
    scores, again = first.future.result(), second.future.result()
    third = single.submit([row(9)])
    assert_same(scores, [again[1], again[1], again[0]])
    assert_same(third.future.result(), scores[:1])
    assert sorted(len(batch) for batch in gate.batches) == [1, 1]


def test_a_short_text_overtakes_a_long_one(single: Runtime, gate: Gate) -> None:
    single.submit([row(4)])
    gate.entered.acquire()
    long = single.submit([row(length) for length in range(100, 120)])
    short = single.submit([row(8)])
    gate.open.set()
    long.future.result()
    short.future.result()
    assert [len(batch[0].ids) for batch in gate.batches[:2]] == [4, 8]


def test_pieces_of_one_caller_come_after_each_other(single: Runtime, gate: Gate) -> None:
    single.submit([row(4)])
    gate.entered.acquire()
    flow = Flow()
    tickets = [single.submit([row(100 + index)], flow) for index in range(5)]
    tickets.append(single.submit([row(50)]))
    gate.open.set()
    for ticket in tickets:
        ticket.future.result()
    assert [len(batch[0].ids) for batch in gate.batches[1:]] == [50, 100, 101, 102, 103, 104]


def test_what_is_cancelled_or_too_late_is_not_computed(single: Runtime, gate: Gate) -> None:
    single.submit([row(4)])
    gate.entered.acquire()
    cancelled, late = single.submit([row(5)]), single.submit([row(6)], Flow(time.monotonic() - 1))
    shared, alive = single.submit([row(7)]), single.submit([row(7)])
    cancelled.future.cancel()
    shared.future.cancel()
    gate.open.set()
    alive.future.result(timeout=60)
    with pytest.raises(DeadlineError, match="in time"):
        late.future.result(timeout=60)
    with pytest.raises(CancelledError):
        cancelled.future.result()
    assert [len(batch[0].ids) for batch in gate.batches] == [4, 7]
    assert len(single.run([row(5), row(6)])) == 2


def test_a_row_that_fails_fails_alone_and_is_tried_again(single: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    infer = single._infer

    def failing(rows: Sequence[Row]) -> list[Scored]:
        if any(1998 in row.ids for row in rows):
            raise RuntimeError("cursed")
        return infer(rows)

    words = list(range(1996, 2001))
    with monkeypatch.context() as patched:
        patched.setattr(single, "_infer", failing)
        tickets = [single.submit([row(9, word), row(7)]) for word in words]
        for word, ticket in zip(words, tickets, strict=True):
            if word == 1998:
                with pytest.raises(RuntimeError, match="cursed"):
                    ticket.future.result(timeout=60)
            else:
                assert len(ticket.future.result(timeout=60)) == 2
    assert len(single.run([row(9, 1998)])) == 1
