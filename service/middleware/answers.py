"""What every answer carries: the id of its request, and headers that keep a browser on the safe side."""

from __future__ import annotations

import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import REQUEST_ID_HEADER, request_id

_UUID = re.compile(rb"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_ID_NAME = REQUEST_ID_HEADER.lower().encode()

_CSP = (
    b"default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    b"frame-ancestors 'none'"
)
# The documentation's page has a script and styles of its own in it.
_DOCS_CSP = _CSP + b"; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'"
_DOCS_PATHS = frozenset({"/docs", "/docs/oauth2-redirect"})

_COMMON = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)
SECURITY_HEADERS = ((b"content-security-policy", _CSP), *_COMMON)
_DOCS_HEADERS = ((b"content-security-policy", _DOCS_CSP), *_COMMON)


class AnswerHeadersMiddleware:
    """Adds ``X-Request-ID`` and the security headers to every answer.

    A client's own ``X-Request-ID`` is kept if it is a UUID; anything else could be made to look like a line of a log.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        _adopt_request_id(scope)
        added = _DOCS_HEADERS if scope["path"] in _DOCS_PATHS else SECURITY_HEADERS

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                present = {name for name, _ in headers}
                headers += [header for header in added if header[0] not in present]
                if _ID_NAME not in present:
                    headers.append((_ID_NAME, request_id(scope).encode()))
                message["headers"] = headers
            await send(message)

        await self.app(scope, receive, send_with_headers)


def _adopt_request_id(scope: Scope) -> None:
    for name, value in scope["headers"]:
        if name == _ID_NAME and _UUID.fullmatch(value):
            scope.setdefault("state", {})["request_id"] = value.decode().lower()
            return
