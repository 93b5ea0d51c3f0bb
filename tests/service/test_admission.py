"""The queue's bound, as hypothesis would have it broken."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from service.admission import BYTES_PER_TOKEN, Admission, Reservation
from service.problems import ProblemError, ProblemType

LIMIT = 100


class Queue(RuleBasedStateMachine):
    """Requests come, are counted and leave, in any order."""

    waiting = Bundle("waiting")

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[int] = []
        self.admission = Admission(LIMIT, self.seen.append)
        self.expected: dict[Reservation, int] = {}

    @rule(target=waiting, size=st.integers(1, 2 * LIMIT * BYTES_PER_TOKEN))
    def admit(self, size: int) -> Reservation | None:
        before, tokens = self.admission.tokens, -(-size // BYTES_PER_TOKEN)
        fits = before + tokens <= LIMIT or before == 0
        try:
            reservation = self.admission.admit(size)
        except ProblemError as problem:
            assert not fits
            assert problem.type is ProblemType.OVERLOADED
            assert int(problem.headers["Retry-After"]) >= 1
            return None
        assert fits
        self.expected[reservation] = tokens
        return reservation

    @rule(reservation=waiting, tokens=st.integers(0, LIMIT))
    def count(self, reservation: Reservation | None, tokens: int) -> None:
        if reservation in self.expected:
            reservation.adjust(tokens)
            self.expected[reservation] = tokens

    @rule(reservation=consumes(waiting))
    def leave(self, reservation: Reservation | None) -> None:
        if reservation in self.expected:
            del self.expected[reservation]
            reservation.release()
            reservation.release()

    @invariant()
    def all_are_counted(self) -> None:
        assert self.admission.tokens == sum(self.expected.values())
        assert not self.seen or self.seen[-1] == self.admission.tokens


TestQueue = pytest.mark.filterwarnings("error")(Queue.TestCase)
TestQueue.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
