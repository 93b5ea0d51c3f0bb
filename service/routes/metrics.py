"""``GET /metrics``."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, Response

from service.observability.metrics import CONTENT_TYPE, Metrics

router = APIRouter(tags=["status"])


@router.get("/metrics", summary="Metrics for Prometheus", response_class=PlainTextResponse)
async def metrics(request: Request) -> Response:
    """Answer what the service has done so far, in the text format of Prometheus."""
    kept: Metrics = request.app.state.metrics
    return Response(kept.exposition(), headers={"Content-Type": CONTENT_TYPE})
