"""Documents of any number through the gateway, one a line, in constant memory."""

from __future__ import annotations

import asyncio
from asyncio import Future
from collections.abc import Mapping
from typing import Any

import anyio
import orjson
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from starlette.requests import ClientDisconnect, Request
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from service.admission import Reservation
from service.bodies import NDJSON
from service.errors import request_id
from service.gateway import Gateway
from service.lines import Line, split_lines
from service.problems import Fault, ProblemError, ProblemType, printable

LINES_AHEAD = 64
"""Lines that are read before the first of them is answered; no more are taken from the client until it is."""

_Slot = Future[bytes]


class DocumentStream(StreamingResponse):
    """The answer to ``POST /classify/stream``: a line for a line, in order, sent as soon as it is there.

    Nothing more is read from a client that does not take its answers: a fixed number of lines is read ahead, and each
    waits for its place in the gateway's queue instead of being refused. A faulty line is answered with an error and
    costs no other line its answer.
    """

    def __init__(self, request: Request, options: Mapping[str, Any]) -> None:
        """Answer the lines of a request's body, all with the same ``countries`` and ``blocs``."""
        super().__init__((), media_type=NDJSON)
        self._gateway: Gateway = request.app.state.gateway
        self._request = request
        self._options = options
        self._reservations: set[Reservation] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        taken, given = anyio.create_memory_object_stream[_Slot](LINES_AHEAD)
        try:
            async with anyio.create_task_group() as group, given:
                group.start_soon(self._read, taken, group)
                await self._send(given, send)
                group.cancel_scope.cancel()
        finally:
            # A task that is cancelled before it runs cannot give its place back.
            for reservation in self._reservations:
                reservation.release()

    async def _read(self, taken: MemoryObjectSendStream[_Slot], group: TaskGroup) -> None:
        """Set to work on every line; give up everything when the client is gone."""
        number = 0
        try:
            async with taken:
                try:
                    async for line in split_lines(self._request.stream(), self._gateway.settings.max_body_bytes):
                        number = line.number
                        await self._begin(line, taken, group)
                except ProblemError as problem:  # The next piece of the body did not arrive in time.
                    await taken.send(_done(_error_line(number + 1, problem)))
            while (await self._request.receive())["type"] != "http.disconnect":
                pass
        except ClientDisconnect:
            pass
        group.cancel_scope.cancel()

    async def _begin(self, line: Line, taken: MemoryObjectSendStream[_Slot], group: TaskGroup) -> None:
        """Put a line in the queue, and its answer-to-be in order."""
        if line.content is None:
            limit = self._gateway.settings.max_body_bytes
            fault = Fault("body", f"the line has more than {limit:,} bytes", limit, ProblemType.TOO_LARGE)
            await taken.send(_done(_error_line(line.number, ProblemError.from_faults([fault]))))
            return
        reservation = await self._gateway.admission.wait(len(line.content))
        self._reservations.add(reservation)
        slot: _Slot = asyncio.get_running_loop().create_future()
        group.start_soon(self._answer, line, reservation, slot)
        await taken.send(slot)

    async def _answer(self, line: Line, reservation: Reservation, slot: _Slot) -> None:
        """Fill a slot with the answer to a line, be it an error."""
        head = orjson.dumps({"options": self._options, "line": line.number})
        body = head + b"\n" + (line.content or b"")
        try:
            answer = await self._gateway.ask("document", body, request_id(self._request.scope), reservation)
        except ProblemError as problem:
            answer = _error_line(line.number, problem)
        finally:
            self._reservations.discard(reservation)
        slot.set_result(answer)

    async def _send(self, given: MemoryObjectReceiveStream[_Slot], send: Send) -> None:
        """Send answers in order."""
        async for slot in given:
            await send({"type": "http.response.body", "body": await slot + b"\n", "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _done(answer: bytes) -> _Slot:
    slot: _Slot = asyncio.get_running_loop().create_future()
    slot.set_result(answer)
    return slot


def _error_line(number: int, problem: ProblemError) -> bytes:
    kind = problem.type
    error = {"type": kind.uri, "title": kind.title, "status": kind.status, "detail": printable(problem.detail)}
    return orjson.dumps({"line": number, "id": None, "error": error})
