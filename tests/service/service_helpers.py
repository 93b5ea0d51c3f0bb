"""A real server for the tests of the service, and what problem documents have in common."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

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
