"""What runs in every replica: the application of `service.app`, with its model in a process of its own beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from model.errors import ModelError
from service.app import create_app
from service.cluster.options import cluster_settings
from service.errors import REQUEST_ID_HEADER
from service.gateway import Gateway
from service.observability.logs import configure_logging
from service.observability.metrics import Metrics
from service.storage.running import check_storage

_ID_NAME = REQUEST_ID_HEADER.lower().encode()
_LOOK_SECONDS = 0.02


def replica_app(args: Mapping[str, Any], *, processors: int | None = None, observer: Metrics | None = None) -> FastAPI:
    """Return the application of a replica; Ray Serve starts and stops it, and with it the model's process.

    Args:
        args: Settings of the Serve config, see `cluster_settings`.
        processors: How many the replica has been given.
        observer: Counts what happens.

    Raises:
        SettingsError: a setting makes no sense.
        StorageError: the database is not usable as it is set up.
    """
    settings = cluster_settings(args, processors=processors)
    configure_logging(settings.log_format, settings.log_level)
    check_storage(settings)
    app = create_app(settings, observer=observer)
    app.add_middleware(OneRequestIdMiddleware)
    if settings.trusted_proxies:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=list(settings.trusted_proxies))
    return app


class OneRequestIdMiddleware:
    """Leaves ``X-Request-ID`` of answers to Ray's proxy.

    The proxy gives every request without an id one that is a UUID, which the application keeps, and adds it to the
    answer, whether or not it is there already.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""

        async def send_without_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [header for header in message["headers"] if header[0].lower() != _ID_NAME]
            await send(message)

        await self.app(scope, receive, send_without_id)


async def until_ready(gateway: Gateway) -> None:
    """Wait until the model can be asked, as ``/readyz`` says it; for how long is up to the caller.

    Raises:
        ModelError: it could not be loaded, and only a new replica can help.
    """
    while not gateway.ready:
        if gateway.failure is not None:
            raise ModelError(gateway.failure)
        await asyncio.sleep(_LOOK_SECONDS)
