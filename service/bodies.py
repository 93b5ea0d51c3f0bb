"""Strict reading of JSON bodies."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, NoReturn

from service.problems import ProblemError, ProblemType

CURL_MEDIA_TYPE = "application/x-www-form-urlencoded"


def require_json(content_type: str | None) -> None:
    """Check that a body is not declared to be something else than JSON in UTF-8.

    A form's media type passes, since ``curl -d`` declares it for whatever it sends; if the body is no JSON, reading it
    says so.

    Raises:
        ProblemError: 415, the media type is missing or another one.
    """
    media_type, _, parameters = (content_type or "").partition(";")
    media_type = media_type.strip().lower()
    charset = _charset(parameters)
    is_json = media_type in {"application/json", CURL_MEDIA_TYPE} or (
        media_type.startswith("application/") and media_type.endswith("+json")
    )
    if not is_json or charset not in {"", "utf-8", "utf8"}:
        raise ProblemError(
            ProblemType.UNSUPPORTED_MEDIA_TYPE,
            f"Send the body with 'Content-Type: application/json' in UTF-8, not {content_type!r}.",
        )


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
        duplicate, _ = Counter(key for key, _ in pairs).most_common(1)[0]
        raise ValueError(f"The key {duplicate[:100]!r} stands twice in one object")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


def _charset(parameters: str) -> str:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip('"').lower()
    return ""
