"""Connections that say nothing, say it slowly, or say what is no HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import socket
import statistics
import time
from collections.abc import Iterator

import httpx
import pytest
from guarded_server import GET, Guarded, answer_of, guarded, read_all, read_one
from service_helpers import assert_problem, wait_until

from service.settings import Settings

HEAD = b"POST /classify HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def hasty() -> Iterator[Guarded]:
    """A server with little patience."""
    with guarded(Settings(header_seconds=0.5, body_seconds=0.5, max_connections=50)) as server:
        server.ready()
        yield server


def assert_quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Check that nothing failed behind the scenes."""
    assert not [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("sent", [b"", b"GET", b"GET /livez HTTP/1.1\r\nHost: local"])
def test_a_connection_without_complete_headers_is_closed(hasty: Guarded, sent: bytes) -> None:
    begin = time.monotonic()
    problem = assert_problem(answer_of(hasty.exchange(sent)), 408)
    assert 0.4 < time.monotonic() - begin < 5
    assert problem["type"] == "urn:entity-stance:problem:too-slow"
    assert "headers" in problem["detail"]


def test_dribbling_buys_no_time(hasty: Guarded) -> None:
    begin = time.monotonic()
    with hasty.connection() as connection, contextlib.suppress(OSError):
        connection.sendall(b"GET /livez HTTP/1.1\r\n")
        while time.monotonic() - begin < 10:
            connection.sendall(b"X-Header: 1\r\n")
            time.sleep(0.05)
    assert time.monotonic() - begin < 5


def test_the_second_request_of_a_connection_is_timed_too(hasty: Guarded) -> None:
    with hasty.connection() as connection:
        connection.sendall(GET)
        assert read_one(connection).status_code == 200
        connection.sendall(GET[:20])
        assert_problem(answer_of(read_all(connection)), 408)


def test_a_body_that_goes_on_after_the_answer_is_cut_off(hasty: Guarded) -> None:
    begin = time.monotonic()
    with hasty.connection() as connection, contextlib.suppress(OSError):
        connection.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert read_one(connection).status_code == 200
        while time.monotonic() - begin < 10:
            connection.sendall(b"1\r\nx\r\n")
            time.sleep(0.05)
    assert time.monotonic() - begin < 5


@pytest.mark.parametrize("length", [b"Content-Length: 100", b"Transfer-Encoding: chunked"])
def test_a_body_that_does_not_arrive_in_time_is_refused(hasty: Guarded, length: bytes) -> None:
    begin = time.monotonic()
    received = hasty.exchange(HEAD + length + b"\r\n\r\n", b"1\r\n{\r\n", b"1\r\n ", pause=0.2)
    assert time.monotonic() - begin < 5
    response = answer_of(received)
    assert assert_problem(response, 408)["detail"] == "The body did not arrive within 0.5 seconds."
    assert response.headers["connection"] == "close"


def test_a_connection_may_rest_between_two_requests(hasty: Guarded) -> None:
    with hasty.connection() as connection:
        connection.sendall(GET)
        read_one(connection)
        time.sleep(0.8)  # more than both limits: only keep_alive_seconds counts
        connection.sendall(GET)
        assert read_one(connection).status_code == 200


BROKEN = {
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "no version": b"GET /livez\r\n\r\n",
    "no host": b"GET /livez HTTP/1.1\r\n\r\n",
    "NUL in a header": b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX-A: a\0b\r\n\r\n",
    "NUL in a name": b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX\0A: a\r\n\r\n",
    "CR in a header": b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX-A: a\rb\r\n\r\n",
    "space before a colon": b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX-A : a\r\n\r\n",
    "NUL in the target": b"GET /live\0z HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "letters that are not ASCII": "GET /é HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(),
    "two lengths": HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
    "a list of lengths": HEAD + b"Content-Length: 2, 3\r\n\r\n{}x",
    "a length that is none": HEAD + b"Content-Length: 0x10\r\n\r\n{}",
    "a negative length": HEAD + b"Content-Length: -1\r\n\r\n{}",
    "a length of ten thousand digits": HEAD + b"Content-Length: " + b"9" * 10_000 + b"\r\n\r\n{}",
    "an unknown coding": HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "two hosts": b"GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_http_is_answered_with_a_problem(hasty: Guarded, name: str, caplog: pytest.LogCaptureFixture) -> None:
    problem = assert_problem(answer_of(hasty.exchange(BROKEN[name])), 400)
    assert problem["type"] == "urn:entity-stance:problem:malformed-http"
    assert hasty.client.get("/livez").status_code == 200
    assert_quiet(caplog)


@pytest.mark.parametrize(
    "size", [b"zz", b"-1", b"fffffffffffffffffffffffff", b"1;" + b"x" * 60_000, b"0\r\nX: " + b"x" * 60_000, b"\0", b""]
)
@pytest.mark.parametrize("path", [b"/classify", b"/nothing", b"/livez"])
@pytest.mark.parametrize("pause", [None, 0.1])
def test_broken_chunks_end_the_connection_and_nothing_else(
    hasty: Guarded, path: bytes, size: bytes, pause: float | None, caplog: pytest.LogCaptureFixture
) -> None:
    head = HEAD.replace(b"/classify", path) + b"Transfer-Encoding: chunked\r\n\r\n"
    broken = size + b"\r\n{}\r\n0\r\n\r\n"
    try:
        received = hasty.exchange(head + broken) if pause is None else hasty.exchange(head, broken, pause=pause)
    except ConnectionResetError:
        received = b""
    if received:
        assert answer_of(received).status_code in {400, 404, 405, 431}
        assert b"Internal Server Error" not in received
    elif path == b"/classify":
        pytest.fail("no answer at all, though none had begun")
    assert hasty.client.get("/livez").status_code == 200
    assert_quiet(caplog)


@pytest.mark.parametrize(
    "bomb",
    [
        b"X-Bomb: " + b"x" * 65_536 + b"\r\n",
        b"".join(b"X-%d: x\r\n" % index for index in range(6_000)),
        b"X-Bomb: " + b"x" * 65_536,
    ],
)
def test_a_header_bomb_is_refused(hasty: Guarded, bomb: bytes, caplog: pytest.LogCaptureFixture) -> None:
    received = hasty.exchange(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n" + bomb + b"\r\n")
    assert_problem(answer_of(received), 431)
    assert_quiet(caplog)


def test_odd_hosts_and_paths_are_answered(hasty: Guarded, caplog: pytest.LogCaptureFixture) -> None:
    for host in (b"[", b"[::1", b"a b", b"@", b"", b"\xff"):
        for path in (b"/nothing", b"/classify/", b"//", b"/%00", b"/%ff", b"/..%2f..%2fetc/passwd", b"*", b"http://["):
            request = b"GET " + path + b" HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n"
            assert answer_of(hasty.exchange(request)).status_code in {307, 400, 404}
    assert_quiet(caplog)


def test_pipelined_requests_are_answered_in_turn(hasty: Guarded) -> None:
    last = GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    received = hasty.exchange(GET * 300 + GET[:30], GET[30:] + last)
    assert received.count(b"HTTP/1.1 200 OK") == 302


def test_whatever_is_sent_no_connection_breaks_the_server(hasty: Guarded, caplog: pytest.LogCaptureFixture) -> None:
    body = b'{"text": "Peru met Chile."}'
    whole = HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    chunked = HEAD + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    chance = random.Random(7)
    for _ in range(300):
        sent = bytearray(chance.choice((whole, chunked, GET + whole, chunked + GET)))
        for _ in range(chance.randint(1, 4)):
            start = chance.randrange(len(sent))
            change = chance.choice(
                (b"", b"\0", b"\r\n", b"\xff", b":", bytes([chance.randrange(256)]), bytes(sent[start:]))
            )
            sent[start : start + chance.randint(0, 3)] = change
        with hasty.connection() as connection:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            with contextlib.suppress(ConnectionResetError):
                received = read_all(connection)
                assert b"HTTP/1.1 5" not in received
                assert not received or received.startswith(b"HTTP/1.1 ")
    assert hasty.client.get("/livez").status_code == 200
    assert_quiet(caplog)


def test_too_many_connections_are_told_so_and_do_not_hinder_the_others(hasty: Guarded) -> None:
    with contextlib.ExitStack() as stack:
        client = stack.enter_context(httpx.Client(base_url=hasty.client.base_url, trust_env=False, timeout=20))
        assert client.get("/livez").status_code == 200
        for _ in range(60):
            connection = stack.enter_context(hasty.connection())
            connection.sendall(GET)
            response = read_one(connection)
            if response.status_code != 200:
                break
        assert read_all(connection) == b""
        assert assert_problem(response, 503)["type"] == "urn:entity-stance:problem:too-many-connections"
        assert response.headers["retry-after"] == "2"
        assert response.headers["x-content-type-options"] == "nosniff"
        assert client.get("/livez").status_code == 200
    wait_until(lambda: hasty.exchange(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))[9:12] == b"200")


def test_of_far_too_many_connections_most_are_closed_without_a_word() -> None:
    with guarded(Settings(max_connections=2)) as server, contextlib.ExitStack() as stack:
        answers = []
        for _ in range(2 + 64 + 10):
            connection = stack.enter_context(server.connection())
            try:
                connection.sendall(GET)
                answers.append(connection.recv(12))
            except ConnectionError:
                answers.append(b"")
        stack.close()
        assert answers.count(b"HTTP/1.1 200") == 2
        assert answers.count(b"HTTP/1.1 503") == 64
        assert answers[-10:] == [b""] * 10
        wait_until(lambda: server.client.get("/livez").status_code == 200)


def test_a_client_that_does_not_take_its_answer_is_given_up() -> None:
    request = b"GET /static-offline-docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with guarded(Settings(answer_seconds=0.3, max_connections=2)) as server, socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", server.port))
        connection.sendall(request * 20)
        wait_until(lambda: 'rejects_total{reason="answer-not-taken"} 1.0' in server.client.get("/metrics").text)
        wait_until(lambda: "requests_in_flight 1.0" in server.client.get("/metrics").text)
        # One that reads all the time gets all of it.
        connection.close()
        assert server.client.get("/static-offline-docs/swagger-ui-bundle.js").status_code == 200


def test_five_hundred_dribbling_connections_slow_down_nobody() -> None:
    async def dribble(port: int, stop: asyncio.Event, opened: asyncio.Semaphore) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /classify HTTP/1.1\r\nHost: ")
        opened.release()
        with contextlib.suppress(OSError):
            while not stop.is_set():
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(1)
        writer.transport.abort()

    async def latency(client: httpx.AsyncClient) -> float:
        times = []
        for _ in range(100):
            begin = time.perf_counter()
            assert (await client.get("/livez")).status_code == 200
            times.append(time.perf_counter() - begin)
            await asyncio.sleep(0.005)
        return statistics.median(times)

    async def compare(port: int) -> tuple[float, float]:
        stop, opened = asyncio.Event(), asyncio.Semaphore(0)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20) as client:
            await latency(client)
            idle = await latency(client)
            async with asyncio.TaskGroup() as tasks:
                for _ in range(500):
                    tasks.create_task(dribble(port, stop, opened))
                for _ in range(500):
                    await opened.acquire()
                # The machine may be busy with something else for a while, and so make one round slow.
                busy = min([await latency(client) for _ in range(3)])
                stop.set()
        return idle, busy

    with guarded(Settings(header_seconds=30)) as server:
        server.ready()
        idle, busy = asyncio.run(compare(server.port))
    print(f"median of GET /livez: idle {idle * 1000:.2f} ms, with 500 slow connections {busy * 1000:.2f} ms")
    assert busy < 2 * idle
