"""A real server for the tests of the service, and what problem documents have in common."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import uvicorn
from fastapi import FastAPI

from service.worker.__main__ import serve_connection

START_SECONDS = 60


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for a condition, and fail if it does not come true."""
    deadline = time.monotonic() + START_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "timed out"
        time.sleep(0.01)


@contextmanager
def serving(app: FastAPI) -> Iterator[httpx.Client]:
    """Serve an application on a free port, and yield a client for it."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="on", log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_until(lambda: server.started)
        port = server.servers[0].sockets[0].getsockname()[1]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()


class ThreadInPlaceOfProcess:
    """Runs what the model's process would in a thread of this one, where a test can put obstacles into its way."""

    def __init__(self, _: Sequence[str], *, pass_fds: Sequence[int], start_new_session: bool) -> None:
        assert start_new_session
        self.pid = os.getpid()
        connection = socket.socket(fileno=os.dup(pass_fds[0]))
        self._thread = threading.Thread(target=anyio.run, args=(serve_connection, connection))
        self._thread.start()

    def wait(self, timeout: float | None = None) -> None:
        self._thread.join(timeout)
        assert not self._thread.is_alive()

    def kill(self) -> None:
        raise AssertionError("the worker did not end by itself")


def assert_problem(response: httpx.Response, status: int) -> dict[str, Any]:
    """Check that an answer is a problem document with that status, and return it."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert set(problem) == {"type", "title", "status", "detail", "instance", "errors"}
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert problem["type"] == "about:blank" or problem["type"].startswith("urn:entity-stance:problem:")
    assert problem["instance"] == f"urn:uuid:{response.headers['x-request-id']}"
    assert all(set(error) <= {"field", "reason", "limit"} for error in problem["errors"])
    assert "Traceback" not in response.text
    return problem


@contextmanager
def served_process(log: Path, *arguments: str, **settings: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Run ``entity-stance serve`` in a process of its own, and yield it and its address once it is ready."""
    command = [sys.executable, "-m", "service.cli.main", "serve", "--port", "0", *arguments]
    environment = {**os.environ, **{f"ENTITY_STANCE_{name.upper()}": value for name, value in settings.items()}}
    with log.open("wb") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=stream, env=environment)
    try:
        wait_until(lambda: "running on http://" in log.read_text() or process.poll() is not None)
        url = log.read_text().partition("running on ")[2].split()[0]
        wait_until(lambda: httpx.get(f"{url}/readyz", trust_env=False).status_code == 200)
        yield process, url
    finally:
        process.kill()
        process.wait()
