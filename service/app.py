"""The HTTP application."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio
from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from service.errors import install_error_handlers
from service.explaining import ExplainRequest
from service.gateway import Gateway
from service.middleware import install_middleware
from service.observability.metrics import Metrics
from service.openapi import install_openapi
from service.reloading import reload_on_hangup
from service.responses import OrjsonResponse
from service.routes import classify, corrections, explain, metrics, review, status, stream
from service.routes.page import install_page
from service.settings import Settings, load_settings
from service.storage.running import Storage
from service.storage.schemas import STORAGE_REQUESTS
from service.version import package_version

_SUMMARY = "For every country in every sentence: which stance it takes, and toward whom."


def create_app(
    settings: Settings | None = None,
    *,
    on_model_failure: Callable[[], object] | None = None,
    observer: Metrics | None = None,
) -> FastAPI:
    """Return the application; its model loads in a process of its own once the application starts.

    Args:
        settings: The settings; from the environment by default.
        on_model_failure: Called when the model cannot be loaded, so that a server can stop.
        observer: Counts what happens, for ``/metrics``; made here by default.

    Raises:
        SettingsError: the environment or its file holds a senseless setting, or one that needs an extra.
        StorageError: the database's URL is faulty, or its driver is not installed.
    """
    settings = settings or load_settings()
    observer = observer or Metrics()
    gateway = Gateway(settings, observer)
    storage = Storage(settings) if settings.database_url else None

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with anyio.create_task_group() as tasks:
            if storage is not None:
                await tasks.start(storage.run)
            tasks.start_soon(gateway.run, on_model_failure)
            if threading.current_thread() is threading.main_thread():
                tasks.start_soon(reload_on_hangup, gateway)
            yield
            tasks.cancel_scope.cancel()

    app = FastAPIOffline(
        redoc_url=None,
        title="entity-stance",
        summary=_SUMMARY,
        version=package_version(),
        lifespan=lifespan,
        default_response_class=OrjsonResponse,
        # No online validator: the documentation page makes no request to other hosts.
        swagger_ui_parameters={"validatorUrl": None},
    )
    app.state.gateway = gateway
    app.state.metrics = observer
    app.include_router(classify.router)
    app.include_router(stream.router)
    app.include_router(explain.router)
    app.include_router(status.router)
    app.include_router(metrics.router)
    if storage is not None:
        app.state.storage = storage
        app.include_router(corrections.router)
        app.include_router(review.router)
    install_page(app)
    install_error_handlers(app)
    install_openapi(app, (ExplainRequest, *(STORAGE_REQUESTS if storage is not None else ())))
    install_middleware(app, settings, app.state.metrics)
    return app
