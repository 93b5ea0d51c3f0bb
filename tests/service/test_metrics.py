"""``/metrics``."""

from __future__ import annotations

import threading

import httpx
import pytest
from guarded_server import GET, guarded
from prometheus_client.parser import text_string_to_metric_families
from service_helpers import wait_until

from service.app import create_app
from service.observability.metrics import Metrics
from service.settings import Settings

INFO = {"name": "m", "version": "1", "sha256": "ab"}


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Return the samples of an exposition by name and labels."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_requests_are_counted_by_route_and_not_by_path() -> None:
    with guarded(Settings(max_body_bytes=1_000, max_text_characters=100)) as server:
        client = server.ready()
        for text in ("Norway warned Iceland.", "Peru met Chile.", "x" * 101):
            client.post("/classify", json={"text": text})
        client.post("/classify", content=b" " * 1_001, headers={"Content-Type": "application/json"})
        for index in range(50):
            client.get(f"/secret/{index}", params={"text": "Norway"})
            client.request(f"METHOD{index}", "/classify")
        client.get("/static-offline-docs/swagger-ui.css")
        server.exchange(b"nonsense\r\n\r\n")
        # The last byte of a file may reach the client before its request has ended.
        wait_until(lambda: "static-offline-docs" in client.get("/metrics").text)
        response = client.get("/metrics")
    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = samples(response.text)

    def count(method: str, route: str, status: int) -> float:
        labels = (("method", method), ("route", route), ("status", str(status)))
        return found["entity_stance_http_requests_total", labels]

    assert count("POST", "/classify", 200) == 2
    assert count("POST", "/classify", 413) == 1
    assert count("POST", "unmatched", 413) == 1  # refused before any route was looked for
    assert count("GET", "unmatched", 404) == 50
    assert count("other", "/classify", 405) == 50
    assert count("GET", "/static-offline-docs", 200) == 1
    assert found["entity_stance_http_request_seconds_count", (("route", "/classify"),)] == 53
    assert found["entity_stance_http_requests_in_flight", ()] == 1  # this one
    assert found["entity_stance_rejects_total", (("reason", "too-large"),)] == 1
    assert found["entity_stance_rejects_total", (("reason", "malformed-http"),)] == 1
    assert found["process_resident_memory_bytes", ()] > 1e7
    assert found["process_cpu_seconds_total", ()] > 0
    assert "secret" not in response.text
    assert "Norway" not in response.text
    assert "METHOD" not in response.text


def test_a_client_that_leaves_is_counted_and_not_in_flight_for_ever() -> None:
    with guarded(Settings()) as server:
        client = server.ready()
        with server.connection() as connection:
            connection.sendall(b"POST /classify HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n")
            connection.sendall(b"Content-Length: 100\r\n\r\n{")
            wait_until(lambda: samples(client.get("/metrics").text)["entity_stance_http_requests_in_flight", ()] == 2)
        wait_until(lambda: samples(client.get("/metrics").text)["entity_stance_http_requests_in_flight", ()] == 1)
        with server.connection() as connection:
            connection.sendall(GET)
            assert connection.recv(100)


def test_what_the_gateway_tells_is_shown() -> None:
    metrics = Metrics()
    metrics.queue_changed(700)
    metrics.answered(tokens=90, sentences=3, waited_seconds=0.03)
    metrics.answered(tokens=10, sentences=1, waited_seconds=0.3)
    metrics.batch(600)
    metrics.rejected("queue-full")
    metrics.worker_started(INFO)
    found = samples(metrics.exposition().decode())
    assert found["entity_stance_queue_tokens", ()] == 700
    assert found["entity_stance_tokens_total", ()] == 100
    assert found["entity_stance_sentences_total", ()] == 4
    assert found["entity_stance_queue_wait_seconds_sum", ()] == pytest.approx(0.33)
    assert found["entity_stance_queue_wait_seconds_bucket", (("le", "0.05"),)] == 1
    assert found["entity_stance_batch_tokens_bucket", (("le", "512.0"),)] == 0
    assert found["entity_stance_batch_tokens_bucket", (("le", "1024.0"),)] == 1
    assert found["entity_stance_rejects_total", (("reason", "queue-full"),)] == 1
    assert found["entity_stance_model_info", tuple(sorted(INFO.items()))] == 1
    assert found["entity_stance_worker_up", ()] == 1
    assert found["entity_stance_worker_restarts_total", ()] == 0


def test_a_worker_that_is_lost_and_started_again_is_counted() -> None:
    metrics = Metrics()
    metrics.worker_started(INFO)
    metrics.queue_changed(5)
    metrics.worker_lost()
    lost = samples(metrics.exposition().decode())
    assert lost["entity_stance_worker_up", ()] == lost["entity_stance_queue_tokens", ()] == 0
    metrics.worker_started({**INFO, "sha256": "cd"})
    found = samples(metrics.exposition().decode())
    assert found["entity_stance_worker_up", ()] == found["entity_stance_worker_restarts_total", ()] == 1
    models = [labels for name, labels in found if name == "entity_stance_model_info"]
    assert [dict(labels)["sha256"] for labels in models] == ["cd"]


def test_applications_share_no_metrics() -> None:
    first, second = create_app(Settings()).state.metrics, create_app(Settings()).state.metrics
    threads = [threading.Thread(target=lambda: [first.rejected("x") for _ in range(1_000)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert samples(first.exposition().decode())["entity_stance_rejects_total", (("reason", "x"),)] == 4_000
    assert ("entity_stance_rejects_total", (("reason", "x"),)) not in samples(second.exposition().decode())


def test_metrics_are_open_to_the_shared_client(client: httpx.Client) -> None:
    assert "entity_stance_http_requests_total" in client.get("/metrics").text
