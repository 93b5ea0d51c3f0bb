"""The application that ``serve deploy`` builds: ``import_path: service.cluster.application:application``.

Every replica is the whole service. Whatever changes in the config's ``args``, the model above all, replaces the
replicas one after the other, and those that are left answer meanwhile.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import ray
from ray import serve
from ray.serve.config import AutoscalingConfig

from model.classifier import StanceClassifier
from service.cluster.metrics import ClusterMetrics
from service.cluster.options import cluster_settings
from service.cluster.replica import replica_app, until_ready

if TYPE_CHECKING:
    from fastapi import FastAPI
    from ray.serve import Application

DEPLOYMENT = "EntityStance"
FEWEST_REPLICAS, MOST_REPLICAS = 2, 8
"""With one alone, requests would have to wait whenever it is replaced."""
BUSY_REQUESTS = 16
"""Requests in each replica beyond which there should be more replicas."""
GRACE_SECONDS = 5
"""How much longer than its requests a replica may take to end, before Ray ends it."""


def application(args: dict[str, Any]) -> Application:
    """Return the service as an application of Ray Serve.

    The Serve config may set the options of the deployment ``EntityStance``; what it leaves out follows the settings.

    Args:
        args: Settings by name.

    Raises:
        SettingsError: a setting makes no sense; nothing that runs is touched.
        ModelError: the model cannot be loaded; nothing that runs is touched.
    """
    settings = cluster_settings(args)
    StanceClassifier.from_pretrained(settings.model, threads=1).close()

    def build() -> FastAPI:
        return replica_app(args, processors=_processors(), observer=ClusterMetrics())

    deployment = serve.deployment(
        name=DEPLOYMENT,
        # As many as one server would take on. Long before that the replica itself refuses what it has no room for.
        max_ongoing_requests=settings.max_connections,
        max_queued_requests=settings.max_connections,
        autoscaling_config=AutoscalingConfig(
            min_replicas=FEWEST_REPLICAS, max_replicas=MOST_REPLICAS, target_ongoing_requests=BUSY_REQUESTS
        ),
        ray_actor_options={"num_cpus": 1},
        health_check_period_s=5,
        health_check_timeout_s=15,
        graceful_shutdown_timeout_s=settings.drain_seconds + GRACE_SECONDS,
    )
    return deployment(serve.ingress(build)(Replica)).bind()


class Replica:
    """A copy of the service; the application answers, this tells Ray whether it can."""

    async def check_health(self) -> None:
        """Return once the model can be asked; Ray gives this ``health_check_timeout_s``, and replaces what fails.

        Raises:
            ModelError: the model could not be loaded.
        """
        app: FastAPI = self.app  # type: ignore[attr-defined] # set by serve.ingress
        await until_ready(app.state.gateway)


def _processors() -> int:
    assigned: dict[str, float] = ray.get_runtime_context().get_assigned_resources()  # type: ignore[no-untyped-call]
    return max(1, math.floor(assigned.get("CPU", 1)))
