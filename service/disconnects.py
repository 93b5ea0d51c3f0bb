"""Dropping the work of clients that are gone."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.types import Receive

from service.problems import ProblemError, ProblemType

Result = TypeVar("Result")


_STOPPING_HEADERS = {"Retry-After": "2", "Connection": "close"}


class ClientGoneError(Exception):
    """The client closed the connection before it had its answer."""


async def unless_gone(receive: Receive, work: Coroutine[Any, Any, Result]) -> Result:
    """Do some work, or cancel it when the client closes the connection.

    Args:
        receive: The channel of a request whose body has been read.
        work: What to do.

    Raises:
        ClientGoneError: the connection closed first.
        ProblemError: 503, the server gives the request up, which it does only when its time to stop is over.
    """
    working = asyncio.ensure_future(work)
    watching = asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait({working, watching}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientGoneError
        return working.result()
    except asyncio.CancelledError:
        detail = "The service was told to stop, and the answer was not there in the time that it had left."
        raise ProblemError(ProblemType.STOPPING, detail, headers=_STOPPING_HEADERS) from None
    finally:
        for task in (working, watching):
            task.cancel()
        await asyncio.gather(working, watching, return_exceptions=True)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
