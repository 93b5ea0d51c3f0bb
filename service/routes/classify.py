"""``POST /classify``."""

from __future__ import annotations

from http import HTTPStatus

import orjson
from fastapi import APIRouter, Request, Response
from starlette.background import BackgroundTask

from service.examples import ANSWER_EXAMPLE, REQUEST_EXAMPLES
from service.gateway import Gateway
from service.openapi import problem_answers, schema_reference
from service.routes.asking import ask_model
from service.schemas import ClassifyAnswer, DocumentsRequest, TextRequest
from service.storage.running import Storage

router = APIRouter(tags=["classification"])

_REQUEST_BODY = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {"oneOf": [schema_reference(TextRequest), schema_reference(DocumentsRequest)]},
            "examples": REQUEST_EXAMPLES,
        }
    },
}


@router.post(
    "/classify",
    summary="Who takes which stance toward whom",
    openapi_extra={"requestBody": _REQUEST_BODY},
    responses={
        200: {
            "model": ClassifyAnswer,
            "description": "At least one document was classified; the faulty ones of a batch carry an error instead.",
            "content": {"application/json": {"example": ANSWER_EXAMPLE}},
        },
        **problem_answers(400, 401, 408, 413, 415, 422, 429, 500, 503, 504),
    },
)
async def classify(request: Request) -> Response:
    """Say for every country in every sentence which stances it takes, and toward whom.

    Send either one `text` (with `id`, `date` and `entities` next to it, if you like) or a list of `documents`; both
    are answered alike. Offsets count Unicode code points of the text as sent. A faulty document of a batch is
    answered with an `error` in its place and never costs the others their answer. If no document can be classified,
    the answer is a problem document: 413 when size is the only fault, otherwise 422.
    """
    response = await ask_model(request, "classify")
    storage: Storage | None = getattr(request.app.state, "storage", None)
    gateway: Gateway = request.app.state.gateway
    answered = response.status_code == HTTPStatus.OK and gateway.ready
    if answered and storage is not None and storage.settings.store_texts:
        labels = gateway.information.labels
        thresholds = {label.name: label.threshold for label in labels if label.threshold is not None}
        response.background = BackgroundTask(_store, storage, bytes(response.body), thresholds)
    return response


def _store(storage: Storage, body: bytes, thresholds: dict[str, float]) -> None:
    """Offer what was answered to the review queue, once the client has it."""
    storage.store_answer(orjson.loads(body), thresholds)
