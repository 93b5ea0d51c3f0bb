"""What a full queue has no room for is refused from its first bytes, as it would be after the whole way."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

import pytest
from guarded_server import Guarded, answer_of, guarded, logged
from service_helpers import assert_problem, wait_until

from service.observability.logs import TextFormatter
from service.settings import Settings
from service.shedding import Shedder

KEY = "k" * 32
JSON = {"Content-Type": "application/json"}
BODY = json.dumps({"text": "Norway warned Iceland."}).encode()


@pytest.fixture(scope="module")
def server() -> Iterator[Guarded]:
    with guarded(Settings(max_queue_tokens=1000, max_body_bytes=2_000_000)) as server:
        server.ready()
        yield server


@contextmanager
def full(server: Guarded) -> Iterator[None]:
    """Fill the queue."""
    admission = server.app.state.gateway.admission
    admission.change(admission.limit)
    try:
        yield
    finally:
        admission.change(-admission.limit)


def request(*headers: str, path: str = "/classify", length: int = len(BODY)) -> bytes:
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: x",
        "Content-Type: application/json",
        f"Content-Length: {length}",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def refusals(server: Guarded) -> float:
    """Return how many requests the metrics count as refused for the full queue."""
    text = server.client.get("/metrics").text
    lines = [line for line in text.splitlines() if line.startswith('entity_stance_rejects_total{reason="overloaded"}')]
    return float(lines[0].split()[1]) if lines else 0


def test_the_refusal_is_the_one_that_the_application_gives(server: Guarded) -> None:
    with full(server):
        quick = answer_of(server.exchange(request() + BODY))
        slow = server.client.post(
            "/classify", content=BODY, headers={"Content-Type": "application/json", "Origin": "x"}
        )
    one, other = (assert_problem(answer, 429) for answer in (quick, slow))
    assert one.pop("instance") != other.pop("instance")
    assert one == other
    changing = {"date", "x-request-id", "connection"}
    assert {(n, v) for n, v in quick.headers.items() if n not in changing} == {
        (name, value) for name, value in slow.headers.items() if name not in changing
    }
    assert int(quick.headers["retry-after"]) >= 1
    assert quick.headers["connection"] == "close"
    assert server.client.post("/classify", content=BODY, headers=JSON).status_code == 200


@pytest.mark.parametrize("path", ["/classify", "/explain"])
def test_a_refusal_reads_no_body_and_never_reaches_the_application(
    server: Guarded, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, reached = refusals(server), []
    monkeypatch.setattr(type(server.app.state.gateway), "call", lambda *_: reached.append(1))
    with full(server), server.connection() as connection:
        connection.sendall(request(path=path, length=1_000_000))
        received = connection.recv(65_536)
    assert_problem(answer_of(received), 429)
    assert not reached
    assert refusals(server) == before + 1


def test_what_follows_a_refusal_is_not_taken_for_a_request(server: Guarded) -> None:
    smuggled = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
    with full(server):
        received = server.exchange(request(length=len(smuggled)) + smuggled + smuggled)
    assert received.count(b"HTTP/1.1 ") == 1
    assert_problem(answer_of(received), 429)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (request("Content-Encoding: gzip"), 415),
        (request(length=3_000_000), 413),
        (request("Content-Length: 7"), 400),
        (request(path="/nothing"), 404),
        (b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n", 200),
        (b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n", 200),
    ],
)
def test_other_faults_and_other_routes_are_answered_as_ever(server: Guarded, sent: bytes, status: int) -> None:
    with full(server), server.connection() as connection:
        connection.sendall(sent + (BODY if b"POST" in sent and status == 404 else b""))
        assert answer_of(connection.recv(65_536)).status_code == status


def test_nobody_is_waited_for_who_has_sent_everything(server: Guarded) -> None:
    def taken() -> bool:
        try:
            connection.sendall(b"more")
        except ConnectionError:
            return False
        return True

    with full(server), server.connection() as connection:
        connection.sendall(request() + BODY)
        received = b"".join(iter(lambda: connection.recv(65_536), b""))
        assert_problem(answer_of(received), 429)
        began = time.monotonic()
        wait_until(lambda: not taken())
    assert time.monotonic() - began < 1  # Others may send for two seconds what is thrown away.


def test_a_head_in_pieces_is_refused_all_the_same(server: Guarded) -> None:
    with full(server):
        received = server.exchange(request()[:30], request()[30:] + BODY)
    assert_problem(answer_of(received), 429)


def test_who_shows_no_key_is_told_of_that_and_of_nothing_else() -> None:
    with guarded(Settings(max_queue_tokens=1000, api_keys=(f"newsroom:{sha256(KEY.encode()).hexdigest()}",))) as server:
        server.ready()
        with full(server):
            assert_problem(answer_of(server.exchange(request("Connection: close") + BODY)), 401)
            assert_problem(answer_of(server.exchange(request(f"X-API-Key: {KEY}") + BODY)), 429)


def test_the_log_sums_refusals_up(server: Guarded) -> None:
    with logged(TextFormatter()) as lines, full(server):
        for _ in range(5):
            server.exchange(request() + BODY)
        wait_until(lambda: sum("the queue is full" in line for line in lines) > 0)
        told = [line for line in lines if "the queue is full" in line]
    assert sum(int(line.partition("requests=")[2].split()[0]) for line in told) == 5
    assert len(told) < 5


def test_without_a_worker_nothing_is_shed(server: Guarded) -> None:
    gateway = server.app.state.gateway
    shedder = Shedder(gateway, server.app.state.metrics, gateway.settings)
    with full(server):
        worker, gateway._worker = gateway._worker, None
        try:
            assert shedder.refusal(request() + BODY) is None
        finally:
            gateway._worker = worker
