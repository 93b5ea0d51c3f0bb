"""Promises of docs/promises.md that no other test holds the service to."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from service_helpers import assert_problem, served_process, wait_until
from test_worker import LONG, distinct, running

from model.classifier import default_directory
from model.config import CONFIG_FILE
from service.admission import MOST_RETRY_SECONDS, PATIENT_SHARE, Admission
from service.gateway import FIRST_PAUSE, GRACE_SECONDS, RETRY_AFTER_SECONDS, Gateway
from service.problems import ProblemError
from service.streaming import LINES_AHEAD
from service.worker.__main__ import NICENESS

SHORT = {"text": "Norway warned Iceland."}
NDJSON = {"Content-Type": "application/x-ndjson"}


@contextmanager
def stopped(gateway: Gateway) -> Iterator[int]:
    """Hold up the model's process, and yield its id; it goes on afterwards, if it still lives."""
    pid = gateway.worker_pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        yield pid
    finally:
        if Path(f"/proc/{pid}").exists():
            os.kill(pid, signal.SIGCONT)


def test_a_model_that_hangs_costs_a_request_no_more_than_the_deadline_and_a_second() -> None:
    with running(deadline_seconds=1) as (client, gateway):
        with stopped(gateway):
            started = time.monotonic()
            problem = assert_problem(client.post("/classify", json=SHORT), 504)
            assert 1 <= time.monotonic() - started < 1 + GRACE_SECONDS + 2
            assert client.get("/livez").status_code == 200
        assert problem["type"] == "urn:entity-stance:problem:deadline-exceeded"
        assert gateway.admission.tokens == 0
        assert client.post("/classify", json=SHORT).status_code == 200


def test_a_model_that_does_not_end_by_itself_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.worker.handle.STOP_SECONDS", 0.2)
    with running() as (_, gateway), stopped(gateway) as pid:
        assert Path(f"/proc/{pid}").exists()
    assert not Path(f"/proc/{pid}").exists()


def test_a_model_that_cannot_be_started_again_is_tried_until_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("service.gateway.LONGEST_PAUSE", 0.4)
    directory = tmp_path / "model"
    shutil.copytree(default_directory(), directory)
    config = (directory / CONFIG_FILE).read_text()
    with running(model=str(directory)) as (client, gateway):
        (directory / CONFIG_FILE).write_text("{}")
        assert gateway.worker_pid is not None
        os.kill(gateway.worker_pid, signal.SIGKILL)
        wait_until(lambda: "next try in 0.4 s" in caplog.text)
        problem = client.post("/classify", json=SHORT)
        assert assert_problem(problem, 503)["type"] == "urn:entity-stance:problem:model-not-ready"
        assert problem.headers["retry-after"] == str(RETRY_AFTER_SECONDS)
        assert client.get("/livez").status_code == 200
        (directory / CONFIG_FILE).write_text(config)
        wait_until(lambda: client.get("/readyz").status_code == 200)
        assert client.post("/classify", json=SHORT).status_code == 200
    assert f"next try in {FIRST_PAUSE} s" in caplog.text


def test_those_who_lose_their_model_are_told_when_to_come_back() -> None:
    with running() as (client, gateway), ThreadPoolExecutor(1) as pool, stopped(gateway) as pid:
        waiting = pool.submit(client.post, "/classify", json=SHORT)
        wait_until(lambda: gateway.admission.tokens > 0)
        os.kill(pid, signal.SIGKILL)
        answer = waiting.result()
    assert assert_problem(answer, 503)["type"] == "urn:entity-stance:problem:worker-lost"
    assert answer.headers["retry-after"] == str(RETRY_AFTER_SECONDS)


def test_the_model_gives_way_to_the_http_process() -> None:
    with running() as (_, gateway):
        assert gateway.worker_pid is not None
        priority = os.getpriority(os.PRIO_PROCESS, gateway.worker_pid)
    assert priority == min(19, os.getpriority(os.PRIO_PROCESS, 0) + NICENESS)


def test_nobody_is_told_to_come_back_later_than_in_a_minute() -> None:
    admission = Admission(10**9)
    admission.admit(4 * 10**9 - 4)
    with pytest.raises(ProblemError) as caught:
        admission.admit(1_000)
    assert caught.value.headers["Retry-After"] == str(MOST_RETRY_SECONDS)


def test_streams_leave_most_of_the_queue_to_others() -> None:
    """Streams whose model hangs fill their share of the queue, not more; a short request is still taken on."""
    limit = 4_000
    body = b"".join(json.dumps({"text": f"{distinct(i)[:1000]}"}).encode() + b"\n" for i in range(40))
    with running(max_queue_tokens=limit, deadline_seconds=30) as (client, gateway), ThreadPoolExecutor(3) as pool:
        with stopped(gateway):
            streams = [pool.submit(client.post, "/classify/stream", content=body, headers=NDJSON) for _ in range(2)]
            wait_until(lambda: gateway.admission.tokens > limit * PATIENT_SHARE / 2)
            time.sleep(0.3)
            filled = gateway.admission.tokens
            assert filled <= limit * PATIENT_SHARE
            request = pool.submit(client.post, "/classify", json=SHORT)
            wait_until(lambda: gateway.admission.tokens > filled)
        assert request.result().status_code == 200
        for answer in streams:
            assert all("sentences" in json.loads(line) for line in answer.result().text.splitlines())


def test_a_stream_reads_so_many_lines_ahead_and_no_more() -> None:
    """Each line is a request to the model; as long as the first has no answer, only so many have been put."""
    asked: list[str] = []
    body = b"".join(json.dumps({"text": f"Norway warned Iceland of {i} floods."}).encode() + b"\n" for i in range(300))
    with running() as (client, gateway), ThreadPoolExecutor(1) as pool:
        ask = gateway.ask

        async def counted(*arguments: Any) -> bytes:
            asked.append(arguments[0])
            return await ask(*arguments)

        gateway.ask = counted  # type: ignore[method-assign]
        with stopped(gateway):
            answer = pool.submit(client.post, "/classify/stream", content=body, headers=NDJSON)
            wait_until(lambda: len(asked) >= LINES_AHEAD)
            time.sleep(0.3)
            # One more is in the sender's hands, and one waits for a place.
            assert len(asked) <= LINES_AHEAD + 2
        assert len(answer.result().text.splitlines()) == 300


def test_what_is_not_done_when_the_drain_time_is_over_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENTITY_STANCE_DRAIN_SECONDS", "1")
    with (
        served_process(tmp_path / "log") as (process, url),
        ThreadPoolExecutor(4) as pool,
        httpx.Client(base_url=url, trust_env=False, timeout=60) as client,
    ):
        (worker,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(worker), signal.SIGSTOP)
        requests = [pool.submit(client.post, "/classify", json=SHORT) for _ in range(4)]
        time.sleep(1)
        process.terminate()
        started = time.monotonic()
        answers = [request.result() for request in requests]
        assert 1 <= time.monotonic() - started < 1 + 3
        assert process.wait(20) == 0
        assert not Path(f"/proc/{worker}").exists()
    for answer in answers:
        assert assert_problem(answer, 503)["type"] == "urn:entity-stance:problem:stopping"
        assert answer.headers["retry-after"] == "2"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("code", "x" * 65),
        ("name", "x" * 257),
        ("mentions", ["x" * 257]),
        ("mentions", ["x"] * 65),
    ],
)
def test_own_entities_are_bounded(client: httpx.Client, field: str, value: Any) -> None:
    entity = {"code": "X", "name": "X", "mentions": ["X"]} | {field: value}
    problem = assert_problem(client.post("/classify", json={**SHORT, "entities": [entity]}), 422)
    limit = len(value) - 1 if len(value) > 1 else len(value[0]) - 1
    assert problem["errors"][0]["field"].startswith(f"entities[0].{field}")
    assert problem["errors"][0]["limit"] == limit


def test_own_entities_and_countries_are_so_many_at_most(client: httpx.Client) -> None:
    entities = [{"code": f"X{i}", "name": "X", "mentions": [f"X{i}"]} for i in range(101)]
    for request, limit in (({"entities": entities}, 100), ({"countries": ["US"] * 1001}, 1000)):
        problem = assert_problem(client.post("/classify", json={**SHORT, **request}), 422)
        assert problem["errors"][0]["limit"] == limit


def test_a_body_that_breaks_off_leaves_nothing_behind() -> None:
    with running() as (client, gateway):
        seen: list[int] = []
        gateway.admission._on_change = seen.append

        def broken() -> Iterator[bytes]:
            yield b'{"text": "Norway'
            raise OSError("the client fails")

        with pytest.raises(OSError, match="the client fails"):
            client.post("/classify", content=broken(), headers={"Content-Type": "application/json"})
        assert client.post("/classify", json={"text": LONG[:100]}).status_code == 200
        assert gateway.admission.tokens == 0
        assert seen[0] == -(-len(json.dumps({"text": LONG[:100]}, separators=(",", ":"))) // 4)
