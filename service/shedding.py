"""Refusals in a hurry: under overload, what the queue has no room for must cost next to nothing.

A refusal that goes the whole way, through the parser, the middleware and the route, takes some milliseconds of a
processor that the network needs. At ten times the capacity these add up to a third of what could have been answered.
So a connection asks here first. Only requests that would be refused for certain are answered from their first bytes;
whatever is unusual about one sends it the whole way.
"""

from __future__ import annotations

import asyncio
import logging
import random
import re
import uuid
from http import HTTPStatus
from typing import NamedTuple

import orjson

from service.errors import PROBLEM_MEDIA_TYPE, REQUEST_ID_HEADER, document_of
from service.gateway import Gateway
from service.middleware.answers import SECURITY_HEADERS
from service.observability.metrics import Metrics
from service.problems import ProblemError
from service.settings import Settings

LOG_SECONDS = 1.0
"""So often at most, the log says how many were refused; a line for each would cost as much as the refusal."""

_REQUEST = re.compile(rb"POST (/classify|/explain) HTTP/1\.1\r\n")
_HEAD_END = b"\r\n\r\n"
_MOST_HEAD_BYTES = 4096
_MOST_LENGTH_DIGITS = 12
# Another answer is due to these, or one with other headers: sizes unknown, codings, browsers of other sites, ids.
_UNUSUAL = frozenset(
    {b"transfer-encoding", b"content-encoding", b"expect", b"upgrade", b"origin", b"x-request-id", b"traceparent"}
)
_KEYS = frozenset({b"authorization", b"x-api-key"})
_HEADERS = b"".join(
    b"%b: %b\r\n" % header
    for header in (*SECURITY_HEADERS, (b"content-type", PROBLEM_MEDIA_TYPE.encode()), (b"connection", b"close"))
)

logger = logging.getLogger(__name__)


class Refusal(NamedTuple):
    """The answer to a request, and whether all of the request has been read."""

    answer: bytes
    complete: bool


class Shedder:
    """Answers requests that a full queue has no room for, before anything is made of them."""

    def __init__(self, gateway: Gateway, metrics: Metrics, settings: Settings) -> None:
        """Ask a gateway for room; the settings say how large a body may be, and whether a key is wanted."""
        self._gateway = gateway
        self._metrics = metrics
        self._max_body_bytes = settings.max_body_bytes
        self._wants_key = bool(settings.api_keys)
        self._untold = 0

    def refusal(self, data: bytes) -> Refusal | None:
        """Return the answer to a request that begins with these bytes if the queue is full, otherwise None.

        The answer ends the connection: the body has not been read, or not been looked at, so nothing can follow it.
        """
        admission = self._gateway.admission
        # An empty queue refuses nobody, and whoever comes alone must not pay for what others might do.
        if not admission.tokens or not self._gateway.ready or (request := _REQUEST.match(data)) is None:
            return None
        end = data.find(_HEAD_END, 0, _MOST_HEAD_BYTES)
        length = self._length(data[:end]) if end >= 0 else None
        if length is None or (problem := admission.refusal(length)) is None:
            return None
        self._metrics.shed(request[1].decode(), problem.type.slug, problem.type.status)
        self._note()
        return Refusal(_encoded(problem), complete=len(data) == end + len(_HEAD_END) + length)

    def _length(self, head: bytes) -> int | None:
        """Return the length that the head of a plain request declares, otherwise None."""
        headers = [line.partition(b":") for line in head.split(b"\r\n")[1:]]
        names = [name.lower() for name, _, _ in headers]
        if not _UNUSUAL.isdisjoint(names) or (self._wants_key and _KEYS.isdisjoint(names)):
            return None
        if names.count(b"content-length") != 1:
            return None
        digits = headers[names.index(b"content-length")][2].strip()
        if not digits.isdigit() or len(digits) > _MOST_LENGTH_DIGITS or int(digits) > self._max_body_bytes:
            return None
        return int(digits)

    def _note(self) -> None:
        """Count a refusal for the log."""
        if not self._untold:
            asyncio.get_running_loop().call_later(LOG_SECONDS, self._tell)
        self._untold += 1

    def _tell(self) -> None:
        fields = {"status": int(HTTPStatus.TOO_MANY_REQUESTS), "requests": self._untold}
        logger.warning("the queue is full: %d requests refused", self._untold, extra={"fields": fields})
        self._untold = 0


def _encoded(problem: ProblemError) -> bytes:
    """Return a whole HTTP answer."""
    # No secret, and the system's random numbers take longer than all the rest.
    request_id = str(uuid.UUID(int=random.getrandbits(128), version=4))
    body = orjson.dumps(document_of(problem).to_dict(f"urn:uuid:{request_id}"))
    status = HTTPStatus(problem.type.status)
    own = {REQUEST_ID_HEADER: request_id, "Content-Length": str(len(body)), **(problem.headers or {})}
    lines = "".join(f"{name}: {value}\r\n" for name, value in own.items())
    return b"HTTP/1.1 %d %b\r\n%b%b\r\n%b" % (status, status.phrase.encode(), _HEADERS, lines.encode(), body)
