"""``POST /classify/stream``."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from service.bodies import NDJSON, require_ndjson
from service.gateway import Gateway
from service.openapi import problem_answers
from service.schemas import StreamOptions
from service.streaming import DocumentStream

router = APIRouter(tags=["classification"])

_DOCUMENT_LINES = '{"id": "a1", "text": "Norway warned Iceland."}\n{"id": "a2", "text": "Kenya backs Rwanda."}\n'


@router.post(
    "/classify/stream",
    summary="Documents of any number, one a line",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {NDJSON: {"schema": {"type": "string"}, "example": _DOCUMENT_LINES}},
        }
    },
    response_class=Response,
    responses={
        200: {
            "description": "A line for every line that is not blank, in order: a document as `POST /classify` answers "
            "it, or its `line` number with an `error`.",
            "content": {NDJSON: {"schema": {"type": "string"}}},
        },
        **problem_answers(415, 422, 503),
    },
)
async def classify_stream(request: Request, options: Annotated[StreamOptions, Query()]) -> Response:
    """Classify documents as they arrive, in constant memory whatever their number.

    Send JSON Lines: on each line one document with `text` and, if you like, `id`, `date` and `entities`. Answers come
    back while you are still sending, so read them while you send: who does not, is not read from either. A faulty
    line is answered with its number and an error, and the rest goes on. Documents of a stream wait for those of
    `POST /classify` when the service is busy.
    """
    require_ndjson(request.headers.get("content-type"))
    gateway: Gateway = request.app.state.gateway
    _ = gateway.information  # 503 as long as there is no model.
    return DocumentStream(request, options.model_dump())
