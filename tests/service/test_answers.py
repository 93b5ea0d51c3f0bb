"""What every answer carries, and bodies that are refused for how they are sent."""

from __future__ import annotations

import gzip
import time
import uuid
from collections.abc import Iterator

import httpx
import pytest
from fastapi import Request
from guarded_server import Guarded, guarded
from pydantic import BaseModel
from service_helpers import assert_problem, serving

from service.app import create_app
from service.settings import Settings

KEPT = "0d4f7a5e-9b1c-4c7e-8a61-3f1d2c5b6a79"


@pytest.fixture(scope="module")
def server() -> Iterator[Guarded]:
    with guarded(Settings()) as started:
        started.ready()
        yield started


def failing(*_: object) -> None:
    raise RuntimeError("unforeseen")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/livez", 200),
        ("GET", "/openapi.json", 200),
        ("GET", "/metrics", 200),
        ("GET", "/nothing", 404),
        ("PUT", "/classify", 405),
        ("POST", "/classify", 415),
        ("GET", "/static-offline-docs/swagger-ui.css", 200),
        ("HEAD", "/docs", 405),
        ("GET", "/", 200),
    ],
)
def test_every_answer_has_security_headers(server: Guarded, method: str, path: str, status: int) -> None:
    response = server.client.request(method, path)
    assert response.status_code == status
    assert_secure(response)
    policy = response.headers["content-security-policy"]
    assert "unsafe" not in policy or path == "/docs"


def assert_secure(response: httpx.Response) -> None:
    headers = response.headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'self'"
    assert policy["img-src"] == "'self' data: blob:"
    assert policy["frame-ancestors"] == policy["object-src"] == policy["base-uri"] == "'none'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert len(headers.get_list("x-request-id")) == 1
    assert uuid.UUID(headers["x-request-id"])
    assert "server" not in headers


def test_a_failure_has_them_too(server: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.routes.status.package_version", failing)
    response = server.client.get("/info", headers={"X-Request-ID": KEPT})
    assert_problem(response, 500)
    assert_secure(response)
    assert response.headers["x-request-id"] == KEPT
    # The connection is fit for the next request, as after any answer.
    assert "connection" not in response.headers


def test_only_the_documentation_may_have_inline_scripts(server: Guarded) -> None:
    policy = server.client.get("/docs").headers["content-security-policy"]
    assert "script-src 'self' 'unsafe-inline'" in policy
    assert "default-src 'self'" in policy
    for path in ("/docs/", "/docs/x", "/classify", "/livez"):
        assert "unsafe" not in server.client.get(path).headers["content-security-policy"]


def test_a_request_id_of_the_client_is_kept_if_it_is_a_uuid(server: Guarded) -> None:
    for given in (KEPT, KEPT.upper()):
        response = server.client.get("/nothing", headers={"X-Request-ID": given})
        assert response.headers["x-request-id"] == KEPT
        assert assert_problem(response, 404)["instance"] == f"urn:uuid:{KEPT}"
    for given in ("1", "a" * 36, KEPT + "0", f"{{{KEPT}}}", KEPT.replace("-", ""), "x level=error", "\xff"):
        answered = server.client.get("/livez", headers={"X-Request-ID": given.encode("latin-1")}).headers[
            "x-request-id"
        ]
        assert answered != given
        assert uuid.UUID(answered)


class Item(BaseModel):
    text: str


def test_a_faulty_body_is_told_as_such_whoever_reads_it() -> None:
    app = create_app(Settings(max_body_bytes=1_000, max_text_characters=100, body_seconds=0.3))

    @app.post("/item")
    async def item(item: Item) -> Item:  # FastAPI reads the body, and takes any error for one of JSON
        return item

    @app.post("/stubborn")
    async def stubborn(request: Request) -> str:
        try:
            await request.body()
        except Exception:
            return "went on without"
        return "read"

    def large() -> Iterator[bytes]:
        yield from [b" " * 100] * 20

    def slow() -> Iterator[bytes]:
        yield b" "
        time.sleep(1)
        yield b" "

    with serving(app) as client:
        assert client.post("/item", json={"text": "a"}).json() == {"text": "a"}
        for path in ("/item", "/stubborn"):
            headers = {"Content-Type": "application/json"}
            assert_problem(client.post(path, content=large(), headers=headers), 413)
            assert_problem(client.post(path, content=slow(), headers=headers), 408)
        assert client.post("/stubborn", content=b"{}").json() == "read"


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "GZIP", "identity, gzip", "zstd", "unknown"])
def test_a_compressed_body_is_refused(server: Guarded, encoding: str) -> None:
    body = gzip.compress(b'{"text": "Norway warned Iceland."}')
    headers = {"Content-Encoding": encoding, "Content-Type": "application/json"}
    response = server.client.post("/classify", content=body, headers=headers)
    assert assert_problem(response, 415)["type"] == "urn:entity-stance:problem:unsupported-encoding"
    assert response.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("encoding", ["identity", "Identity", ""])
def test_an_uncompressed_body_may_say_so(server: Guarded, encoding: str) -> None:
    response = server.client.post("/classify", json={"text": "Peru met Chile."}, headers={"Content-Encoding": encoding})
    assert response.status_code == 200
