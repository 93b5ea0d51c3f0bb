"""ASGI middleware, and the one place that says in which order it stands."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from service.access.middleware import RATE_HEADERS, AccessMiddleware
from service.errors import REQUEST_ID_HEADER
from service.middleware.answers import AnswerHeadersMiddleware
from service.middleware.bodies import BodyGuardMiddleware
from service.middleware.failures import FailureMiddleware
from service.observability.metrics import Metrics
from service.observability.requests import RequestLogMiddleware
from service.observability.traces import TracingMiddleware, tracer_provider
from service.settings import Settings

_CORS_SECONDS = 600


def install_middleware(app: FastAPI, settings: Settings, metrics: Metrics) -> None:
    """Put an application behind its middleware.

    From the outside in; Starlette takes the innermost first, so the code below reads from the inside out:

    1. ids and security headers, so that every answer carries them, whoever gives it;
    2. log and metrics, which see every answer as it leaves;
    3. traces, inside them since a trace's id belongs into the log;
    4. CORS, before access: a browser asks for permission without a key, and must be let read a refusal;
    5. access, before a byte of the body is read;
    6. limits on the body, before anything of it is parsed;
    7. failures, innermost: what the application did not foresee is an answer to all the others.

    Raises:
        SettingsError: traces are asked for, but the extra ``otel`` is not installed.
    """
    app.add_middleware(FailureMiddleware)
    app.add_middleware(
        BodyGuardMiddleware, max_bytes=settings.max_body_bytes, seconds=settings.body_seconds, metrics=metrics
    )
    if settings.api_keys or settings.rate_per_minute:
        app.add_middleware(AccessMiddleware, settings=settings, metrics=metrics)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "X-API-Key", REQUEST_ID_HEADER],
            expose_headers=["Retry-After", REQUEST_ID_HEADER, *RATE_HEADERS],
            max_age=_CORS_SECONDS,
        )
    if settings.otel_endpoint:
        app.add_middleware(TracingMiddleware, provider=tracer_provider(settings.otel_endpoint))
    app.add_middleware(RequestLogMiddleware, metrics=metrics)
    app.add_middleware(AnswerHeadersMiddleware)
