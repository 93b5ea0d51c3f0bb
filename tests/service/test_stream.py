"""``POST /classify/stream``: lines in, lines out."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from itertools import pairwise
from typing import Any

import anyio
import httpx
import pytest
from guarded_server import guarded
from hypothesis import given
from hypothesis import strategies as st
from service_helpers import assert_problem, serving, wait_until

from service.app import create_app
from service.lines import Line, split_lines
from service.settings import Settings

NDJSON = {"Content-Type": "application/x-ndjson"}


def stream(client: httpx.Client, body: bytes, **query: Any) -> list[dict[str, Any]]:
    response = client.post("/classify/stream", content=body, headers=NDJSON, params=query)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in response.text.splitlines()]


def lines(*documents: Any) -> bytes:
    return b"".join(json.dumps(document).encode() + b"\n" for document in documents)


def test_documents_are_answered_in_order_as_one_by_one(client: httpx.Client) -> None:
    documents = [{"id": str(i), "text": f"Norway warned Iceland {i} times. " * (1 + i % 5)} for i in range(200)]
    answers = stream(client, lines(*documents))
    assert [answer["id"] for answer in answers] == [str(i) for i in range(200)]
    for index in (0, 3, 199):
        (alone,) = client.post("/classify", json=documents[index]).json()["documents"]
        assert answers[index] == alone


def test_a_broken_line_is_answered_with_its_number_and_the_rest_goes_on(strict_client: httpx.Client) -> None:
    good = {"id": "good", "text": "Norway warned Iceland."}
    body = (
        lines(good)
        + b"\n  \r\n{broken\n"
        + lines({"id": "x", "text": "é" * 101}, {"text": "a", "lang": "en"}, [], {"text": "\ud800"})
        + b'{"text": "a", "text": "b"}\n\xff\xfe\n'
        + b'{"text": "'
        + b"x" * 3_000
        + b'"}\n'
        + lines(good)[:-1]
    )
    first, *errors, last = stream(strict_client, body)
    assert first == last
    assert first["id"] == "good"
    found = [(error["line"], error["id"], error["error"]["status"], error["error"].get("field")) for error in errors]
    assert found == [
        (4, None, 400, None),
        (5, "x", 413, "text"),
        (6, None, 422, "lang"),
        (7, None, 422, "body"),
        (8, None, 422, "text"),
        (9, None, 400, None),
        (10, None, 400, None),
        (11, None, 413, None),
    ]


def test_options_stand_in_the_query(client: httpx.Client) -> None:
    body = lines({"text": "The EU and Norway warned Iceland."})
    (answer,) = stream(client, body, countries=["NO", "EU"], blocs=False)
    assert [entity["code"] for entity in answer["sentences"][0]["entities"]] == ["NO"]


@pytest.mark.parametrize(
    ("query", "field"), [("countries=XX", "countries[0]"), ("blocs=maybe", "blocs"), ("colour=red", "colour")]
)
def test_faulty_options_are_refused(client: httpx.Client, query: str, field: str) -> None:
    response = client.post(f"/classify/stream?{query}", content=lines({"text": "a"}), headers=NDJSON)
    assert assert_problem(response, 422)["errors"][0]["field"] == field


def test_a_body_of_another_type_is_refused(client: httpx.Client) -> None:
    response = client.post("/classify/stream", content=b"{}", headers={"Content-Type": "text/csv"})
    assert "application/x-ndjson" in assert_problem(response, 415)["detail"]


def test_an_empty_stream_has_an_empty_answer(client: httpx.Client) -> None:
    assert stream(client, b"") == []


def test_answers_come_while_the_client_still_sends(client: httpx.Client) -> None:
    host, port = client.base_url.host, client.base_url.port
    with socket.create_connection((host, port), timeout=20) as connection, connection.makefile("rb") as received:
        connection.sendall(b"POST /classify/stream HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\n")
        connection.sendall(b"Transfer-Encoding: chunked\r\n\r\n")
        for index in range(3):
            line = lines({"id": str(index), "text": "Norway warned Iceland."})
            connection.sendall(f"{len(line):x}\r\n".encode() + line + b"\r\n")
            while not (answer := received.readline()).startswith(b"{"):
                assert answer
            assert json.loads(answer)["id"] == str(index)
        connection.sendall(b"0\r\n\r\n")
        while received.readline() != b"0\r\n":
            pass


def test_nothing_is_read_from_a_client_that_takes_no_answers() -> None:
    """A gigabyte would be sent if the service took it; it must stop reading early, and cut the client in the end."""
    with guarded(Settings(answer_seconds=2)) as server:
        client = server.ready()
        line = lines({"text": "Norway warned Iceland. " * 400})
        with server.connection() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
            connection.sendall(b"POST /classify/stream HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\n")
            connection.sendall(b"Content-Length: 1000000000\r\n\r\n")
            connection.settimeout(10)
            sent = 0
            with pytest.raises((ConnectionError, TimeoutError)):
                while sent < 100_000_000:
                    connection.sendall(line)
                    sent += len(line)
        assert sent < 50_000_000
        wait_until(lambda: "entity_stance_queue_tokens 0.0" in client.get("/metrics").text)
        assert client.get("/readyz").status_code == 200


def test_a_stream_that_stalls_is_told_so() -> None:
    with guarded(Settings(body_seconds=0.5)) as server:
        short = server.ready()

        def stalling() -> Iterator[bytes]:
            yield lines({"text": "Norway warned Iceland."})
            time.sleep(1.5)

        response = short.post("/classify/stream", content=stalling(), headers=NDJSON)
        answer, error = [json.loads(line) for line in response.text.splitlines()]
    assert "sentences" in answer
    assert (error["line"], error["error"]["status"]) == (2, 408)
    assert "0.5 seconds" in error["error"]["detail"]


def test_a_client_that_leaves_a_stream_leaves_nothing_behind() -> None:
    app = create_app(Settings())
    with serving(app) as client:
        wait_until(lambda: client.get("/readyz").status_code == 200)
        host, port = client.base_url.host, client.base_url.port
        body = b"".join(lines({"text": f"Norway warned Iceland {i} times. " * 50}) for i in range(200))
        for cut in (len(body), len(body) // 2):
            with socket.create_connection((host, port)) as connection:
                head = "POST /classify/stream HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\n"
                connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode())
                threading.Thread(target=_send, args=(connection.dup(), body[:cut])).start()
                wait_until(lambda: app.state.gateway.admission.tokens > 0)
            wait_until(lambda: app.state.gateway.admission.tokens == 0)


def _send(connection: socket.socket, body: bytes) -> None:
    with connection:
        try:
            connection.sendall(body)
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


@given(
    st.lists(st.binary(max_size=12).map(lambda line: line.replace(b"\n", b"")), max_size=8),
    st.lists(st.integers(0, 100), max_size=10),
)
def test_lines_are_the_same_however_the_body_is_cut(content: list[bytes], cuts: list[int]) -> None:
    limit = 8
    body = b"\n".join(content)
    bounds = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]

    async def pieces() -> AsyncIterator[bytes]:
        for start, end in pairwise(bounds):
            yield body[start:end]

    async def read() -> list[Line]:
        return [line async for line in split_lines(pieces(), limit)]

    assert anyio.run(read) == [
        Line(number, line if len(line) <= limit else None)
        for number, line in enumerate(content, start=1)
        if line.strip() or len(line) > limit
    ]
