"""What the HTTP process and the model's process tell each other, over a pair of sockets.

A frame is the length of its payload, the number of the call that it belongs to, its kind, and the payload. Payloads
that carry a document or an answer have a head before it: one line of JSON.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Any

import orjson

from service.problems import Fault, ProblemError, ProblemType, printable

_PREFIX = struct.Struct("!IQB")


class Kind(IntEnum):
    """What a frame says; the first three go to the model's process, the others come from it."""

    START = 1
    """The settings, as JSON."""
    CALL = 2
    """An operation with its body."""
    CANCEL = 3
    """Nobody waits for the call any more."""
    READY = 4
    """The model is loaded; what it is, as JSON."""
    FAILED = 5
    """The model cannot be loaded, and why."""
    READ = 6
    """The call's documents are read and wait for the network; `Usage` so far, as JSON."""
    ANSWER = 7
    """The answer, with the `Usage` at its head."""
    PROBLEM = 8
    """The call cannot be answered; the problem as JSON."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One message."""

    kind: Kind
    payload: bytes = b""
    call: int = 0

    def encode(self) -> bytes:
        """Return the bytes to send."""
        return _PREFIX.pack(len(self.payload), self.call, self.kind) + self.payload


@dataclass(frozen=True, slots=True)
class Call:
    """An operation that the model's process is to do.

    Attributes:
        operation: Its name.
        body: What it is to be done with.
        request_id: Id of the request that asks for it, for the log.
        deadline: Time of the machine's monotonic clock, in seconds, after which nobody waits for it.
    """

    operation: str
    body: bytes
    request_id: str
    deadline: float

    def to_payload(self) -> bytes:
        """Return the payload of a `Kind.CALL`."""
        head = {"operation": self.operation, "request_id": self.request_id, "deadline": self.deadline}
        return _with_head(head, self.body)

    @classmethod
    def from_payload(cls, payload: bytes) -> Call:
        """Read the payload of a `Kind.CALL`."""
        head, body = _without_head(payload)
        return cls(body=body, **head)


@dataclass(frozen=True, slots=True)
class Usage:
    """What a call took.

    Attributes:
        tokens: Token ids that its sentences have for the network.
        sentences: Sentences that go through the network.
        waited: Seconds from the arrival of the call until its documents were read.
        batches: Token ids of each batch that the network has read since the last answer, whoever asked for them.
    """

    tokens: int = 0
    sentences: int = 0
    waited: float = 0.0
    batches: tuple[int, ...] = ()

    def to_payload(self, answer: bytes = b"") -> bytes:
        """Return the payload of a `Kind.READ` or `Kind.ANSWER`."""
        return _with_head(asdict(self), answer)

    @classmethod
    def from_payload(cls, payload: bytes) -> tuple[Usage, bytes]:
        """Read such a payload: the usage and the answer."""
        head, answer = _without_head(payload)
        return cls(head["tokens"], head["sentences"], head["waited"], tuple(head["batches"])), answer


def problem_payload(problem: ProblemError) -> bytes:
    """Return the payload of a `Kind.PROBLEM`."""
    data = {
        "type": problem.type.name,
        "detail": printable(problem.detail),
        "faults": [{**fault.to_dict(), "type": fault.type.name} for fault in problem.faults],
        "headers": problem.headers,
    }
    return orjson.dumps(data)


def read_problem(payload: bytes) -> ProblemError:
    """Read such a payload."""
    data = orjson.loads(payload)
    faults = [Fault(**{**fault, "type": ProblemType[fault["type"]]}) for fault in data["faults"]]
    return ProblemError(ProblemType[data["type"]], data["detail"], faults, data["headers"])


async def read_frame(reader: asyncio.StreamReader) -> Frame:
    """Read the next frame.

    Raises:
        asyncio.IncompleteReadError: the other side is gone.
    """
    length, call, kind = _PREFIX.unpack(await reader.readexactly(_PREFIX.size))
    return Frame(Kind(kind), await reader.readexactly(length), call)


def _with_head(head: Mapping[str, Any], body: bytes) -> bytes:
    return orjson.dumps(head) + b"\n" + body


def _without_head(payload: bytes) -> tuple[dict[str, Any], bytes]:
    head, _, body = payload.partition(b"\n")
    return orjson.loads(head), body
