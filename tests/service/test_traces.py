"""Traces: sent to a collector that listens on HTTP, with nothing of the text in them."""

from __future__ import annotations

import builtins
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from guarded_server import guarded, logged
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from service.app import create_app
from service.observability.logs import JsonFormatter
from service.settings import Settings, SettingsError

MARK = "Zzyzx"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"


@contextmanager
def collector() -> Iterator[tuple[str, list[bytes]]]:
    """Take what an exporter sends, as a collector does."""
    received: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            assert self.headers["Content-Encoding"] in {None, "identity"}
            received.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1/traces", received
        finally:
            server.shutdown()
            thread.join()


def spans(bodies: list[bytes]) -> list[Span]:
    """Read the spans that a collector has received."""
    requests = [ExportTraceServiceRequest.FromString(body) for body in bodies]
    return [
        span
        for request in requests
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def failing(*_: Any) -> None:
    raise RuntimeError(f"cannot read {MARK}")


@pytest.mark.usefixtures("in_process")
def test_each_request_is_a_span_without_its_text(monkeypatch: pytest.MonkeyPatch) -> None:
    headers = {"User-Agent": MARK, "X-Mark": MARK, "traceparent": f"00-{TRACE}-{PARENT}-01", "tracestate": "a=b"}
    with collector() as (endpoint, received):
        with logged(JsonFormatter()) as lines, guarded(Settings(otel_endpoint=endpoint)) as server:
            client = server.ready()
            text = {"text": f"Norway warned {MARK} Iceland."}
            assert client.post("/classify", params={"q": MARK}, json=text, headers=headers).status_code == 200
            assert client.get(f"/{MARK}", params={"text": MARK}, headers={"traceparent": MARK}).status_code == 404
            monkeypatch.setattr("service.engine.read_request", failing)
            assert client.post("/classify", json=text).status_code == 500
        # What waited to be sent has been, now that the server has ended.
        found = spans(received)
    by_name = {(span.name, _attributes(span)["http.response.status_code"]): span for span in found}
    answered = by_name["POST /classify", 200]
    assert _attributes(answered) == {
        "http.request.method": "POST",
        "http.route": "/classify",
        "http.response.status_code": 200,
    }
    assert answered.trace_id.hex() == TRACE
    assert answered.parent_span_id.hex() == PARENT
    assert answered.kind == Span.SPAN_KIND_SERVER
    assert answered.end_time_unix_nano > answered.start_time_unix_nano
    assert by_name["GET unmatched", 404].trace_id.hex() != TRACE
    failed = by_name["POST /classify", 500]
    assert failed.status.code == 2
    assert not failed.events
    assert all(MARK.encode() not in body and b"127.0.0.1" not in body for body in received)
    assert any(TRACE in line and '"route":"/classify"' in line for line in lines)


def _attributes(span: Span) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in span.attributes}


def test_a_collector_that_is_not_there_hinders_nobody() -> None:
    with guarded(Settings(otel_endpoint="http://127.0.0.1:9/v1/traces")) as server:
        assert server.ready().post("/classify", json={"text": "Peru met Chile."}).status_code == 200


def test_without_the_extra_traces_are_refused_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    load = builtins.__import__

    def missing(name: str, *arguments: Any, **options: Any) -> Any:
        if name.startswith("opentelemetry"):
            raise ImportError(name)
        return load(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", missing)
    create_app(Settings())
    with pytest.raises(SettingsError, match=r"ENTITY_STANCE_OTEL_ENDPOINT: .*entity-stance\[otel\]"):
        create_app(Settings(otel_endpoint="http://127.0.0.1:4318/v1/traces"))
