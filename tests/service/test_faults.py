"""Requests that are refused as a whole, and the problem documents that say why."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from service_helpers import assert_problem, serving, wait_until

from model.batching import Scored
from model.classifier import StanceClassifier
from model.encoding import Row
from model.errors import ModelError
from model.runtime import Runtime
from service.app import create_app
from service.classification import Classification
from service.settings import Settings

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "Expecting value"),
        (b"   ", "Expecting value"),
        (b"{", "property name"),
        (b'{"text": "Norway"', "delimiter"),
        (b'{"text": "Norway",}', "line 1, column"),
        (b'{"text": "Norway"} {}', "Extra data"),
        (b"{'text': 'Norway'}", "property name"),
        (b'{"text": "a\nb"}', "control character"),
        (b'{"text": "\\x"}', "escape"),
        (b'{"text": "a", "text": "b"}', "'text' stands twice"),
        (b'{"documents": [{"text": "a", "id": "1", "id": "2"}, {"text": "b"}]}', "'id' stands twice"),
        (b'{"text": NaN}', "NaN"),
        (b'{"text": -Infinity}', "-Infinity"),
        (b'{"text": ' + b"1" * 10_000 + b"}", "digits"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"text":' * 100_000, "nested too deeply"),
        (b'{"documents": [' + b"[" * 50_000 + b"]" * 50_000 + b"]}", "nested too deeply"),
        (b'{"text": "\xff\xfe"}', "UTF-8"),
        (b'{"text": "\xed\xa0\x80"}', "UTF-8"),
        ('{"text": "Norway"}'.encode("utf-16"), "UTF-8"),
    ],
)
def test_a_body_that_is_not_json_is_refused(client: httpx.Client, body: bytes, reason: str) -> None:
    problem = assert_problem(client.post("/classify", content=body, headers=JSON), 400)
    assert problem["type"] == "urn:entity-stance:problem:invalid-json"
    assert reason in problem["detail"]


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        ([], "body"),
        ("Norway", "body"),
        (None, "body"),
        (5, "body"),
        ({}, "body"),
        ({"text": "a", "documents": [{"text": "b"}]}, "body"),
        ({"text": ""}, "text"),
        ({"text": " \n"}, "text"),
        ({"text": None}, "text"),
        ({"text": ["a"]}, "text"),
        ({"text": 1e400}, "text"),
        ({"text": "nul \0"}, "text"),
        ({"text": "\udfff"}, "text"),
        ({"text": "a", "lang": "en"}, "lang"),
        ({"text": "a", "\ud800": "en"}, "body"),
        ({"text": "a", "date": "soon"}, "date"),
        ({"text": "a", "entities": [{"name": "X", "mentions": ["X"]}]}, "entities[0].code"),
        ({"text": "a", "countries": "US"}, "countries"),
        ({"text": "a", "countries": []}, "countries"),
        ({"text": "a", "countries": ["US", "USA"]}, "countries[1]"),
        ({"text": "a", "countries": ["us"]}, "countries[0]"),
        ({"text": "a", "countries": [1]}, "countries[0]"),
        ({"text": "a", "countries": ["\ud800"]}, "countries[0]"),
        ({"text": "a", "blocs": "no"}, "blocs"),
        ({"text": "a", "blocs": 0}, "blocs"),
        ({"documents": []}, "documents"),
        ({"documents": {}}, "documents"),
        ({"documents": "a"}, "documents"),
        ({"documents": [{"text": "a"}], "countries": ["XX"]}, "countries[0]"),
        ({"documents": [{"text": "a"}], "date": "2022-01-18"}, "date"),
    ],
)
def test_a_faulty_request_is_refused_with_the_field(client: httpx.Client, request_: Any, field: str) -> None:
    body = json.dumps(request_).replace("Infinity", "1e400")
    problem = assert_problem(client.post("/classify", content=body, headers=JSON), 422)
    assert problem["type"] == "urn:entity-stance:problem:invalid-request"
    assert [error["field"] for error in problem["errors"]] == [field]
    assert problem["detail"].startswith(f"{field}: ")


def test_every_fault_is_listed_up_to_a_hundred(client: httpx.Client) -> None:
    few = assert_problem(client.post("/classify", json={"text": 5, "date": "x", "lang": "en"}), 422)
    assert {error["field"] for error in few["errors"]} == {"text", "date", "lang"}
    many = assert_problem(client.post("/classify", json={"text": "a", **{f"k{i}": i for i in range(5_000)}}), 422)
    assert len(many["errors"]) == 100
    assert "at least 99 more faults" in many["detail"]


def test_the_answer_to_a_huge_field_name_is_small(client: httpx.Client) -> None:
    response = client.post("/classify", json={"text": "a", "k" * 1_000_000: 1})
    assert_problem(response, 422)
    assert len(response.content) < 5_000


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/json; charset=latin-1",
        "json",
        "a/b+json",
    ],
)
def test_a_body_of_another_type_is_refused(client: httpx.Client, content_type: str | None) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    problem = assert_problem(client.post("/classify", content=b'{"text": "Norway"}', headers=headers), 415)
    assert "application/json" in problem["detail"]


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON",
        'application/json; charset="UTF-8"',
        "application/vnd.own+json",
        "application/x-www-form-urlencoded",  # what curl -d declares
    ],
)
def test_a_body_of_json_is_taken(client: httpx.Client, content_type: str) -> None:
    body = b'\xef\xbb\xbf{"text": "Norway"}'
    assert client.post("/classify", content=body, headers={"Content-Type": content_type}).status_code == 200


def test_a_text_of_the_limit_is_taken_and_a_longer_one_refused(strict_client: httpx.Client) -> None:
    assert strict_client.post("/classify", json={"text": "é" * 100}).status_code == 200
    problem = assert_problem(strict_client.post("/classify", json={"text": "é" * 101}), 413)
    assert problem["errors"] == [
        {"field": "text", "reason": "should have at most 100 characters, not 101", "limit": 100}
    ]


def test_a_text_of_a_million_characters_is_refused(client: httpx.Client) -> None:
    problem = assert_problem(client.post("/classify", json={"text": "Norway. " * 125_000}), 413)
    assert problem["errors"][0]["limit"] == 200_000


def test_too_many_documents_are_refused(strict_client: httpx.Client) -> None:
    document = {"text": "Norway"}
    assert strict_client.post("/classify", json={"documents": [document] * 3}).status_code == 200
    problem = assert_problem(strict_client.post("/classify", json={"documents": [document] * 4}), 413)
    assert problem["errors"] == [{"field": "documents", "reason": "should have at most 3 items, not 4", "limit": 3}]


def test_a_body_over_the_limit_is_refused_whether_declared_or_chunked(strict_client: httpx.Client) -> None:
    body = b'{"text": "Norway"}'
    fitting, oversize = body + b" " * (2_000 - len(body)), body + b" " * (2_001 - len(body))

    def chunks(content: bytes) -> Iterator[bytes]:
        for start in range(0, len(content), 100):
            yield content[start : start + 100]

    for content in (fitting, chunks(fitting)):
        assert strict_client.post("/classify", content=content, headers=JSON).status_code == 200
    for content in (oversize, chunks(oversize)):
        problem = assert_problem(strict_client.post("/classify", content=content, headers=JSON), 413)
        assert problem["errors"] == [{"field": "body", "reason": "the body has more than 2000 bytes", "limit": 2_000}]


def test_an_endless_body_is_cut_off(strict_client: httpx.Client) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while sent < 500_000_000:
            sent += 65_536
            yield b" " * 65_536

    # The connection may close while the client is still sending.
    with contextlib.suppress(httpx.TransportError):
        assert_problem(strict_client.post("/classify", content=endless(), headers=JSON), 413)
    assert sent < 100_000_000


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nothing", 404), ("GET", "/classify", 405), ("PUT", "/info", 405)]
)
def test_unknown_paths_and_methods_are_problems_too(client: httpx.Client, method: str, path: str, status: int) -> None:
    response = client.request(method, path)
    problem = assert_problem(response, status)
    assert problem["type"] == "about:blank"
    assert path in problem["detail"]
    assert ("allow" in response.headers) == (status == 405)


@pytest.mark.usefixtures("in_process")
def test_an_unexpected_error_is_a_problem_without_its_cause(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def failing(*_: Any) -> None:
        raise RuntimeError("secret cause")

    monkeypatch.setattr("service.engine.read_request", failing)
    with serving(create_app(Settings())) as client:
        wait_until(lambda: client.get("/readyz").status_code == 200)
        response = client.post("/classify", json={"text": "Norway"})
    assert_problem(response, 500)
    assert "secret" not in response.text
    assert "secret cause" in caplog.text
    assert response.headers["x-request-id"] in caplog.text


@pytest.mark.usefixtures("in_process")
def test_until_the_model_is_loaded_the_service_is_alive_but_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    may_load = threading.Event()
    working = StanceClassifier.from_pretrained

    def waiting(*arguments: Any, **options: Any) -> StanceClassifier:
        may_load.wait()
        return working(*arguments, **options)

    monkeypatch.setattr(StanceClassifier, "from_pretrained", waiting)
    with serving(create_app(Settings())) as client:
        try:
            assert client.get("/livez").json() == {"status": "alive"}
            for response in (client.get("/readyz"), client.get("/info"), client.post("/classify", json={"text": "a"})):
                assert assert_problem(response, 503)["type"] == "urn:entity-stance:problem:model-not-ready"
                assert response.headers["retry-after"] == "2"
        finally:
            may_load.set()
        wait_until(lambda: client.get("/readyz").status_code == 200)
        assert client.post("/classify", json={"text": "Norway"}).status_code == 200


@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize(
    ("error", "told"), [(ModelError("runs/x: has no config.json"), True), (RuntimeError("secret cause"), False)]
)
def test_a_model_that_cannot_be_loaded_is_reported(
    monkeypatch: pytest.MonkeyPatch, error: Exception, told: bool
) -> None:
    def failing(*_: Any, **__: Any) -> StanceClassifier:
        raise error

    monkeypatch.setattr(StanceClassifier, "from_pretrained", failing)
    failed = threading.Event()
    with serving(create_app(Settings(), on_model_failure=failed.set)) as client:
        assert failed.wait(10)
        for path in ("/livez", "/readyz"):
            response = client.get(path)
            assert (str(error) in assert_problem(response, 503)["detail"]) is told
            assert "retry-after" not in response.headers


@pytest.mark.usefixtures("in_process")
def test_health_is_answered_while_texts_are_classified_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    may_finish = threading.Event()
    running = most_running = 0
    begin, infer = Classification.__init__, Runtime._infer

    def counted(self: Classification, *arguments: Any) -> None:
        nonlocal running, most_running
        running += 1
        most_running = max(most_running, running)
        begin(self, *arguments)

    def slow(self: Runtime, rows: Sequence[Row]) -> list[Scored]:
        nonlocal running
        may_finish.wait()
        running = 0
        return infer(self, rows)

    monkeypatch.setattr(Classification, "__init__", counted)
    monkeypatch.setattr(Runtime, "_infer", slow)
    with serving(create_app(Settings(max_concurrency=2))) as client, ThreadPoolExecutor(4) as pool:
        wait_until(lambda: client.get("/readyz").status_code == 200)
        answers = [pool.submit(client.post, "/classify", json={"text": "Norway"}) for _ in range(4)]
        try:
            wait_until(lambda: running == 2)
            assert client.get("/livez").status_code == 200
            assert client.get("/readyz").status_code == 200
            assert not any(answer.done() for answer in answers)
        finally:
            may_finish.set()
        assert [answer.result().status_code for answer in answers] == [200] * 4
    assert most_running == 2


@pytest.mark.usefixtures("in_process")
def test_what_is_not_answered_in_time_fails_and_the_service_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    may_finish = threading.Event()
    infer = Runtime._infer

    def slow(self: Runtime, rows: Sequence[Row]) -> list[Scored]:
        may_finish.wait()
        return infer(self, rows)

    monkeypatch.setattr(Runtime, "_infer", slow)
    with (
        serving(create_app(Settings(max_concurrency=1, deadline_seconds=1))) as client,
        ThreadPoolExecutor(1) as pool,
    ):
        wait_until(lambda: client.get("/readyz").status_code == 200)
        try:
            documents = [{"text": "It rained."}, {"text": "Norway warned Iceland."}]
            running = pool.submit(client.post, "/classify", json={"documents": documents})
            dry, late = running.result().json()["documents"]
            problem = assert_problem(client.post("/classify", json={"text": "Norway"}), 504)
        finally:
            may_finish.set()
        assert dry["sentences"][0]["entities"] == []
        assert late["error"]["status"] == 504
        assert problem["type"] == late["error"]["type"] == "urn:entity-stance:problem:deadline-exceeded"
        assert client.post("/classify", json={"text": "Norway"}).status_code == 200


@pytest.mark.usefixtures("in_process")
def test_a_request_that_waits_too_long_for_its_turn_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    may_finish = threading.Event()
    begin = Classification.__init__

    def slow(self: Classification, *arguments: Any) -> None:
        may_finish.wait()
        begin(self, *arguments)

    monkeypatch.setattr(Classification, "__init__", slow)
    with (
        serving(create_app(Settings(max_concurrency=1, deadline_seconds=1))) as client,
        ThreadPoolExecutor(2) as pool,
    ):
        wait_until(lambda: client.get("/readyz").status_code == 200)
        requests = [pool.submit(client.post, "/classify", json={"text": "Norway"}) for _ in range(2)]
        try:
            wait_until(lambda: any(request.done() for request in requests))
        finally:
            may_finish.set()
        details = [assert_problem(request.result(), 504)["detail"] for request in requests]
    assert any("too busy" in detail for detail in details)
