"""``/review``: sentences that people should look at."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, RowMapping

from model.scheme import LabelScheme
from service.openapi import problem_answers
from service.problems import ProblemError, ProblemType
from service.responses import OrjsonResponse
from service.routes.bodies import json_answer, json_body, read_json
from service.routes.storing import storage_of
from service.storage import examples
from service.storage.loaded import loaded_model
from service.storage.records import Origin, document_dict
from service.storage.review import (
    OpinionError,
    add_items,
    add_opinion,
    count_open,
    delete_item,
    get_item,
    measure_agreement,
    next_items,
    skip_item,
)
from service.storage.schemas import (
    MAX_PAGE,
    AddedOut,
    AgreementOut,
    CorrectionOut,
    Name,
    OpinionRequest,
    ReviewOut,
    ReviewRequest,
    SkipRequest,
)
from service.storage.validation import read_as, read_offered, read_opinion

router = APIRouter(tags=["review"])

RowId = Annotated[int, Path(ge=1, lt=2**63)]


class ReviewQuery(BaseModel):
    """Who asks for sentences, and for how many."""

    model_config = ConfigDict(extra="forbid")

    user: Name
    limit: int = Field(default=20, ge=1, le=MAX_PAGE, description="Most sentences to answer.")


@router.post(
    "/review",
    summary="Offer sentences for review",
    openapi_extra=json_body(ReviewRequest, examples.REVIEW_REQUEST),
    responses={
        200: json_answer(AddedOut, "What became of them.", examples.ADDED),
        **problem_answers(400, 413, 415, 422, 500, 503),
    },
)
async def offer(request: Request) -> Response:
    """Put sentences, with their entities as `POST /classify` answered them, into the queue.

    A sentence is in it once, whatever its letter case and punctuation. A faulty one is listed under `errors` and costs
    the others nothing; if all are, the answer is a problem document.
    """
    offered = read_offered(await read_json(request))
    loaded = loaded_model(request.app.state)
    added = await storage_of(request).write(add_items, offered.items, {loaded.sha256: loaded.thresholds})
    errors = [fault.to_dict() for fault in offered.faults]
    return OrjsonResponse({"added": added, "known": len(offered.items) - added, "errors": errors})


@router.get(
    "/review",
    summary="Sentences to judge",
    responses={
        200: json_answer(ReviewOut, "The most worthwhile first.", examples.REVIEW),
        **problem_answers(422, 500, 503),
    },
)
async def list_items(request: Request, query: Annotated[ReviewQuery, Query()]) -> Response:
    """Answer sentences that the user has neither judged nor skipped, the least certain and most novel first.

    The order is that of `uncertainty * (1 + novelty) / 2`. A share of them (the setting review_second_share) has one
    opinion by another user and wants a second one; after two opinions a sentence is done.
    """
    storage = storage_of(request)

    def work(connection: Connection) -> dict[str, Any]:
        items = next_items(connection, query.user, query.limit, storage.settings.review_second_share)
        return {"items": items, "open": count_open(connection, query.user)}

    return OrjsonResponse(await storage.read(work))


@router.get(
    "/review/agreement",
    summary="How far users agree",
    responses={
        200: json_answer(AgreementOut, "Krippendorff's alpha.", examples.AGREEMENT),
        **problem_answers(500, 503),
    },
)
async def agreement(request: Request) -> Response:
    """Measure the agreement over the sentences of the queue that two or more users have judged, the newest 5,000.

    Entities are compared word by word, each stance over the entities that any user lists, and direction over the
    possible targets of the stances that two or more users give.
    """
    scheme = loaded_model(request.app.state).scheme
    return OrjsonResponse(await storage_of(request).read(measure_agreement, scheme))


@router.post(
    "/review/{id:int}/opinions",
    status_code=201,
    summary="Say what is right",
    openapi_extra=json_body(OpinionRequest, examples.OPINION_REQUEST),
    responses={
        201: json_answer(CorrectionOut, "It is stored for good, as a correction.", examples.OPINION),
        **problem_answers(400, 404, 409, 413, 415, 422, 500, 503),
    },
)
async def judge(request: Request, id: RowId) -> Response:
    """Store the full annotation of a sentence of the queue; also when it is what the model said.

    An opinion is a correction like others: `/corrections` lists, deletes and exports it. A user has one opinion on a
    sentence; a second one is by somebody else.
    """
    data = await read_json(request)
    scheme = loaded_model(request.app.state).scheme
    try:
        stored = await storage_of(request).write(_judge, id, data, scheme)
    except OpinionError as error:
        raise ProblemError(ProblemType.CONFLICT, f"{error}.") from None
    return OrjsonResponse(stored, status_code=201)


@router.post(
    "/review/{id:int}/skip",
    status_code=204,
    summary="Leave a sentence to others",
    openapi_extra=json_body(SkipRequest, examples.SKIP_REQUEST),
    responses=problem_answers(400, 404, 413, 415, 422, 500, 503),
)
async def skip(request: Request, id: RowId) -> Response:
    """Do not offer a sentence to this user again."""
    user = read_as(SkipRequest, await read_json(request)).user

    def work(connection: Connection) -> None:
        skip_item(connection, _item(connection, id)["id"], user)

    await storage_of(request).write(work)
    return Response(status_code=204)


@router.delete(
    "/review/{id:int}",
    status_code=204,
    summary="Take a sentence out of the queue",
    responses=problem_answers(404, 422, 500, 503),
)
async def delete(request: Request, id: RowId) -> Response:
    """Delete a sentence from the queue; opinions on it stay as corrections."""
    if not await storage_of(request).write(delete_item, id):
        raise _missing(id)
    return Response(status_code=204)


def _judge(connection: Connection, item_id: int, data: Any, scheme: LabelScheme) -> dict[str, Any]:
    item = _item(connection, item_id)
    model = {key: item[f"model_{key}"] for key in ("name", "version", "sha256")}
    opinion = read_opinion(data, scheme, item["text"], Origin(model, document_dict(item)), item["predicted"])
    return add_opinion(connection, item["id"], opinion)


def _item(connection: Connection, item_id: int) -> RowMapping:
    item = get_item(connection, item_id)
    if item is None:
        raise _missing(item_id)
    return item


def _missing(item_id: int) -> ProblemError:
    return ProblemError(ProblemType.NOT_FOUND, f"There is no sentence {item_id} in the review queue.")
