"""Routes that say how the service is: ``/livez``, ``/readyz`` and ``/info``."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter, Request

from model.classifier import StanceClassifier
from service.engine import Engine
from service.errors import ProblemError, ProblemType
from service.openapi import problem_answers
from service.schemas import InfoOut, LabelOut, LimitsOut, ModelOut, StatusOut
from service.settings import Settings
from service.version import package_version

router = APIRouter(tags=["status"])


@router.get("/livez", summary="Is the process alive?", responses=problem_answers(503))
async def livez(request: Request) -> StatusOut:
    """Answer 200 as long as the process works; 503 when its model could not be loaded and only a restart helps."""
    engine: Engine = request.app.state.engine
    if engine.failure is not None:
        raise ProblemError(ProblemType.MODEL_NOT_READY, f"The model could not be loaded: {engine.failure}.")
    return StatusOut(status="alive")


@router.get("/readyz", summary="Can it classify?", responses=problem_answers(503))
async def readyz(request: Request) -> StatusOut:
    """Answer 200 once the model is loaded and 503 before."""
    engine: Engine = request.app.state.engine
    _ = engine.classifier
    return StatusOut(status="ready")


@router.get("/info", summary="Model, labels and limits", responses=problem_answers(401, 429, 503))
async def info(request: Request) -> InfoOut:
    """Name the model that answers, its labels with their thresholds, and the limits of a request."""
    engine: Engine = request.app.state.engine
    classifier = engine.classifier
    return InfoOut(
        version=package_version(),
        model=ModelOut(**asdict(classifier.info)),
        scheme=classifier.scheme.name,
        labels=_labels(classifier),
        limits=_limits(engine.settings),
    )


def _labels(classifier: StanceClassifier) -> list[LabelOut]:
    config = classifier.config
    return [
        LabelOut(
            name=label.name,
            description=label.description,
            threshold=config.thresholds[label.name],
            toward_threshold=config.toward_thresholds.get(label.name),
        )
        for label in classifier.scheme.labels
    ]


def _limits(settings: Settings) -> LimitsOut:
    return LimitsOut(
        max_text_characters=settings.max_text_characters,
        max_documents=settings.max_documents,
        max_body_bytes=settings.max_body_bytes,
    )
