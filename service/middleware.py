"""ASGI middleware: a limit on request bodies, and an id for every request."""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import REQUEST_ID_HEADER, request_id, response_for
from service.problems import Fault, ProblemError, ProblemType

_MAX_LENGTH_DIGITS = 20

STREAMED_PATHS = frozenset({"/classify/stream"})
"""Bodies of any length go here; they are read line by line, and the limit is one of lines."""


class RequestIdMiddleware:
    """Gives every request an id, which its answer carries as ``X-Request-ID``."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[REQUEST_ID_HEADER] = request_id(scope)
            await send(message)

        await self.app(scope, receive, send_with_id)


class BodyLimitMiddleware:
    """Refuses bodies of more than so many bytes, before anything is parsed.

    A declared length is refused at once. A body without one (chunked) is counted while it arrives; the fault is
    then raised inside the application, whose error handlers answer it.
    """

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self.app = app
        self.max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http" or scope["path"] in STREAMED_PATHS:
            await self.app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdecimal() and (len(declared) > _MAX_LENGTH_DIGITS or int(declared) > self.max_bytes):
            await response_for(scope, self._problem())(scope, receive, send)
            return
        await self.app(scope, self._counting(receive), send)

    def _counting(self, receive: Receive) -> Receive:
        received = 0

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.max_bytes:
                raise self._problem()
            return message

        return receive_counted

    def _problem(self) -> ProblemError:
        fault = Fault("body", f"the body has more than {self.max_bytes} bytes", self.max_bytes, ProblemType.TOO_LARGE)
        # The rest of the body stays unread, so the connection cannot be used again.
        return ProblemError(
            fault.type,
            f"The body has more than {self.max_bytes} bytes; send several smaller requests.",
            [fault],
            {"Connection": "close"},
        )
