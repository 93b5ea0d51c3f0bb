"""Errors of the HTTP service as RFC 9457 problem documents."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import Scope

PROBLEM_MEDIA_TYPE = "application/problem+json"
REQUEST_ID_HEADER = "X-Request-ID"
MAX_LISTED_FAULTS = 100
_MAX_MESSAGE_CHARACTERS = 500

logger = logging.getLogger(__name__)


class ProblemType(Enum):
    """The kinds of problem, each with a stable identifier, its HTTP status and a title."""

    INVALID_JSON = ("invalid-json", 400, "The body is not valid JSON")
    INCOMPLETE_BODY = ("incomplete-body", 400, "The body did not arrive completely")
    NOT_FOUND = ("not-found", 404, "There is no such thing here")
    CONFLICT = ("conflict", 409, "What is there already stands against it")
    TOO_LARGE = ("too-large", 413, "The request exceeds a size limit")
    UNSUPPORTED_MEDIA_TYPE = ("unsupported-media-type", 415, "The body must be JSON")
    INVALID_REQUEST = ("invalid-request", 422, "The request has invalid fields")
    INTERNAL = ("internal-error", 500, "The service failed")
    DEADLINE = ("deadline-exceeded", 503, "The service could not answer in time")
    MODEL_NOT_READY = ("model-not-ready", 503, "The model is not ready")
    STORAGE_DOWN = ("storage-down", 503, "The database does not answer")

    def __init__(self, slug: str, status: int, title: str) -> None:
        self.uri = f"urn:entity-stance:problem:{slug}"
        self.status = status
        self.title = title


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a request.

    Attributes:
        field: Where, as a path in the request, for instance ``documents[3].text``; ``body`` for the whole.
        reason: What is wrong.
        limit: The limit that was exceeded, if one was.
        type: What kind of problem it is.
    """

    field: str
    reason: str
    limit: int | None = None
    type: ProblemType = ProblemType.INVALID_REQUEST

    def to_dict(self) -> dict[str, Any]:
        """Return an item of a problem's ``errors``."""
        data: dict[str, Any] = {"field": printable(self.field), "reason": printable(self.reason)}
        return data if self.limit is None else data | {"limit": self.limit}


class ProblemError(Exception):
    """A request that cannot be answered; becomes a problem document."""

    def __init__(
        self,
        type: ProblemType,
        detail: str,
        faults: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Keep the parts of the document, and headers for its response."""
        super().__init__(detail)
        self.type = type
        self.detail = detail
        self.faults = tuple(faults)
        self.headers = dict(headers or {})

    @classmethod
    def from_faults(cls, faults: Sequence[Fault]) -> ProblemError:
        """Return the problem that sums up some faults: about size only if all of them are."""
        return cls(common_type(faults), describe(faults), faults)


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


def common_type(faults: Sequence[Fault]) -> ProblemType:
    """Return the kind that all faults share; if they differ, a failure of the service or an invalid request."""
    types = {fault.type for fault in faults}
    if len(types) == 1:
        return types.pop()
    return ProblemType.INTERNAL if ProblemType.INTERNAL in types else ProblemType.INVALID_REQUEST


def describe(faults: Sequence[Fault]) -> str:
    """Say in one sentence what is wrong: the first fault, and how many more there are."""
    first = f"{faults[0].field}: {faults[0].reason}"
    more = len(faults) - 1
    if not more:
        return first
    quantity = f"at least {more:,}" if len(faults) >= MAX_LISTED_FAULTS else f"{more:,}"
    return f"{first} (and {quantity} more {'fault' if more == 1 else 'faults'})"


def printable(text: str) -> str:
    """Return a text that can stand in an answer: lone surrogates escaped, long ones shortened.

    Names of unknown fields and such come from the caller and may hold anything.
    """
    if len(text) > _MAX_MESSAGE_CHARACTERS:
        text = text[:_MAX_MESSAGE_CHARACTERS] + "…"
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def field_path(parts: Sequence[str | int]) -> str:
    """Return a path as it stands in a request: ``("documents", 3, "text")`` is ``documents[3].text``."""
    path = ""
    for part in parts:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            path += f".{part}" if path else part
    return path


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
    document = ProblemDocument(error.type.uri, error.type.title, error.type.status, error.detail, error.faults)
    return problem_response(scope, document, error.headers)


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
    detail = f"{request.method} {request.url.path}: {error.detail}"
    return problem_response(
        request.scope, ProblemDocument("about:blank", title, error.status_code, detail), error.headers
    )


async def _on_unexpected(request: Request, error: Exception) -> Response:
    logger.error("request %s failed", request_id(request.scope), exc_info=error)
    detail = "An unexpected error occurred; the service's log has the cause."
    return response_for(request.scope, ProblemError(ProblemType.INTERNAL, detail))
