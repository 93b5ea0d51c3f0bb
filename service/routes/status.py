"""Routes that say how the service is: ``/livez``, ``/readyz`` and ``/info``."""

from __future__ import annotations

from fastapi import APIRouter, Request

from service.gateway import Gateway
from service.openapi import problem_answers
from service.problems import ProblemError, ProblemType
from service.schemas import InfoOut, LimitsOut, SchemeOut, StatusOut
from service.settings import Settings
from service.version import package_version

router = APIRouter(tags=["status"])


@router.get("/livez", summary="Is the process alive?", responses=problem_answers(503))
async def livez(request: Request) -> StatusOut:
    """Answer 200 as long as the process works; 503 when its model could not be loaded and only a restart helps."""
    gateway: Gateway = request.app.state.gateway
    if gateway.failure is not None:
        raise ProblemError(ProblemType.MODEL_NOT_READY, f"The model could not be loaded: {gateway.failure}.")
    return StatusOut(status="alive")


@router.get("/readyz", summary="Can it classify?", responses=problem_answers(503))
async def readyz(request: Request) -> StatusOut:
    """Answer 200 while the model is there to be asked; 503 before it is loaded, and while it is being loaded again."""
    gateway: Gateway = request.app.state.gateway
    _ = gateway.information
    return StatusOut(status="ready")


@router.get("/info", summary="Model, labels and limits", responses=problem_answers(401, 429, 503))
async def info(request: Request) -> InfoOut:
    """Name the model that answers, its labels with their thresholds, and the limits of a request."""
    gateway: Gateway = request.app.state.gateway
    information = gateway.information
    return InfoOut(
        version=package_version(),
        model=information.model,
        limits=_limits(gateway.settings),
        **{name: getattr(information, name) for name in SchemeOut.model_fields},
    )


def _limits(settings: Settings) -> LimitsOut:
    return LimitsOut(
        max_text_characters=settings.max_text_characters,
        max_documents=settings.max_documents,
        max_body_bytes=settings.max_body_bytes,
        max_queue_tokens=settings.max_queue_tokens,
        deadline_seconds=settings.deadline_seconds,
    )
