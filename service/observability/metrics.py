"""Metrics in the format of Prometheus, in a registry of their own for each application."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
_TOKENS = (16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192)


class Metrics:
    """Counts what the service does. All methods may be called from any thread."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._requests = Counter(
            "entity_stance_http_requests",
            "Answered requests. Status 499: the client left before the answer.",
            ("method", "route", "status"),
            registry=registry,
        )
        self._request_seconds = Histogram(
            "entity_stance_http_request_seconds",
            "Time from a request's headers to the end of its answer.",
            ("route",),
            buckets=_SECONDS,
            registry=registry,
        )
        self._in_flight = Gauge(
            "entity_stance_http_requests_in_flight", "Requests being answered now.", registry=registry
        )
        self._rejects = Counter(
            "entity_stance_rejects",
            "Requests and connections refused, by the kind of problem.",
            ("reason",),
            registry=registry,
        )
        self._queue_tokens = Gauge("entity_stance_queue_tokens", "Tokens that wait for the network.", registry=registry)
        self._queue_seconds = Histogram(
            "entity_stance_queue_wait_seconds",
            "Time that a request's sentences waited for the network.",
            buckets=_SECONDS,
            registry=registry,
        )
        self._batch_tokens = Histogram(
            "entity_stance_batch_tokens", "Tokens in a batch.", buckets=_TOKENS, registry=registry
        )
        self._tokens = Counter("entity_stance_tokens", "Tokens of answered requests.", registry=registry)
        self._sentences = Counter("entity_stance_sentences", "Sentences of answered requests.", registry=registry)
        self._model = Gauge(
            "entity_stance_model_info", "The model that answers.", ("name", "version", "sha256"), registry=registry
        )
        self._worker_up = Gauge("entity_stance_worker_up", "1 while the worker is there.", registry=registry)
        self._restarts = Counter("entity_stance_worker_restarts", "Workers started again.", registry=registry)
        self._worker_started_before = False

    def request_started(self) -> None:
        """Count a request in."""
        self._in_flight.inc()

    def request_ended(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request out.

        Args:
            method: A known method, or ``other``: what a client sends at will is no label.
            route: The template of its path, or ``unmatched``.
            status: The answer's status.
            seconds: How long it took.
        """
        self._in_flight.dec()
        self._requests.labels(method, route, str(status)).inc()
        self._request_seconds.labels(route).observe(seconds)

    def shed(self, route: str, reason: str, status: int) -> None:
        """Count a request that was refused before anything was made of it, in no time worth measuring."""
        self._requests.labels("POST", route, str(status)).inc()
        self._request_seconds.labels(route).observe(0)
        self._rejects.labels(reason).inc()

    def rejected(self, reason: str) -> None:
        """Count a refusal, by the kind of problem, such as ``too-large``."""
        self._rejects.labels(reason).inc()

    def queue_changed(self, tokens: int) -> None:
        """Note how many tokens wait for the network."""
        self._queue_tokens.set(tokens)

    def answered(self, tokens: int, sentences: int, waited_seconds: float) -> None:
        """Count a request that the network has read, and how long its sentences waited for their turn."""
        self._tokens.inc(tokens)
        self._sentences.inc(sentences)
        self._queue_seconds.observe(waited_seconds)

    def batch(self, tokens: int) -> None:
        """Note the size of a batch."""
        self._batch_tokens.observe(tokens)

    def worker_started(self, info: Mapping[str, str]) -> None:
        """Note that a worker is there, and the ``name``, ``version`` and ``sha256`` of its model."""
        if self._worker_started_before:
            self._restarts.inc()
        self._worker_started_before = True
        self._worker_up.set(1)
        self._model.clear()
        self._model.labels(**{name: info[name] for name in ("name", "version", "sha256")}).set(1)

    def worker_lost(self) -> None:
        """Note that the worker is gone."""
        self._worker_up.set(0)
        self._queue_tokens.set(0)

    def exposition(self) -> bytes:
        """Return all of it as text."""
        return generate_latest(self.registry)
