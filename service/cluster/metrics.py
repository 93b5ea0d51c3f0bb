"""Metrics of all replicas in one place: Ray's exporter on every machine, which Prometheus finds by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ray.serve.metrics import Counter, Gauge

from service.observability.metrics import Metrics


class ClusterMetrics(Metrics):
    """Counts what a replica does, and tells Ray, which adds the names of the replica and of its application.

    The names are those of ``/metrics``, behind ``ray_``. There are fewer of them, since Ray itself measures times.
    """

    def __init__(self) -> None:
        super().__init__()
        # Ray's annotations know tuples of one name alone.
        kinds: Any = ("method", "route", "status")
        model: Any = ("name", "version", "sha256")
        self._told_requests = Counter("entity_stance_http_requests", "Answered requests.", tag_keys=kinds)
        self._told_rejects = Counter("entity_stance_rejects", "Requests refused.", tag_keys=("reason",))
        self._told_tokens = Counter("entity_stance_tokens", "Tokens of answered requests.")
        self._told_sentences = Counter("entity_stance_sentences", "Sentences of answered requests.")
        self._told_queue = Gauge("entity_stance_queue_tokens", "Tokens that wait for the network.")
        self._told_up = Gauge("entity_stance_worker_up", "1 while the model's process is there.")
        self._told_lost = Counter("entity_stance_worker_restarts", "Processes of the model that ended by themselves.")
        self._told_model = Gauge("entity_stance_model_info", "The model that answers.", tag_keys=model)

    def request_ended(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request out."""
        super().request_ended(method, route, status, seconds)
        self._told_requests.inc(tags={"method": method, "route": route, "status": str(status)})

    def rejected(self, reason: str) -> None:
        """Count a refusal."""
        super().rejected(reason)
        self._told_rejects.inc(tags={"reason": reason})

    def queue_changed(self, tokens: int) -> None:
        """Note how many tokens wait for the network."""
        super().queue_changed(tokens)
        self._told_queue.set(tokens)

    def answered(self, tokens: int, sentences: int, waited_seconds: float) -> None:
        """Count a request that the network has read."""
        super().answered(tokens, sentences, waited_seconds)
        # Ray counts nothing that is not above 0.
        if tokens:
            self._told_tokens.inc(tokens)
        if sentences:
            self._told_sentences.inc(sentences)

    def worker_started(self, info: Mapping[str, str]) -> None:
        """Note that a worker is there, and its model."""
        super().worker_started(info)
        self._told_up.set(1)
        self._told_model.set(1, tags={name: info[name] for name in ("name", "version", "sha256")})

    def worker_lost(self) -> None:
        """Note that the worker is gone."""
        super().worker_lost()
        self._told_up.set(0)
        self._told_lost.inc()
