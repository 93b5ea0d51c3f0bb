"""What the routes that ask the model have in common."""

from __future__ import annotations

from fastapi import Request, Response

from service.disconnects import ClientGoneError, unless_gone
from service.errors import request_id
from service.gateway import Gateway
from service.observability.requests import CLIENT_LEFT
from service.routes.bodies import read_body


async def ask_model(request: Request, operation: str) -> Response:
    """Have the model do an operation with the body of a request, unless the client leaves meanwhile.

    Raises:
        ProblemError: the request cannot be answered.
    """
    gateway: Gateway = request.app.state.gateway
    body = await read_body(request)
    try:
        answer = await unless_gone(request.receive, gateway.call(operation, body, request_id(request.scope)))
    except ClientGoneError:
        return Response(status_code=CLIENT_LEFT)
    return Response(content=answer, media_type="application/json")
