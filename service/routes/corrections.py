"""``/corrections``: what users say is right."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Annotated

import orjson
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import StreamingResponse

from service.bodies import NDJSON
from service.days import parse_day
from service.openapi import problem_answers
from service.problems import Fault, ProblemError, ProblemType
from service.responses import OrjsonResponse
from service.routes.bodies import json_answer, json_body, read_json
from service.routes.storing import storage_of
from service.storage import examples
from service.storage.corrections import (
    Filters,
    add_correction,
    delete_correction,
    delete_corrections,
    get_correction,
    list_corrections,
)
from service.storage.cursors import CursorError
from service.storage.exporting import ExportPage, export_page, newest_correction
from service.storage.loaded import loaded_model
from service.storage.running import Storage
from service.storage.schemas import MAX_PAGE, CorrectionOut, CorrectionRequest, CorrectionsOut, DeletedOut, Line
from service.storage.validation import read_correction

router = APIRouter(tags=["corrections"])

RowId = Annotated[int, Path(ge=1, lt=2**63)]


class ListQuery(BaseModel):
    """What to list."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(default=50, ge=1, le=MAX_PAGE, description="Most corrections on a page.")
    cursor: Line | None = Field(default=None, description="The next of the page before.")
    user: Line | None = Field(default=None, description="Who made them.")
    code: Line | None = Field(default=None, description="An entity of the correction or of what it corrects.")
    stance: Line | None = Field(default=None, description="A stance that is taken in either, by that entity if given.")
    text: Line | None = Field(default=None, description="A part of the sentence, in any letter case.")


class DeleteQuery(BaseModel):
    """What to delete."""

    model_config = ConfigDict(extra="forbid")

    user: Line | None = Field(default=None, description="Who made them.")
    before: str | None = Field(default=None, description="Day, as YYYY-MM-DD in UTC, that they are older than.")


class ExportQuery(BaseModel):
    """What to export."""

    model_config = ConfigDict(extra="forbid")

    agreed: bool = Field(default=False, description="Only sentences on which two users agree.")


@router.post(
    "/corrections",
    status_code=201,
    summary="Save a correction",
    openapi_extra=json_body(CorrectionRequest, examples.CORRECTION_REQUEST),
    responses={
        201: json_answer(CorrectionOut, "It is stored for good.", examples.CORRECTION),
        **problem_answers(400, 413, 415, 422, 500, 503),
    },
)
async def save(request: Request) -> Response:
    """Store what is right for one sentence: all of its entities, with all stances that they take.

    The rules are those of the annotation guidelines: known codes, mentions that stand in the sentence, each form once,
    stances of the loaded model, targets among the entities. Once this is answered, a crash does not lose it.
    """
    data = await read_json(request)
    correction = read_correction(data, loaded_model(request.app.state).scheme)
    return OrjsonResponse(await storage_of(request).write(add_correction, correction), status_code=201)


@router.get(
    "/corrections",
    summary="List corrections, newest first",
    responses={
        200: json_answer(CorrectionsOut, "A page of corrections.", examples.CORRECTIONS),
        **problem_answers(422, 500, 503),
    },
)
async def list_page(request: Request, query: Annotated[ListQuery, Query()]) -> Response:
    """Answer a page of the corrections that fit everything that is given.

    `next` is the cursor of the page after it; what is stored meanwhile neither repeats nor hides a correction.
    """
    filters = Filters(query.user, query.code, query.stance, query.text)
    try:
        page = await storage_of(request).read(list_corrections, filters, query.limit, query.cursor)
    except CursorError as error:
        raise ProblemError.from_faults([Fault("cursor", str(error))]) from None
    return OrjsonResponse({"items": page.items, "next": page.next})


@router.delete(
    "/corrections",
    summary="Delete the corrections of a user, or old ones",
    responses={
        200: json_answer(DeletedOut, "How many were deleted.", {"deleted": 12}),
        **problem_answers(422, 500, 503),
    },
)
async def delete_many(request: Request, query: Annotated[DeleteQuery, Query()]) -> Response:
    """Delete all corrections by a user, or from before a day, or by the user from before the day.

    Opinions of the review queue are among them, and with a user alone, so are the sentences that they skipped.
    """
    if query.user is None and query.before is None:
        raise ProblemError.from_faults([Fault("user", "give user or before; nothing is deleted without")])
    before = None if query.before is None else _midnight(query.before)
    return OrjsonResponse({"deleted": await storage_of(request).write(delete_corrections, query.user, before)})


@router.get(
    "/corrections/export",
    summary="Corrections as annotated sentences, to train on",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "JSON Lines in the format of the annotation guidelines, one record a sentence.",
            "content": {NDJSON: {"schema": {"type": "string"}, "example": examples.EXPORT}},
        },
        **problem_answers(422, 500, 503),
    },
)
async def export(request: Request, query: Annotated[ExportQuery, Query()]) -> Response:
    """Answer the latest correction of every sentence, opinions included, as `entity-stance train` reads them.

    Sentences of imported files are left out, since these files have them already.
    """
    storage = storage_of(request)
    newest = await storage.read(newest_correction)
    first = await storage.read(export_page, newest=newest, agreed=query.agreed)
    return StreamingResponse(_lines(storage, first, newest, query.agreed), media_type=NDJSON)


@router.get(
    "/corrections/{id:int}",
    summary="One correction",
    responses={
        200: json_answer(CorrectionOut, "The correction.", examples.CORRECTION),
        **problem_answers(404, 422, 500, 503),
    },
)
async def get_one(request: Request, id: RowId) -> Response:
    """Answer one correction."""
    correction = await storage_of(request).read(get_correction, id)
    if correction is None:
        raise _missing(id)
    return OrjsonResponse(correction)


@router.delete(
    "/corrections/{id:int}",
    status_code=204,
    summary="Delete a correction",
    responses=problem_answers(404, 422, 500, 503),
)
async def delete_one(request: Request, id: RowId) -> Response:
    """Delete one correction."""
    if not await storage_of(request).write(delete_correction, id):
        raise _missing(id)
    return Response(status_code=204)


async def _lines(storage: Storage, page: ExportPage, newest: int, agreed: bool) -> AsyncIterator[bytes]:
    """Yield a page's lines at a time; no transaction waits for the client."""
    while True:
        yield b"".join(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE) for record in page.records)
        if page.last is None:
            return
        page = await storage.read(export_page, page.last, newest=newest, agreed=agreed)


def _missing(correction_id: int) -> ProblemError:
    return ProblemError(ProblemType.NOT_FOUND, f"There is no correction {correction_id}.")


def _midnight(day: str) -> datetime:
    try:
        parsed: date = parse_day(day)
    except ValueError as error:
        raise ProblemError.from_faults([Fault("before", str(error))]) from None
    return datetime(parsed.year, parsed.month, parsed.day, tzinfo=UTC)
