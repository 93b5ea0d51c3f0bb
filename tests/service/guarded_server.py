"""The service's own server, as ``entity-stance serve`` runs it, and bare connections to it."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import uvicorn
from fastapi import FastAPI
from service_helpers import wait_until

from service.app import create_app
from service.server import server_config
from service.settings import Settings

GET = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Guarded:
    """A running server: its application, a client of it, and connections that may send anything."""

    def __init__(self, app: FastAPI, client: httpx.Client, port: int) -> None:
        self.app = app
        self.client = client
        self.port = port

    def ready(self) -> httpx.Client:
        """Wait for the model, and return the client."""
        wait_until(lambda: self.client.get("/readyz").status_code == httpx.codes.OK)
        return self.client

    @contextmanager
    def connection(self, seconds: float = 20) -> Iterator[socket.socket]:
        """Open a connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as connection:
            yield connection

    def exchange(self, *pieces: bytes, pause: float = 0.05) -> bytes:
        """Send pieces of bytes, and return all that comes back until the server closes the connection."""
        with self.connection() as connection:
            for index, piece in enumerate(pieces):
                if index:
                    time.sleep(pause)
                connection.sendall(piece)
            return read_all(connection)


def read_all(connection: socket.socket) -> bytes:
    """Read until the other side closes."""
    parts = []
    while part := connection.recv(65_536):
        parts.append(part)
    return b"".join(parts)


def read_one(connection: socket.socket) -> httpx.Response:
    """Read one answer of a connection that stays open."""
    received = b""
    while True:
        part = connection.recv(65_536)
        assert part, f"closed after {received!r}"
        received += part
        head, _, body = received.partition(b"\r\n\r\n")
        if body and len(body) == int(answer_of(head).headers["content-length"]):
            return answer_of(received)


def answer_of(received: bytes) -> httpx.Response:
    """Return the one answer that was received, read as far as its headers say."""
    head, _, body = received.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = [tuple(line.split(": ", 1)) for line in lines]
    return httpx.Response(int(status.split()[1]), headers=headers, content=body)  # type: ignore[arg-type]


@contextmanager
def guarded(settings: Settings) -> Iterator[Guarded]:
    """Run the server with some settings on a free port."""
    app = create_app(settings.model_copy(update={"port": 0}))
    server = uvicorn.Server(server_config(app, settings.model_copy(update={"port": 0})))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_until(lambda: server.started)
        port = server.servers[0].sockets[0].getsockname()[1]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as client:
            yield Guarded(app, client, port)
    finally:
        server.should_exit = True
        thread.join()


class Lines(logging.Handler):
    """Collects what a formatter makes of the log."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(formatter)
        self.lines: list[str] = []

    def filter(self, record: logging.LogRecord) -> bool:
        # The client runs in the same process here, and logs what it sends.
        return not record.name.startswith("http")

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@contextmanager
def logged(formatter: logging.Formatter) -> Iterator[list[str]]:
    """Collect everything that is logged, on every level, as a formatter writes it."""
    handler, root = Lines(formatter), logging.getLogger()
    loggers = [root, *(logging.getLogger(name) for name in ("service", "model", "uvicorn", "uvicorn.error", "asyncio"))]
    levels = [logger.level for logger in loggers]
    uvicorn_logger = logging.getLogger("uvicorn")
    propagate, uvicorn_logger.propagate = uvicorn_logger.propagate, True
    root.addHandler(handler)
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    try:
        yield handler.lines
    finally:
        root.removeHandler(handler)
        uvicorn_logger.propagate = propagate
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
