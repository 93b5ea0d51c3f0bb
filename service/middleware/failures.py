"""Errors that nothing foresaw, as answers."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import unexpected_response


class FailureMiddleware:
    """Answers an error that the application let through with a problem document, inside all other middleware.

    Starlette's own handler of such errors stands outside: its answers would lack headers and leave no trace in
    metrics, and it raises the error again, for the server to log as it likes.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def send_watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, send_watched)
        except Exception as error:
            response = unexpected_response(scope, error)
            if started:
                # Half an answer must not pass for a whole one: the server closes the connection.
                raise
            await response(scope, receive, send)
