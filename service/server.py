"""The HTTP server: uvicorn, with a guard on every connection."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from typing import ClassVar

import h11
import uvicorn
from fastapi import FastAPI
from starlette.types import Scope
from uvicorn.protocols.http.flow_control import CLOSE_HEADER
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES, H11Protocol

from service.errors import response_for
from service.gateway import Gateway
from service.middleware.answers import SECURITY_HEADERS
from service.observability.metrics import Metrics
from service.problems import ProblemError, ProblemType
from service.settings import Settings
from service.shedding import Shedder

_RETRY_AFTER_SECONDS = "2"
# How long a refused client may take to read why; what it sends meanwhile is thrown away.
_LINGER_SECONDS = 2.0
_PIECE_BYTES = 4096
# Connections over the limit that are told so; further ones are closed without a word.
_REFUSED_AT_ONCE = 64
_STATUS_OF_LARGE_HEADERS = 431


def server_config(app: FastAPI, settings: Settings) -> uvicorn.Config:
    """Return how uvicorn serves an application: guarded connections, and no log but the application's."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=guarded_protocol(settings, app.state.metrics, app.state.gateway),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_keep_alive=settings.keep_alive_seconds,
        timeout_graceful_shutdown=settings.drain_seconds,
    )


def guarded_protocol(settings: Settings, metrics: Metrics, gateway: Gateway) -> type[GuardedProtocol]:
    """Return the protocol class for an application's settings; uvicorn makes one object a connection."""
    members = {
        "max_connections": settings.max_connections,
        "header_seconds": settings.header_seconds,
        "answer_seconds": settings.answer_seconds,
        "metrics": metrics,
        "shedder": Shedder(gateway, metrics, settings),
    }
    return type("ConfiguredProtocol", (GuardedProtocol,), members)


class GuardedProtocol(H11Protocol):
    """A connection that must say what it wants in time, and is told in a problem document why it is refused.

    uvicorn by itself waits for ever for the end of the headers and for a client to take its answer, answers broken
    HTTP in plain text, and fails with a traceback where the HTTP breaks after the answer has begun. h11 limits the
    headers to 16 KiB, give or take a piece.
    """

    max_connections: ClassVar[int]
    header_seconds: ClassVar[float]
    answer_seconds: ClassVar[float]
    metrics: ClassVar[Metrics]
    shedder: ClassVar[Shedder]

    _refused = False
    _closing: asyncio.TimerHandle | None = None
    _giving_up: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection, or refuse it if there are too many."""
        super().connection_made(transport)
        if len(self.connections) > self.max_connections + _REFUSED_AT_ONCE:
            self.metrics.rejected(ProblemType.TOO_MANY_CONNECTIONS.slug)
            transport.abort()
        elif len(self.connections) > self.max_connections:
            headers = {"Retry-After": _RETRY_AFTER_SECONDS}
            self._refuse(ProblemType.TOO_MANY_CONNECTIONS, "Too many connections are open; try again later.", headers)
        else:
            self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """End a connection."""
        self._stop_timer()
        self._taken()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what a client sends."""
        if self._between_requests and (refusal := self.shedder.refusal(data)) is not None:
            self._end_with(refusal.answer, unread=not refusal.complete)
            return
        # h11 limits what it holds of incomplete headers; complete ones of any size would pass if they came at once.
        start = 0
        while start < len(data) and not self._refused:
            end = start + _PIECE_BYTES if self._awaits_headers else len(data)
            super().data_received(data[start:end])
            start = end
        self._watch()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no valid HTTP; uvicorn calls this while it handles h11's error."""
        error = sys.exc_info()[1]
        if isinstance(error, h11.RemoteProtocolError) and error.error_status_hint == _STATUS_OF_LARGE_HEADERS:
            self._refuse(ProblemType.HEADERS_TOO_LARGE, "The headers, or one piece of a chunked body, are too large.")
        else:
            self._refuse(ProblemType.MALFORMED_HTTP, "The request is not valid HTTP.")

    def pause_writing(self) -> None:
        """Let the time run while a client does not take its answer."""
        super().pause_writing()
        self._giving_up = self.loop.call_later(self.answer_seconds, self._not_taken)

    def resume_writing(self) -> None:
        """Note that it has taken most of what was there."""
        self._taken()
        super().resume_writing()

    def _taken(self) -> None:
        if self._giving_up is not None:
            self._giving_up.cancel()
            self._giving_up = None

    def _not_taken(self) -> None:
        self.metrics.rejected("answer-not-taken")
        self.transport.abort()

    @property
    def _between_requests(self) -> bool:
        """Whether the next byte that comes is the first one of a request."""
        return (
            not self._refused
            and self.conn.our_state is self.conn.their_state is h11.IDLE
            and not self.conn.trailing_data[0]
        )

    @property
    def _awaits_headers(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _watch(self) -> None:
        """Let the time run while a client owes the headers of a request, or the rest of one that has its answer."""
        if self._refused or self.transport.is_closing():
            return
        if not self._awaits_headers:
            self._stop_timer()
        elif self._closing is None:
            self._closing = self.loop.call_later(self.header_seconds, self._too_slow)

    def _stop_timer(self) -> None:
        if self._closing is not None:
            self._closing.cancel()
            self._closing = None

    def _too_slow(self) -> None:
        detail = f"The headers did not arrive within {self.header_seconds:g} seconds."
        self._refuse(ProblemType.TOO_SLOW, detail)

    def _refuse(self, kind: ProblemType, detail: str, headers: Mapping[str, str] | None = None) -> None:
        """Close the connection; say why if no answer has begun."""
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        self._stop_timer()
        self._unset_keepalive_if_required()
        self.metrics.rejected(kind.slug)
        if self.cycle is not None and not self.cycle.response_complete:
            # Whoever works on the request learns that the client is gone, and can send nothing any more.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.conn.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:
            self.transport.abort()
            return
        self._end_with(self._encoded(ProblemError(kind, detail, headers=headers)))

    def _end_with(self, answer: bytes, *, unread: bool = True) -> None:
        """Say a last word; while there may be unread data, give the client some time to read it."""
        self._refused = True
        self._stop_timer()
        self._unset_keepalive_if_required()
        self.transport.write(answer)
        if not unread:
            self.transport.close()
            return
        # To close at once, with data unread, would reset the connection and could cost the client the answer.
        self.transport.write_eof()
        self._closing = self.loop.call_later(_LINGER_SECONDS, self.transport.abort)

    def _encoded(self, problem: ProblemError) -> bytes:
        scope: Scope = {"type": "http", "state": {}}
        response = response_for(scope, problem)
        headers = [*self.server_state.default_headers, *response.raw_headers, *SECURITY_HEADERS, CLOSE_HEADER]
        start = h11.Response(
            status_code=response.status_code, headers=headers, reason=STATUS_PHRASES[response.status_code]
        )
        events = (start, h11.Data(data=bytes(response.body)), h11.EndOfMessage())
        return b"".join(self.conn.send(event) or b"" for event in events)
