"""API keys and rate limits, before a byte of the body is read."""

from __future__ import annotations

import ipaddress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.access.buckets import Allowance, TokenBuckets
from service.access.keys import recognise
from service.errors import response_for
from service.observability.metrics import Metrics
from service.problems import ProblemError, ProblemType
from service.settings import Settings

OPEN_PATHS = frozenset({"/", "/docs", "/docs/oauth2-redirect", "/openapi.json", "/livez", "/readyz", "/metrics"})
OPEN_FOLDERS = ("/page/", "/static-offline-docs/")
RATE_HEADERS = ("RateLimit", "RateLimit-Policy")

_BEARER = b"bearer "
_IPV6_NETWORK = 64


def is_open(path: str) -> bool:
    """Say whether a path is answered without a key and without a limit."""
    return path in OPEN_PATHS or path.startswith(OPEN_FOLDERS)


class AccessMiddleware:
    """Lets those pass who present a key and have not called too often.

    The name of the key, never the key, stands in the scope's state as ``key_name`` for the log.
    """

    def __init__(self, app: ASGIApp, settings: Settings, metrics: Metrics) -> None:
        self.app = app
        self.keys = settings.api_keys
        self.metrics = metrics
        self.buckets = TokenBuckets(settings.rate_per_minute, settings.rate_burst) if settings.rate_per_minute else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http" or is_open(scope["path"]):
            await self.app(scope, receive, send)
            return
        try:
            caller = self._authenticate(scope)
            allowance = self.buckets.take(caller) if self.buckets is not None else None
            headers = self._rate_headers(allowance)
            if allowance is not None and not allowance.allowed:
                raise _too_often(allowance, headers)
        except ProblemError as problem:
            self.metrics.rejected(problem.type.slug)
            await response_for(scope, problem)(scope, receive, send)
            return
        await self.app(scope, receive, _adding(send, headers) if headers else send)

    def _authenticate(self, scope: Scope) -> str:
        if not self.keys:
            return _network(scope)
        presented = _presented(scope)
        for candidate in presented:
            key = recognise(candidate, self.keys)
            if key is not None:
                scope.setdefault("state", {})["key_name"] = key.name
                return key.name
        detail = (
            "The API key is not known here."
            if presented
            else "Send an API key as 'Authorization: Bearer KEY' or 'X-API-Key: KEY'."
        )
        raise ProblemError(ProblemType.UNAUTHORIZED, detail, headers={"WWW-Authenticate": "Bearer"})

    def _rate_headers(self, allowance: Allowance | None) -> dict[str, str]:
        if allowance is None or self.buckets is None:
            return {}
        return {
            "RateLimit-Policy": f'"default";q={self.buckets.burst};w={self.buckets.window_seconds}',
            "RateLimit": f'"default";r={allowance.remaining};t={allowance.wait_seconds}',
        }


def _presented(scope: Scope) -> list[bytes]:
    """Return what may be a key, at most one of each header."""
    found: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        if name == b"authorization" and value[: len(_BEARER)].lower() == _BEARER:
            found.setdefault(name, value[len(_BEARER) :].strip())
        elif name == b"x-api-key":
            found.setdefault(name, value.strip())
    return list(found.values())


def _network(scope: Scope) -> str:
    """Return a client's address; of IPv6, where a single client has 2**64 of them, its network."""
    host = scope["client"][0] if scope.get("client") else ""
    if ":" not in host:
        return str(host)
    try:
        return str(ipaddress.ip_network((host.partition("%")[0], _IPV6_NETWORK), strict=False))
    except ValueError:
        return str(host)


def _too_often(allowance: Allowance, headers: dict[str, str]) -> ProblemError:
    detail = f"Too many requests; the next one may come in {allowance.wait_seconds} seconds."
    headers = {"Retry-After": str(allowance.wait_seconds), **headers}
    return ProblemError(ProblemType.RATE_LIMITED, detail, headers=headers)


def _adding(send: Send, headers: dict[str, str]) -> Send:
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *raw]
        await send(message)

    return send_with_headers
