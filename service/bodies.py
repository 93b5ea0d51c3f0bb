"""Strict reading of JSON bodies."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from service.problems import ProblemError, ProblemType

CURL_MEDIA_TYPE = "application/x-www-form-urlencoded"
NDJSON_MEDIA_TYPES = (
    *("application/x-ndjson", "application/ndjson", "application/jsonl"),
    *("application/x-jsonlines", "application/json-lines"),
)
NDJSON = NDJSON_MEDIA_TYPES[0]


def require_json(content_type: str | None) -> None:
    """Check that a body is not declared to be something else than JSON in UTF-8.

    A form's media type passes, since ``curl -d`` declares it for whatever it sends; if the body is no JSON, reading it
    says so.

    Raises:
        ProblemError: 415, the media type is missing or another one.
    """
    media_type, is_utf8 = _read_media_type(content_type)
    is_json = media_type in {"application/json", CURL_MEDIA_TYPE} or (
        media_type.startswith("application/") and media_type.endswith("+json")
    )
    if not is_json or not is_utf8:
        raise _unsupported("application/json", content_type)


def require_ndjson(content_type: str | None) -> None:
    """Check that a body is not declared to be something else than JSON Lines in UTF-8.

    Raises:
        ProblemError: 415, the media type is missing or another one.
    """
    media_type, is_utf8 = _read_media_type(content_type)
    if media_type not in {*NDJSON_MEDIA_TYPES, CURL_MEDIA_TYPE} or not is_utf8:
        raise _unsupported(NDJSON, content_type)


def parse_json(body: bytes) -> Any:
    """Parse a JSON body as RFC 8259 has it, and refuse what parsers read differently.

    orjson would silently take the last of two equal keys, and refuses a whole body for one lone surrogate, which
    here is the fault of a single document. So the standard library parses, with its leniencies switched off:
    duplicate keys and ``NaN`` are refused, and so is nesting deeper than the interpreter's recursion limit.

    Raises:
        ProblemError: 400, the body is not JSON; the detail says where.
    """
    try:
        return json.loads(
            body.decode("utf-8-sig"), object_pairs_hook=_object_without_duplicates, parse_constant=_refuse_constant
        )
    except RecursionError:
        raise ProblemError(ProblemType.INVALID_JSON, "The JSON is nested too deeply.") from None
    except UnicodeDecodeError as error:
        detail = f"The body is not UTF-8: byte {error.start} cannot be decoded."
        raise ProblemError(ProblemType.INVALID_JSON, detail) from None
    except json.JSONDecodeError as error:
        detail = f"{error.msg} at line {error.lineno}, column {error.colno}."
        raise ProblemError(ProblemType.INVALID_JSON, detail) from None
    except ValueError as error:
        raise ProblemError(ProblemType.INVALID_JSON, f"{error}.") from None


def _object_without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise ValueError(f"The key {key[:100]!r} stands twice in one object")
            seen.add(key)
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


def _read_media_type(content_type: str | None) -> tuple[str, bool]:
    """Return a media type, and whether its characters are in UTF-8."""
    media_type, _, parameters = (content_type or "").partition(";")
    return media_type.strip().lower(), _charset(parameters) in {"", "utf-8", "utf8"}


def _unsupported(wanted: str, content_type: str | None) -> ProblemError:
    detail = f"Send the body with 'Content-Type: {wanted}' in UTF-8, not {content_type!r}."
    return ProblemError(ProblemType.UNSUPPORTED_MEDIA_TYPE, detail)


def _charset(parameters: str) -> str:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip('"').lower()
    return ""
