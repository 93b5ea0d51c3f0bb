"""The model's process: what happens when it dies, fails, is overloaded, exchanged or told to stop."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
from poison import POISON, poisoned_model
from service_helpers import assert_problem, served_process, serving, wait_until

from model.config import CONFIG_FILE
from service.app import create_app
from service.gateway import Gateway
from service.settings import Settings

LONG = "Norway warned Iceland that time was running out. " * 400


@contextmanager
def running(**settings: object) -> Iterator[tuple[httpx.Client, Gateway]]:
    """Serve an application that is ready, and yield a client and the application's gateway."""
    app = create_app(Settings(**settings))
    with serving(app) as client:
        wait_until(lambda: client.get("/readyz").status_code == 200)
        yield client, app.state.gateway


def distinct(index: int) -> str:
    """Return a text that shares no sentence with that of another index."""
    return LONG.replace("time", f"time {index}")


def laborious(index: int) -> str:
    """Return a text in which no sentence stands twice, so that the network reads every one."""
    return " ".join(
        f"Norway warned Iceland that time {index} was running out for port {number}." for number in range(1000)
    )


def test_a_worker_that_is_killed_is_replaced_and_those_who_wait_are_told_at_once() -> None:
    with running() as (client, gateway), ThreadPoolExecutor(4) as pool:
        killed = gateway.worker_pid
        assert killed is not None
        waiting = [pool.submit(client.post, "/classify", json={"text": laborious(i)}) for i in range(4)]
        wait_until(lambda: gateway.admission.tokens > 0)
        time.sleep(0.2)
        started = time.monotonic()
        os.kill(killed, signal.SIGKILL)
        for answer in waiting:
            problem = assert_problem(answer.result(), 503)
            assert problem["type"] == "urn:entity-stance:problem:worker-lost"
        assert time.monotonic() - started < 1
        unready = client.get("/readyz")
        assert assert_problem(unready, 503)["type"] == "urn:entity-stance:problem:model-not-ready"
        assert client.get("/livez").status_code == 200
        wait_until(lambda: client.get("/readyz").status_code == 200)
        assert time.monotonic() - started < 5
        assert gateway.worker_pid != killed
        assert gateway.admission.tokens == 0
        assert client.post("/classify", json={"text": "Norway warned Iceland."}).status_code == 200


def test_a_poisonous_document_among_31_good_ones_fails_alone(tmp_path: Path) -> None:
    with running(model=str(poisoned_model(tmp_path / "model"))) as (client, _):
        documents = [{"id": str(i), "text": f"Norway warned Iceland of {i} floods."} for i in range(32)]
        documents[17]["text"] = f"Norway warned Iceland of {POISON} floods."
        together = client.post("/classify", json={"documents": documents}).json()["documents"]
        with ThreadPoolExecutor(32) as pool:
            apart = list(pool.map(lambda document: client.post("/classify", json=document), documents))
    assert [i for i, document in enumerate(together) if "error" in document] == [17]
    assert together[17]["error"]["type"] == "urn:entity-stance:problem:internal-error"
    assert [i for i, answer in enumerate(apart) if answer.status_code != 200] == [17]
    assert_problem(apart[17], 500)


def test_more_than_the_queue_holds_is_refused_at_once_and_told_when_to_come_back() -> None:
    with running(max_queue_tokens=len(LONG) // 2) as (client, gateway), ThreadPoolExecutor(16) as pool:
        requests = [pool.submit(client.post, "/classify", json={"text": distinct(i)}) for i in range(16)]
        answers = [request.result() for request in requests]
        refused = [answer for answer in answers if answer.status_code == 429]
        assert refused
        assert {answer.status_code for answer in answers} == {200, 429}
        for answer in refused:
            assert assert_problem(answer, 429)["type"] == "urn:entity-stance:problem:overloaded"
            assert int(answer.headers["retry-after"]) >= 1
        assert gateway.admission.tokens == 0


def test_one_document_larger_than_the_queue_is_answered_when_nothing_else_waits() -> None:
    with running(max_queue_tokens=10) as (client, _):
        assert client.post("/classify", json={"text": LONG}).status_code == 200


def test_clients_that_disconnect_leave_nothing_behind() -> None:
    drawn = random.Random(1)
    with running() as (client, gateway):
        host, port = client.base_url.host, client.base_url.port
        for index in range(1000):
            body = json.dumps({"text": distinct(index)[: drawn.randrange(50, 20_000)]}).encode()
            head = "POST /classify HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            message = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
            with socket.create_connection((host, port)) as connection:
                # Some leave before they have sent everything, some while the text is read.
                connection.sendall(message[: drawn.choice([len(message) // 2, len(message), len(message)])])
                time.sleep(drawn.choice([0, 0.001, 0.004]))
        started = time.monotonic()
        assert client.post("/classify", json={"text": "Norway warned Iceland."}).status_code == 200
        wait_until(lambda: gateway.admission.tokens == 0)
        assert time.monotonic() - started < 10


def test_a_model_that_is_exchanged_is_taken_over_without_dropping_a_request(tmp_path: Path) -> None:
    directory = poisoned_model(tmp_path / "model")
    with served_process(tmp_path / "log", "--model", str(directory)) as (process, url):
        versions: list[str] = []

        def ask(_: int) -> str:
            answer = httpx.post(f"{url}/classify", json={"text": LONG[:2000]}, trust_env=False, timeout=60)
            assert answer.status_code == 200
            return str(answer.json()["model"]["version"])

        with ThreadPoolExecutor(4) as pool:
            answers = [pool.submit(ask, i) for i in range(10)]
            config = json.loads((directory / CONFIG_FILE).read_text())
            (directory / CONFIG_FILE).write_text(json.dumps(config | {"version": "9.9.9"}))
            process.send_signal(signal.SIGHUP)
            until = time.monotonic() + 30
            while "9.9.9" not in versions:
                assert time.monotonic() < until
                versions.append(ask(0))
            versions += [answer.result() for answer in answers]
        (directory / CONFIG_FILE).write_text("{}")
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: "the model stays as it is" in (tmp_path / "log").read_text())
        assert ask(0) == "9.9.9"
        assert config["version"] in versions


def test_sigterm_lets_200_requests_finish_and_ends_with_0(tmp_path: Path) -> None:
    with served_process(tmp_path / "log") as (process, url), ThreadPoolExecutor(200) as pool:
        limits = httpx.Limits(max_connections=200)
        with httpx.Client(base_url=url, trust_env=False, timeout=60, limits=limits) as client:
            requests = [pool.submit(client.post, "/classify", json={"text": distinct(i)[:1500]}) for i in range(200)]
            wait_until(lambda: _in_flight(url) + sum(request.done() for request in requests) > 200)
            process.terminate()
            assert [request.result().status_code for request in requests] == [200] * 200
        assert process.wait(40) == 0


def _in_flight(url: str) -> float:
    """Return how many requests the service is answering, this one among them."""
    text = httpx.get(f"{url}/metrics", trust_env=False).text
    return float(text.partition("\nentity_stance_http_requests_in_flight ")[2].split()[0])


def test_a_worker_ends_with_the_server_that_started_it(tmp_path: Path) -> None:
    with served_process(tmp_path / "log") as (process, _):
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        assert len(children) == 1
        process.kill()
        process.wait()
        wait_until(lambda: not Path(f"/proc/{children[0]}").exists())
