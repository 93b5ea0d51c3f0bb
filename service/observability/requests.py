"""One line of the log, and one count of the metrics, for every request."""

from __future__ import annotations

import logging
import time
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import request_id
from service.observability.metrics import Metrics

UNMATCHED = "unmatched"
CLIENT_LEFT = 499
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# Asked every few seconds by machines.
_QUIET = frozenset({"/livez", "/readyz", "/metrics"})

logger = logging.getLogger("service.access")


def route_template(scope: Scope) -> str:
    """Return the path of the route or mount that took a request, as declared; never what the client sent."""
    route = scope.get("route")
    declared = getattr(route, "path_format", None) or getattr(route, "path", None)
    if declared is None and "app_root_path" in scope:  # a mount took it: it has moved the root to itself
        declared = scope["root_path"].removeprefix(scope["app_root_path"])
    return str(declared or UNMATCHED)


def method_name(scope: Scope) -> str:
    """Return a request's method if it is a common one, otherwise ``other``."""
    method: str = scope["method"]
    return method if method in _METHODS else "other"


class RequestLogMiddleware:
    """Logs and counts every answer, by the route's template and not by the path that was sent."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = CLIENT_LEFT

        async def send_watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        begin = time.perf_counter()
        self.metrics.request_started()
        try:
            await self.app(scope, receive, send_watched)
        except Exception:
            status = 500
            raise
        finally:
            self._end(scope, status, time.perf_counter() - begin)

    def _end(self, scope: Scope, status: int, seconds: float) -> None:
        method, route = method_name(scope), route_template(scope)
        self.metrics.request_ended(method, route, status, seconds)
        level = logging.DEBUG if route in _QUIET and status < 500 else logging.INFO
        if logger.isEnabledFor(level):
            fields: dict[str, Any] = {
                "request_id": request_id(scope),
                "method": method,
                "route": route,
                "status": status,
                "seconds": round(seconds, 6),
            }
            state = scope.get("state", {})
            fields |= {name: state[name] for name in ("key_name", "trace_id") if name in state}
            logger.log(level, "%s %s %d", method, route, status, extra={"fields": fields})
