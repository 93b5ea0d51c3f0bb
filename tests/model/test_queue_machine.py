"""Whatever callers do to the queue of a real network, in any order: nobody is left waiting."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Sequence
from concurrent.futures import CancelledError
from functools import cache

import numpy as np
import onnxruntime as ort
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, precondition, rule
from test_batching import row

from model.batching import Flow, Scored, Ticket
from model.classifier import default_directory
from model.config import NETWORK_FILE
from model.encoding import Row
from model.errors import ClosedError, DeadlineError
from model.runtime import Runtime

NETWORK = default_directory() / NETWORK_FILE
PATIENCE_SECONDS = 10
POISON = 1_000_000
"""A token id that no embedding table holds: the runtime raises an error of its own over it."""

ort.set_default_logger_severity(4)

rows = st.lists(st.builds(row, st.integers(4, 9), st.integers(1996, 1999)), max_size=6)


@cache
def reference() -> Runtime:
    return Runtime(NETWORK, threads=1)


@cache
def alone(length: int, word: int) -> Scored:
    return reference().run([row(length, word)])[0]


class Slow(Runtime):
    """A runtime whose network can be held up."""

    def __init__(self) -> None:
        super().__init__(NETWORK, threads=2)
        self.free = threading.Event()
        self.free.set()

    def _infer(self, rows: Sequence[Row]) -> list[Scored]:
        assert self.free.wait(PATIENCE_SECONDS)
        return super()._infer(rows)


class Callers(RuleBasedStateMachine):
    """Callers who submit, cancel, send what fails or comes too late, and somebody who closes it all."""

    tickets = Bundle("tickets")

    def __init__(self) -> None:
        super().__init__()
        self.runtime = Slow()
        self.closed = False
        self.asked: list[tuple[Ticket, list[Row], str]] = []

    def _submit(self, asked: list[Row], kind: str, deadline: float = math.inf) -> Ticket:
        ticket = self.runtime.submit(asked, Flow(deadline))
        self.asked.append((ticket, asked, "closed" if self.closed else kind))
        return ticket

    @rule(target=tickets, asked=rows)
    def submit(self, asked: list[Row]) -> Ticket:
        return self._submit(asked, "good")

    @rule(target=tickets, asked=rows, length=st.integers(4, 9))
    def submit_what_fails(self, asked: list[Row], length: int) -> Ticket:
        return self._submit([*asked, row(length, POISON)], "poisoned")

    @rule(target=tickets, asked=rows, seconds=st.floats(-0.01, 0.01))
    def submit_with_a_deadline(self, asked: list[Row], seconds: float) -> Ticket:
        return self._submit(asked, "urgent", time.monotonic() + seconds)

    @rule(ticket=tickets)
    def cancel(self, ticket: Ticket) -> None:
        ticket.future.cancel()

    @rule()
    def hold(self) -> None:
        self.runtime.free.clear()

    @rule()
    def release(self) -> None:
        self.runtime.free.set()

    @precondition(lambda self: not self.closed)
    @rule()
    def close(self) -> None:
        self.runtime.free.set()
        self.runtime.close()
        self.closed = True

    def teardown(self) -> None:
        self.runtime.free.set()
        for ticket, asked, kind in self.asked:
            self._check(ticket, asked, kind)
        # What nobody wants any more is dropped by the threads, which then rest.
        until = time.monotonic() + PATIENCE_SECONDS
        while self.runtime._working or self.runtime._queue._heaps:
            assert time.monotonic() < until
            time.sleep(0.001)
        self.runtime.close()

    def _check(self, ticket: Ticket, asked: list[Row], kind: str) -> None:
        try:
            scored = ticket.future.result(PATIENCE_SECONDS)
        except CancelledError:
            return
        except ClosedError:
            assert self.closed
        except DeadlineError:
            assert kind == "urgent"
        except Exception as error:
            assert not isinstance(error, TimeoutError), "nobody answered"
            assert kind == "poisoned"
        else:
            assert kind in {"good", "urgent"}
            for one, row_ in zip(scored, asked, strict=True):
                expected = alone(len(row_.ids), row_.ids[2])
                np.testing.assert_array_equal(one[0], expected[0])
                np.testing.assert_array_equal(one[1], expected[1])


TestCallers = pytest.mark.filterwarnings("error")(Callers.TestCase)
TestCallers.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
