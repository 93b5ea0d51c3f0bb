"""Answers to requests that fail: RFC 9457 problem documents."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import Scope

from service.problems import MAX_LISTED_FAULTS, Fault, ProblemError, ProblemType, field_path, printable

PROBLEM_MEDIA_TYPE = "application/problem+json"
REQUEST_ID_HEADER = "X-Request-ID"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ProblemDocument:
    """The members of a problem document, see RFC 9457 section 3.1."""

    type: str
    title: str
    status: int
    detail: str
    errors: Sequence[Fault] = field(default=())

    def to_dict(self, instance: str) -> dict[str, Any]:
        """Return plain JSON data; at most ``MAX_LISTED_FAULTS`` errors are listed."""
        return {
            "type": self.type,
            "title": self.title,
            "status": self.status,
            "detail": printable(self.detail),
            "instance": instance,
            "errors": [fault.to_dict() for fault in self.errors[:MAX_LISTED_FAULTS]],
        }


def request_id(scope: Scope) -> str:
    """Return the id of a request, a UUID; made when it is first asked for."""
    made: str = scope.setdefault("state", {}).setdefault("request_id", str(uuid.uuid4()))
    return made


def problem_response(scope: Scope, document: ProblemDocument, headers: Mapping[str, str] | None = None) -> Response:
    """Return a problem document as a response."""
    return Response(
        content=orjson.dumps(document.to_dict(f"urn:uuid:{request_id(scope)}")),
        status_code=document.status,
        headers={REQUEST_ID_HEADER: request_id(scope), **(headers or {})},
        media_type=PROBLEM_MEDIA_TYPE,
    )


def response_for(scope: Scope, error: ProblemError) -> Response:
    """Return the response to a request that raised a problem."""
    return problem_response(scope, document_of(error), error.headers)


def document_of(error: ProblemError) -> ProblemDocument:
    """Return what a problem's answer says."""
    return ProblemDocument(error.type.uri, error.type.title, error.type.status, error.detail, error.faults)


def install_error_handlers(app: FastAPI) -> None:
    """Answer every error of an application with a problem document."""
    app.add_exception_handler(ProblemError, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_invalid_parameters)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(Exception, _on_unexpected)


async def _on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    return response_for(request.scope, error)


async def _on_invalid_parameters(request: Request, error: Exception) -> Response:
    """Name faulty parameters of the query, the path or a body that FastAPI has read."""
    assert isinstance(error, RequestValidationError)
    faults = [
        Fault(field_path(item["loc"][1:]) or "body", item["msg"].removeprefix("Value error, "))
        for item in error.errors()[:MAX_LISTED_FAULTS]
    ]
    return response_for(request.scope, ProblemError.from_faults(faults))


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    title = HTTPStatus(error.status_code).phrase
    detail = f"{request.method} {request.scope['path']}: {error.detail}"
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(sorted(_allowed_methods(request)))
    return problem_response(request.scope, ProblemDocument("about:blank", title, error.status_code, detail), headers)


def _allowed_methods(request: Request) -> set[str]:
    """Return the methods of all routes of a path; Starlette names those of the first."""
    routes = [route for route in request.app.routes if route.matches(request.scope)[0] is not Match.NONE]
    return {method for route in routes for method in getattr(route, "methods", None) or ()}


def unexpected_response(scope: Scope, error: Exception) -> Response:
    """Log an error that nothing foresaw, and return the response that keeps it to the log."""
    logger.error("request %s failed", request_id(scope), exc_info=error)
    detail = "An unexpected error occurred; the service's log has the cause."
    return response_for(scope, ProblemError(ProblemType.INTERNAL, detail))


async def _on_unexpected(request: Request, error: Exception) -> Response:
    return unexpected_response(request.scope, error)
