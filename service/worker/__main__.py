"""The model's process: ``python -m service.worker DESCRIPTOR``, started by the HTTP process and by nobody else."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import sys
from asyncio import IncompleteReadError, StreamReader, StreamWriter, open_connection
from collections.abc import Callable
from importlib.util import find_spec

import anyio

from model.classifier import StanceClassifier
from model.errors import EntityStanceError
from service.engine import Engine
from service.observability.logs import configure_logging
from service.problems import ProblemError, ProblemType
from service.settings import Settings
from service.worker.frames import Call, Frame, Kind, Usage, problem_payload, read_frame
from service.worker.information import information

logger = logging.getLogger(__name__)

NICENESS = 5
"""The HTTP process goes first, so that it refuses, and says that it lives, however busy the model is."""

_UNEXPECTED = "An unexpected error occurred; the service's log has the cause."


class WorkerProcess:
    """Answers the frames of one connection."""

    def __init__(
        self, reader: StreamReader, writer: StreamWriter, on_settings: Callable[[Settings], object] = lambda _: None
    ) -> None:
        """Take over a connection; a function is called with the settings that come over it."""
        self._on_settings = on_settings
        self._reader = reader
        self._writer = writer
        self._scopes: dict[int, anyio.CancelScope] = {}

    async def run(self) -> None:
        """Load the model and do what is asked until the other side is gone."""
        settings = Settings.model_validate_json((await read_frame(self._reader)).payload)
        self._on_settings(settings)
        engine = self._load(settings)
        if engine is None:
            await self._writer.drain()
            return
        async with anyio.create_task_group() as calls:
            try:
                while True:
                    frame = await read_frame(self._reader)
                    if frame.kind is Kind.CALL:
                        # Made here, since the cancellation may arrive before the task has begun.
                        scope = self._scopes[frame.call] = anyio.CancelScope()
                        calls.start_soon(self._do, engine, frame, scope)
                    elif frame.call in self._scopes:
                        self._scopes[frame.call].cancel()
            except (IncompleteReadError, ConnectionError):
                calls.cancel_scope.cancel()

    def _load(self, settings: Settings) -> Engine | None:
        try:
            classifier = StanceClassifier.from_pretrained(settings.model, threads=settings.threads)
        except Exception as error:
            expected = isinstance(error, EntityStanceError)
            logger.critical("the model could not be loaded: %s", error, exc_info=not expected)
            reason = str(error) if expected else "an unexpected error occurred; the service's log has the cause"
            self._send(Kind.FAILED, reason.encode())
            return None
        self._send(Kind.READY, information(classifier))
        return Engine(classifier, settings)

    async def _do(self, engine: Engine, frame: Frame, scope: anyio.CancelScope) -> None:
        call = Call.from_payload(frame.payload)

        async def on_read(usage: Usage) -> None:
            self._send(Kind.READ, usage.to_payload(), frame.call)

        with scope:
            try:
                usage, answer = await engine.do(call, on_read)
            except ProblemError as problem:
                self._send(Kind.PROBLEM, problem_payload(problem), frame.call)
            except Exception as error:
                logger.error("request %s failed", call.request_id, exc_info=error)
                self._send(Kind.PROBLEM, problem_payload(ProblemError(ProblemType.INTERNAL, _UNEXPECTED)), frame.call)
            else:
                self._send(Kind.ANSWER, usage.to_payload(answer), frame.call)
                await self._writer.drain()
        del self._scopes[frame.call]

    def _send(self, kind: Kind, payload: bytes, call: int = 0) -> None:
        self._writer.write(Frame(kind, payload, call).encode())


async def serve_connection(
    connection: socket.socket, on_settings: Callable[[Settings], object] = lambda _: None
) -> None:
    """Serve one connection until the other side closes it."""
    reader, writer = await open_connection(sock=connection)
    try:
        await WorkerProcess(reader, writer, on_settings).run()
    finally:
        writer.close()


def main() -> None:
    """Serve the connection whose descriptor is the only argument."""
    os.nice(NICENESS)
    # The other side may end before it has said what to do.
    with contextlib.suppress(IncompleteReadError, ConnectionError):
        connection = socket.socket(fileno=int(sys.argv[1]))
        fast_loop = {"use_uvloop": find_spec("uvloop") is not None}
        anyio.run(serve_connection, connection, _configure, backend_options=fast_loop)


def _configure(settings: Settings) -> None:
    configure_logging(settings.log_format, settings.log_level)


if __name__ == "__main__":
    main()
