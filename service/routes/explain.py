"""``POST /explain``."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from service.explaining import ExplainAnswer, ExplainRequest
from service.openapi import problem_answers, schema_reference
from service.routes.asking import ask_model

router = APIRouter(tags=["classification"])

_EXAMPLE = {"text": "Norway denied that it had misled Iceland.", "sentence": 0, "code": "NO", "stance": "denial"}


@router.post(
    "/explain",
    summary="Which words a stance hangs on",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema_reference(ExplainRequest), "example": _EXAMPLE}},
        }
    },
    responses={
        200: {"model": ExplainAnswer, "description": "The words of the sentence, each with its effect."},
        **problem_answers(400, 401, 408, 413, 415, 422, 429, 500, 503, 504),
    },
)
async def explain(request: Request) -> Response:
    """Say what each word of a sentence does to the probability that an entity takes a stance.

    Send the document as to `POST /classify`, and name the sentence by its index, the entity by its code, and the
    stance. A word's effect is the probability minus the probability when that word is hidden.
    """
    return await ask_model(request, "explain")
