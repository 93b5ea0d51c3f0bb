"""Limits on request bodies: how large, how slow, and how encoded."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import response_for
from service.observability.metrics import Metrics
from service.problems import Fault, ProblemError, ProblemType

STREAMED_PATHS = frozenset({"/classify/stream"})
"""Where a body may be endless: it is read and answered piece by piece, and the route limits the pieces."""

_MAX_LENGTH_DIGITS = 20
# The rest of the body stays unread, so the connection cannot be used again.
_CLOSE = {"Connection": "close"}


class BodyGuardMiddleware:
    """Refuses bodies that are too large, too slow or compressed, before anything is parsed.

    A declared length is refused at once; a body without one (chunked) is counted while it arrives. A fault that shows
    while the body is read is raised inside the application, to end its work, and answered from here.
    """

    def __init__(self, app: ASGIApp, max_bytes: int, seconds: float, metrics: Metrics) -> None:
        self.app = app
        self.max_bytes = max_bytes
        self.seconds = seconds
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {name: value for name, value in scope["headers"] if name in _BODY_HEADERS}
        if not headers:  # then HTTP/1.1 has no body
            await self.app(scope, receive, send)
            return
        streamed = scope["path"] in STREAMED_PATHS
        max_bytes = None if streamed else self.max_bytes
        problem, started = _refusal(headers, max_bytes), False
        if problem is None:
            body = _Body(receive, send, max_bytes, self.seconds, streamed)
            await body.run(self.app, scope)
            problem, started = body.problem, body.started
        if problem is not None:
            self.metrics.rejected(problem.type.slug)
            if not started:
                await response_for(scope, problem)(scope, receive, send)


_BODY_HEADERS = frozenset({b"content-length", b"transfer-encoding", b"content-encoding"})


class _Body:
    """One body on its way to the application."""

    def __init__(self, receive: Receive, send: Send, max_bytes: int | None, seconds: float, streamed: bool) -> None:
        self.problem: ProblemError | None = None
        self.started = False
        self._receive = receive
        self._send = send
        self._max_bytes = max_bytes
        self._seconds = seconds
        self._streamed = streamed
        self._deadline: float | None = None
        self._received = 0
        self._complete = False

    async def run(self, app: ASGIApp, scope: Scope) -> None:
        """Let the application answer, unless the body turns out faulty before it has begun to."""
        try:
            await app(scope, self.receive, self.send)
        except ProblemError:
            if self.problem is None or self.started:
                raise

    async def receive(self) -> Message:
        """Pass on what arrives.

        Raises:
            ProblemError: the body is too large, or did not arrive in time.
        """
        if self._complete:  # what is waited for now is the end of the connection
            return await self._receive()
        if self._deadline is None or self._streamed:
            self._deadline = asyncio.get_running_loop().time() + self._seconds
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            raise self._fault(_too_slow(self._seconds)) from None
        self._complete = not message.get("more_body", False)
        self._received += len(message.get("body", b""))
        if self._max_bytes is not None and self._received > self._max_bytes:
            raise self._fault(_too_large(self._max_bytes))
        return message

    async def send(self, message: Message) -> None:
        """Pass on the answer, unless a fault of the body is to be answered instead."""
        if self.problem is None or self.started:
            self.started = True
            await self._send(message)

    def _fault(self, problem: ProblemError) -> ProblemError:
        self.problem = problem
        return problem


def _refusal(headers: dict[bytes, bytes], max_bytes: int | None) -> ProblemError | None:
    declared = headers.get(b"content-length", b"").decode("latin-1")
    # A number of thousands of digits takes long to read.
    if max_bytes is not None and declared.isdecimal() and int(declared[:_MAX_LENGTH_DIGITS]) > max_bytes:
        return _too_large(max_bytes)
    encoding = headers.get(b"content-encoding", b"").strip().lower()
    if encoding not in {b"", b"identity"}:
        detail = "Send the body as it is: a Content-Encoding other than identity is not taken."
        return ProblemError(ProblemType.UNSUPPORTED_ENCODING, detail, headers={"Accept-Encoding": "identity", **_CLOSE})
    return None


def _too_large(max_bytes: int) -> ProblemError:
    fault = Fault("body", f"the body has more than {max_bytes} bytes", max_bytes, ProblemType.TOO_LARGE)
    detail = f"The body has more than {max_bytes} bytes; send several smaller requests."
    return ProblemError(fault.type, detail, [fault], _CLOSE)


def _too_slow(seconds: float) -> ProblemError:
    return ProblemError(ProblemType.TOO_SLOW, f"The body did not arrive within {seconds:g} seconds.", headers=_CLOSE)
