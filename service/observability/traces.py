"""OpenTelemetry traces: one span a request, without anything that its client sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anyio import to_thread
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.observability.requests import method_name, route_template
from service.settings import ENV_PREFIX, SettingsError
from service.version import DISTRIBUTION, package_version

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

_TRACE_HEADERS = frozenset({b"traceparent", b"tracestate"})


def tracer_provider(endpoint: str) -> TracerProvider:
    """Return what sends spans to a collector, in the background.

    It is nobody's global: two applications in one process have one each.

    Raises:
        SettingsError: the extra ``otel`` is not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError as error:
        name = f"{ENV_PREFIX}OTEL_ENDPOINT"
        raise SettingsError(f"{name}: traces need an extra: pip install '{DISTRIBUTION}[otel]'") from error
    resource = Resource.create({"service.name": DISTRIBUTION, "service.version": package_version()})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    return provider


class TracingMiddleware:
    """Makes a span of every request, a child of the client's if it sends ``traceparent``.

    The instrumentation that OpenTelemetry offers notes the URL with its query, the host and the user agent. Here a span
    has the method, the route's template and the status, and no more. Its id goes into the log.
    """

    def __init__(self, app: ASGIApp, provider: TracerProvider) -> None:
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

        self.app = app
        self.provider = provider
        self.tracer = provider.get_tracer(DISTRIBUTION, package_version())
        self.propagator = TraceContextTextMapPropagator()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] == "http":
            await self._trace(scope, receive, send)
            return

        async def send_last_spans(message: Message) -> None:
            # Once the server knows that the application has ended, it waits for nothing any more.
            if message["type"].startswith("lifespan.shutdown."):
                await to_thread.run_sync(self.provider.shutdown)
            await send(message)

        await self.app(scope, receive, send_last_spans)

    async def _trace(self, scope: Scope, receive: Receive, send: Send) -> None:
        from opentelemetry.trace import SpanKind, StatusCode  # noqa: PLC0415

        async def send_watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                span.set_attribute("http.response.status_code", message["status"])
                if message["status"] >= 500:
                    span.set_status(StatusCode.ERROR)
            await send(message)

        carrier = {name.decode(): value.decode("latin-1") for name, value in scope["headers"] if name in _TRACE_HEADERS}
        # What an error says may quote the text that caused it, so errors are not recorded.
        with self.tracer.start_as_current_span(
            method_name(scope),
            context=self.propagator.extract(carrier),
            kind=SpanKind.SERVER,
            attributes={"http.request.method": method_name(scope)},
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            scope.setdefault("state", {})["trace_id"] = f"{span.get_span_context().trace_id:032x}"
            try:
                await self.app(scope, receive, send_watched)
            finally:
                span.set_attribute("http.route", route_template(scope))
                span.update_name(f"{method_name(scope)} {route_template(scope)}")
