"""The HTTP application."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio
from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.responses import RedirectResponse

from service.engine import Engine
from service.errors import install_error_handlers
from service.middleware import BodyLimitMiddleware, RequestIdMiddleware
from service.openapi import install_openapi
from service.responses import OrjsonResponse
from service.routes import classify, corrections, review, status
from service.settings import Settings, load_settings
from service.storage.running import Storage
from service.storage.schemas import STORAGE_REQUESTS
from service.version import package_version

_SUMMARY = "For every country in every sentence: which stance it takes, and toward whom."


def create_app(settings: Settings | None = None, *, on_model_failure: Callable[[], object] | None = None) -> FastAPI:
    """Return the application; its model loads in the background once the application starts.

    Args:
        settings: The settings; from the environment by default.
        on_model_failure: Called when the model cannot be loaded, so that a server can stop.

    Raises:
        SettingsError: the environment holds a senseless setting.
        StorageError: the database's URL is faulty, or its driver is not installed.
    """
    settings = settings or load_settings()
    engine = Engine(settings)
    storage = Storage(settings) if settings.database_url else None

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(engine.load, on_model_failure)
            if storage is not None:
                await tasks.start(storage.run)
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
    app.state.engine = engine
    app.include_router(classify.router)
    app.include_router(status.router)
    if storage is not None:
        app.state.storage = storage
        app.include_router(corrections.router)
        app.include_router(review.router)
    app.add_api_route("/", _to_documentation, include_in_schema=False)
    install_error_handlers(app)
    install_openapi(app, STORAGE_REQUESTS if storage is not None else ())
    app.add_middleware(BodyLimitMiddleware, max_bytes=settings.max_body_bytes)
    app.add_middleware(RequestIdMiddleware)
    return app


async def _to_documentation() -> RedirectResponse:
    return RedirectResponse("docs")
