"""The tools of the resilience benchmark measure what they say and leave nothing behind."""

from __future__ import annotations

import asyncio
import json
import math
import socket
import time
from itertools import islice
from pathlib import Path

import httpx
import pytest

from benchmarks.resilience.__main__ import main
from benchmarks.resilience.client import HOST, NO_ANSWER, classify, closed_loop, exchange, get, post
from benchmarks.resilience.findings import OURS, Finding, describe, to_markdown
from benchmarks.resilience.prober import probe
from benchmarks.resilience.sender import open_loop
from benchmarks.resilience.servers import CONTENDERS, serving
from benchmarks.texts import endless_articles


def test_requests_get_the_answers_that_any_client_gets(client: httpx.Client) -> None:
    port = client.base_url.port
    assert port is not None
    live = asyncio.run(exchange(port, get("/livez"), timeout=10))
    assert (live.status, json.loads(live.body)) == (200, {"status": "alive"})
    text = "Norway warned Iceland."
    answer = asyncio.run(exchange(port, classify(text), timeout=10))
    assert json.loads(answer.body) == client.post("/classify", json={"text": text}).json()
    assert 0 < answer.seconds < 10
    assert asyncio.run(exchange(port, post("/nothing", {}), timeout=10)).status == 404


def test_no_answer_is_told_as_such() -> None:
    with socket.socket() as deaf:
        deaf.bind((HOST, 0))
        port = deaf.getsockname()[1]
        assert asyncio.run(exchange(port, get("/"), timeout=5)).status == NO_ANSWER
        deaf.listen()
        outcome = asyncio.run(exchange(port, get("/"), timeout=0.2))
    assert outcome.status == NO_ANSWER
    assert 0.2 <= outcome.seconds < 5


def test_an_open_loop_sends_on_time_whether_or_not_there_are_answers() -> None:
    with socket.socket() as deaf:
        deaf.bind((HOST, 0))
        deaf.listen(100)
        started = time.monotonic()
        outcomes = open_loop(deaf.getsockname()[1], [get("/")] * 20, 100, timeout=0.5)
    due = [outcome.ended - outcome.seconds - started for outcome in outcomes]
    assert [later - due[0] for later in due] == pytest.approx([index / 100 for index in range(20)], abs=0.001)
    assert time.monotonic() - started < 20 / 100 + 0.5 + 2


def test_an_open_loop_tells_the_status_of_each_answer(client: httpx.Client) -> None:
    port = client.base_url.port
    assert port is not None
    long = classify("Norway warned Iceland. " * 2000)
    messages = [get("/livez"), get("/nothing"), long, classify("Norway warned Iceland.")] * 5
    assert [outcome.status for outcome in open_loop(port, messages, 200, timeout=20)] == [200, 404, 200, 200] * 5


def test_a_closed_loop_ends_with_its_time(client: httpx.Client) -> None:
    port = client.base_url.port
    assert port is not None
    endless = iter(lambda: get("/livez"), None)
    outcomes = asyncio.run(closed_loop(port, endless, 3, seconds=0.3, least=1, timeout=10))
    assert len(outcomes) > 3
    assert len(asyncio.run(closed_loop(port, endless, 3, seconds=0, least=2, timeout=10))) == 6
    assert {outcome.status for outcome in outcomes} == {200}


def test_a_prober_is_a_process_of_its_own(client: httpx.Client) -> None:
    port = client.base_url.port
    assert port is not None
    probed = asyncio.run(probe(port, get("/livez"), hertz=20, seconds=0.5))
    assert probed.statuses == {200: 10}
    assert 0 < probed.p99 < 10


def test_a_server_ends_with_all_its_processes() -> None:
    with serving(CONTENDERS[OURS]) as server:
        family = server.family()
        assert server.model_pid() in {one.pid for one in family[1:]}
        assert 100 < server.memory() < 2_000
        assert server.processor_seconds() > 0
    assert [one.pid for one in family if Path(f"/proc/{one.pid}").exists()] == []


def test_findings_stand_side_by_side_with_what_was_missed() -> None:
    ours = [
        Finding("share", 0.9, least=0.95),
        Finding("time", 20, "ms", most=50),
        Finding("failures", 0, least=0, most=0),
    ]
    theirs = [Finding("share", 0.1, least=0.95), Finding("crashes", "many")]
    table = to_markdown("Load", {OURS: ours, "other": theirs}).splitlines()
    assert table[4:] == [
        "| share | 0.9 | 0.1 | ≥ 0.95, missed |",
        "| time | 20 ms | – | ≤ 50 |",
        "| failures | 0 | – | 0 |",
        "| crashes | – | many |  |",
    ]
    assert Finding("none", math.nan, "ms", most=50).met is False
    assert describe({503: 2, 0: 1}) == "1 × no answer, 2 × 503"


def test_no_sentence_stands_twice_in_a_load() -> None:
    lines = [line for text in islice(endless_articles(), 1000) for line in text.splitlines()]
    assert len(lines) == len(set(lines)) == 20_000


def test_an_unknown_part_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["resilience", "--parts", "soak,nothing"])
    with pytest.raises(SystemExit):
        main()
    assert "no such part: nothing" in capsys.readouterr().err
