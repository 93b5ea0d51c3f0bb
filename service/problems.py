"""What can be wrong with a request: kinds of problem, faults, and the error that carries them (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

MAX_LISTED_FAULTS = 100
_MAX_MESSAGE_CHARACTERS = 500


class ProblemType(Enum):
    """The kinds of problem, each with a stable identifier, its HTTP status and a title."""

    INVALID_JSON = ("invalid-json", 400, "The body is not valid JSON")
    INCOMPLETE_BODY = ("incomplete-body", 400, "The body did not arrive completely")
    MALFORMED_HTTP = ("malformed-http", 400, "The request is not valid HTTP")
    UNAUTHORIZED = ("unauthorized", 401, "A valid API key is needed")
    NOT_FOUND = ("not-found", 404, "There is no such thing here")
    TOO_SLOW = ("too-slow", 408, "The request did not arrive in time")
    CONFLICT = ("conflict", 409, "What is there already stands against it")
    TOO_LARGE = ("too-large", 413, "The request exceeds a size limit")
    UNSUPPORTED_MEDIA_TYPE = ("unsupported-media-type", 415, "The body must be JSON")
    UNSUPPORTED_ENCODING = ("unsupported-encoding", 415, "The body must not be compressed")
    INVALID_REQUEST = ("invalid-request", 422, "The request has invalid fields")
    OVERLOADED = ("overloaded", 429, "The service has as much work as it takes on")
    RATE_LIMITED = ("rate-limited", 429, "Too many requests")
    HEADERS_TOO_LARGE = ("headers-too-large", 431, "The headers exceed a size limit")
    INTERNAL = ("internal-error", 500, "The service failed")
    MODEL_NOT_READY = ("model-not-ready", 503, "The model is not ready")
    TOO_MANY_CONNECTIONS = ("too-many-connections", 503, "The service has too many connections")
    STORAGE_DOWN = ("storage-down", 503, "The database does not answer")
    WORKER_LOST = ("worker-lost", 503, "The process of the model ended")
    STOPPING = ("stopping", 503, "The service is being stopped")
    DEADLINE = ("deadline-exceeded", 504, "The service could not answer in time")

    def __init__(self, slug: str, status: int, title: str) -> None:
        self.slug = slug
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
