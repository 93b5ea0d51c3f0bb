"""The log: one line a request, and nothing in it that a client sent."""

from __future__ import annotations

import asyncio
import gc
import io
import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from guarded_server import guarded, logged
from service_helpers import assert_problem, wait_until

from service.access.keys import make_key
from service.observability.logs import JsonFormatter, TextFormatter, configure_logging
from service.settings import Settings

KEY, KNOWN = make_key("newsroom")
MARK = "Zzyzx"
TEXT = f"Norway warned {MARK} Iceland of severe costs."


class Quoting(Exception):
    """An error that quotes what it stumbled over, as many do."""


def stumbling(*arguments: Any, **_: Any) -> Any:
    try:
        raise ValueError(f"cannot read {TEXT} with {KEY}")
    except ValueError as error:
        raise Quoting(f"while reading {arguments!r}: {TEXT}") from error


def talk(client: httpx.Client) -> list[httpx.Response]:
    """Send the mark in every place that a request has."""
    headers = {"X-API-Key": KEY, f"X-{MARK}": MARK, "User-Agent": MARK, "Referer": f"http://{MARK}/", "Cookie": MARK}
    wrong = {**headers, "X-API-Key": f"es_{MARK}", "Authorization": f"Bearer {MARK}"}
    json_type = {**headers, "Content-Type": "application/json"}
    return [
        client.post("/classify", json={"text": TEXT, "id": MARK}, headers=headers),
        client.post("/classify", json={"text": TEXT, MARK: MARK}, headers=headers),
        client.post("/classify", json={"documents": [{"text": 5, "id": MARK}, {"text": TEXT}]}, headers=headers),
        client.post("/classify", content=f'{{"text": "{TEXT}'.encode(), headers=json_type),
        client.post("/classify", content=TEXT.encode(), headers={**headers, "Content-Type": MARK}),
        client.post("/classify", json={"text": TEXT}, headers={**headers, "Content-Encoding": MARK}),
        client.post("/classify", json={"text": TEXT * 10_000}, headers=headers),
        client.post("/classify", json={"text": TEXT}, headers=wrong),
        client.get(f"/{MARK}/{MARK}", params={"text": TEXT, MARK: MARK}, headers=headers),
        client.request(MARK.upper(), "/classify", params={"text": TEXT}, headers=headers),
        client.get("/info", headers={**headers, "X-Request-ID": MARK}),
    ]


@pytest.mark.parametrize("formatter", [TextFormatter(), JsonFormatter()], ids=["text", "json"])
@pytest.mark.usefixtures("in_process")
def test_nothing_that_a_client_sends_is_logged(formatter: logging.Formatter, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(api_keys=(KNOWN,), max_body_bytes=200_000, body_seconds=0.3, header_seconds=0.3)
    with logged(formatter) as lines, guarded(settings) as server:
        client = server.ready()
        statuses = [response.status_code for response in talk(client)]
        assert statuses == [200, 422, 200, 400, 415, 415, 413, 401, 404, 405, 200]
        server.exchange(f"GET /{MARK} HTTP/1.1\r\nX-A: {MARK}\0\r\n\r\n".encode())
        server.exchange(f"GET /{MARK} HTTP/1.1\r\nX-A: {MARK}".encode())
        slow = f"POST /classify?{MARK} HTTP/1.1\r\nHost: {MARK}\r\nX-API-Key: {KEY}\r\nContent-Length: 100\r\n"
        server.exchange(f"{slow}Content-Type: application/json\r\n\r\n{MARK}".encode())
        server.exchange(
            f"GET / HTTP/1.1\r\nHost: {MARK}\r\nConnection: upgrade, close\r\nUpgrade: {MARK}\r\n\r\n".encode()
        )
        # One error for the whole request, one for a single document, one while the answer is written.
        for place in (
            "service.engine.read_request",
            "model.classifier.StanceClassifier.submit",
            "service.classification.Classification.answer",
        ):
            with monkeypatch.context() as patch:
                patch.setattr(place, stumbling)
                assert_problem(client.post("/classify", json={"text": TEXT}, headers={"X-API-Key": KEY}), 500)
    log = "\n".join(lines)
    assert log.count("/classify") > 10
    assert log.count("Quoting") >= 3
    assert "ValueError" in log
    assert "in_flight" not in log
    for secret in (MARK, MARK.lower(), MARK.upper(), "Norway", "severe costs", KEY, KNOWN.digest.hex()):
        assert secret not in log


def test_a_line_of_json_says_what_happened() -> None:
    with logged(JsonFormatter()) as lines, guarded(Settings(api_keys=(KNOWN,))) as server:
        client = server.ready()
        sent = [
            client.post("/classify", json={"text": TEXT}, headers={"X-API-Key": KEY}),
            client.post("/classify", json={"text": TEXT}),
        ]
        client.get("/livez")
    records = [json.loads(line) for line in lines]
    found = {record["request_id"]: record for record in records if "request_id" in record}
    answered, refused = (found[response.headers["x-request-id"]] for response in sent)
    assert answered["logger"] == "service.access"
    assert answered["level"] == "info"
    assert answered["time"].endswith("+00:00")
    assert (answered["method"], answered["route"], answered["status"]) == ("POST", "/classify", 200)
    assert 0 < answered["seconds"] < 60
    assert answered["key_name"] == "newsroom"
    assert (refused["route"], refused["status"]) == ("unmatched", 401)
    assert "key_name" not in refused
    assert {record["level"] for record in records if record.get("route") in {"/livez", "/readyz"}} <= {"debug"} | {
        "info"  # /readyz while the model is not there
    }


def test_an_error_is_logged_with_its_places_and_without_its_words() -> None:
    for formatter in (JsonFormatter(), TextFormatter()):
        with logged(formatter) as lines:
            try:
                stumbling()
            except Quoting:
                logging.getLogger("service").exception("it failed\nlevel=forged")
        (line,) = lines
        assert line.count("test_logs.py:") == 2 + 1  # two frames of the outer error, one of its cause
        assert "stumbling" in line
        assert line.index("Quoting") < line.index("builtins.ValueError")
        assert MARK not in line
        assert "\nlevel" not in line


def test_what_asyncio_says_of_a_failed_task_is_cut_short() -> None:
    async def forgotten() -> None:
        task = asyncio.create_task(asyncio.to_thread(stumbling))
        await asyncio.wait([task])
        asyncio.get_running_loop().call_soon(stumbling, TEXT)
        await asyncio.sleep(0.01)

    with logged(JsonFormatter()) as lines:
        asyncio.run(forgotten())
        gc.collect()
    log = "\n".join(lines)
    assert "Task exception was never retrieved" in log
    assert "Exception in callback stumbling" in log
    assert MARK not in log


def test_logging_is_configured_for_the_whole_process() -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in ("service", "model", "uvicorn")}
    stream = io.StringIO()
    propagate = logging.getLogger("uvicorn").propagate
    try:
        logging.getLogger("uvicorn").propagate = True  # other tests run uvicorn with a log of its own
        configure_logging("json", "warning", stream)
        logging.getLogger("service.access").info("not written")
        logging.getLogger("uvicorn.error").warning("written")
        logging.getLogger("somebody.else").warning("written too")
    finally:
        logging.getLogger("uvicorn").propagate = propagate
        root.handlers[:] = handlers
        root.setLevel(level)
        for name, before in levels.items():
            logging.getLogger(name).setLevel(before)
    assert [json.loads(line)["message"] for line in stream.getvalue().splitlines()] == ["written", "written too"]


def test_serve_writes_json_when_told_so(tmp_path: Path) -> None:
    config, log = tmp_path / "service.toml", tmp_path / "log"
    config.write_text(f'log_format = "json"\nport = 0\napi_keys = ["{KNOWN.line}"]\n', encoding="utf-8")
    command = [sys.executable, "-m", "service.cli.main", "serve", "--config", str(config)]
    with log.open("wb") as stream:
        process = subprocess.Popen(command, stderr=stream, stdout=stream, env={**os.environ})
    try:
        wait_until(lambda: "running on http://" in log.read_text())
        url = log.read_text().partition("running on ")[2].split()[0]
        with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
            wait_until(lambda: client.get("/readyz").status_code == 200)
            assert client.post("/classify", json={"text": TEXT}, headers={"X-API-Key": KEY}).status_code == 200
            assert client.post("/classify", json={"text": TEXT}).status_code == 401
    finally:
        process.terminate()
        process.wait(30)
    records = [json.loads(line) for line in log.read_text().splitlines()]
    assert [record["status"] for record in records if record.get("route") == "/classify"] == [200]
    assert any(record.get("key_name") == "newsroom" for record in records)
    assert not [record for record in records if record["logger"] == "uvicorn.access"]
    assert MARK not in log.read_text()
