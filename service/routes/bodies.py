"""What routes that take JSON share: reading the body, and describing it."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from pydantic import BaseModel
from starlette.requests import ClientDisconnect

from service.bodies import parse_json, require_json
from service.openapi import schema_reference
from service.problems import ProblemError, ProblemType


async def read_body(request: Request) -> bytes:
    """Return the body of a request that is declared as JSON.

    Raises:
        ProblemError: 400 or 415, it is not or did not arrive completely.
    """
    require_json(request.headers.get("content-type"))
    try:
        return await request.body()
    except ClientDisconnect:
        raise ProblemError(ProblemType.INCOMPLETE_BODY, "The connection closed before the body was complete.") from None


async def read_json(request: Request) -> Any:
    """Return the parsed body of a request.

    Raises:
        ProblemError: 400 or 415, it is no JSON or did not arrive completely.
    """
    return parse_json(await read_body(request))


def json_body(schema: type[BaseModel], example: Any) -> dict[str, Any]:
    """Return the description of a route's body."""
    content = {"application/json": {"schema": schema_reference(schema), "example": example}}
    return {"requestBody": {"required": True, "content": content}}


def json_answer(schema: type[BaseModel], description: str, example: Any) -> dict[str, Any]:
    """Return the description of a route's answer."""
    return {"model": schema, "description": description, "content": {"application/json": {"example": example}}}
