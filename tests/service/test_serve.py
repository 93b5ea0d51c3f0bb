"""The application on a Ray cluster: the same answers, and no request fails when replicas come and go."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import yaml
from ray_cluster import ROOT, Cluster, free_ports, running_cluster, wait_for
from service_helpers import assert_problem

from model.classifier import default_directory

TEXT = "Russia denied that it planned to invade Ukraine. The United States warned Russia of severe costs."
OTHER_VERSION = "99.1"
SENDERS = 4
FEW_TOKENS = 3000


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A cluster on which the application runs with the embedded model, in two replicas."""
    with running_cluster() as started:
        started.deploy(started.config())
        started.wait("RUNNING")
        yield started


@pytest.fixture(scope="module")
def other_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The embedded model under another version."""
    directory = tmp_path_factory.mktemp("models") / "other"
    shutil.copytree(default_directory(), directory)
    path = directory / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"version": OTHER_VERSION}))
    return directory


@pytest.fixture
def served(cluster: Cluster) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=cluster.url, timeout=60, trust_env=False) as client:
        yield client


class Load:
    """Senders that ask all the time, each a question of its own, and keep what they are answered."""

    def __init__(self, url: str) -> None:
        self.failures: list[str] = []
        self.answers: list[tuple[str, dict[str, Any]]] = []
        self._url = url
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(number,)) for number in range(SENDERS)]

    def versions(self, since: int = 0) -> set[str]:
        return {answer["model"]["version"] for _, answer in self.answers[since:]}

    def _send(self, number: int) -> None:
        with httpx.Client(base_url=self._url, timeout=60, trust_env=False) as client:
            asked = 0
            while not self._ended.is_set():
                asked += 1
                text = f"On day {asked} of list {number}, Norway warned Iceland of consequences."
                try:
                    response = client.post("/classify", json={"text": text})
                except httpx.TransportError as error:
                    self.failures.append(repr(error))
                    continue
                if response.status_code == httpx.codes.OK:
                    self.answers.append((text, response.json()))
                else:
                    self.failures.append(f"{response.status_code} {response.text}")
                time.sleep(0.01)

    @classmethod
    @contextmanager
    def on(cls, url: str) -> Iterator[Load]:
        load = cls(url)
        for thread in load._threads:
            thread.start()
        try:
            yield load
        finally:
            load._ended.set()
            for thread in load._threads:
                thread.join()


def alike(one: Any, other: Any) -> bool:
    """Say whether two answers are equal but for the last digit of scores, which others in the same batch may change."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(alike(value, other[key]) for key, value in one.items())
    if isinstance(one, list):
        return len(one) == len(other) and all(map(alike, one, other))
    return bool(abs(one - other) < 2e-4) if isinstance(one, float) else bool(one == other)


def test_a_replica_answers_as_the_service_does(served: httpx.Client, client: httpx.Client) -> None:
    questions: list[dict[str, Any]] = [
        {"text": TEXT},
        {"documents": [{"id": "a", "text": TEXT, "date": "2022-01-18"}, {"id": "b", "text": ""}], "blocs": False},
    ]
    for question in questions:
        here, there = client.post("/classify", json=question), served.post("/classify", json=question)
        assert there.status_code == here.status_code == httpx.codes.OK
        assert there.content == here.content
        assert set(here.headers) - {"date", "connection"} <= set(there.headers)
        assert len(there.headers.get_list("x-request-id")) == 1
    lines = b"".join(json.dumps({"id": str(n), "text": TEXT}).encode() + b"\n" for n in range(20))
    head = {"Content-Type": "application/x-ndjson"}
    streamed = [api.post("/classify/stream", content=lines, headers=head) for api in (client, served)]
    assert [answer.status_code for answer in streamed] == [httpx.codes.OK] * 2
    assert sorted(streamed[0].content.splitlines()) == sorted(streamed[1].content.splitlines())
    assert served.get("/info").json() == client.get("/info").json()


def test_status_metrics_and_page_are_there(served: httpx.Client) -> None:
    assert served.get("/readyz").json() == {"status": "ready"}
    assert served.get("/livez").status_code == httpx.codes.OK
    assert "entity_stance_worker_up 1.0" in served.get("/metrics").text
    assert served.get("/").headers["content-type"].startswith("text/html")
    assert served.get("/-/healthz").status_code == httpx.codes.OK


def test_the_probes_of_the_manifests_hold_on_a_cluster(cluster: Cluster) -> None:
    manifest = yaml.safe_load((ROOT / "deploy" / "kuberay" / "serve.yaml").read_text(encoding="utf-8"))
    spec = manifest["spec"]["rayClusterConfig"]
    containers = [
        container
        for group in (spec["headGroupSpec"], *spec["workerGroupSpecs"])
        for container in group["template"]["spec"]["containers"]
    ]
    codes = {
        container[probe]["exec"]["command"][-1]
        for container in containers
        for probe in ("startupProbe", "livenessProbe", "readinessProbe")
    }
    (nobody,) = free_ports(1)
    for code in codes:
        here = re.sub(r":(\d+)/", lambda match: f":{cluster.ports[int(match[1])]}/", code)
        elsewhere = re.sub(r":(\d+)/", f":{nobody}/", code)
        assert [_code(here), _code(elsewhere)] == [0, 1], code


def _code(python: str) -> int:
    """Return the exit code of some Python, which knows nothing of this cluster's token."""
    done = subprocess.run([sys.executable, "-I", "-c", python], check=False, stderr=subprocess.DEVNULL)
    return done.returncode


@pytest.mark.parametrize(
    ("body", "status"),
    [(b'{"text": ', 400), (b'{"text": "x", "colour": 1}', 422), (b'{"text": "' + b"x" * 5_000_000 + b'"}', 413)],
    ids=["broken", "unknown", "large"],
)
def test_faults_are_problem_documents(served: httpx.Client, body: bytes, status: int) -> None:
    assert_problem(served.post("/classify", content=body, headers={"Content-Type": "application/json"}), status)


def test_an_id_of_the_client_comes_back(served: httpx.Client) -> None:
    sent = "0d4f7a5e-9b1c-4c7e-8a61-3f1d2c5b6a79"
    answer = served.post("/classify", json={"text": 1}, headers={"X-Request-ID": sent})
    assert answer.headers.get_list("x-request-id") == [sent]
    assert answer.json()["instance"] == f"urn:uuid:{sent}"


def test_a_model_that_cannot_be_loaded_touches_nothing(cluster: Cluster, served: httpx.Client, tmp_path: Path) -> None:
    before = [psutil.Process(pid) for pid in cluster.replicas().values()]
    cluster.deploy(cluster.config(model=str(tmp_path / "nowhere")))
    assert "no such model directory" in cluster.wait("DEPLOY_FAILED")["message"]
    assert served.post("/classify", json={"text": TEXT}).status_code == httpx.codes.OK
    assert len(before) == 2
    assert all(replica.is_running() for replica in before)


def test_a_model_is_exchanged_under_load_and_no_request_fails(
    cluster: Cluster, other_model: Path, client: httpx.Client
) -> None:
    with Load.on(cluster.url) as load:
        wait_for(lambda: len(load.answers) > 50, "answers before")
        cluster.deploy(cluster.config(model=str(other_model), max_queue_tokens=FEW_TOKENS))
        wait_for(lambda: OTHER_VERSION in load.versions(), "the other version")
        cluster.wait("RUNNING")
        settled = len(load.answers) + SENDERS
        wait_for(lambda: len(load.answers) > settled + 50, "answers after")
    assert load.failures == []
    assert len(load.versions()) == 2
    assert load.versions(settled) == {OTHER_VERSION}
    for text, answer in load.answers[:: len(load.answers) // 50]:
        assert alike(answer["documents"], client.post("/classify", json={"text": text}).json()["documents"])


def test_what_a_replica_has_no_room_for_is_refused_at_once(cluster: Cluster, served: httpx.Client) -> None:
    assert served.get("/info").json()["limits"]["max_queue_tokens"] == FEW_TOKENS, "as deployed by the test before"
    article = "\n".join(f"On day {day}, Norway warned Iceland of consequences." for day in range(150))
    with ThreadPoolExecutor(8) as senders:
        answers = list(senders.map(lambda _: served.post("/classify", json={"text": article}), range(24)))
    refused = [answer for answer in answers if answer.status_code != httpx.codes.OK]
    assert 0 < len(refused) < len(answers)
    for answer in refused:
        assert_problem(answer, 429)
        assert int(answer.headers["retry-after"]) > 0


def test_metrics_of_every_replica_are_with_those_of_ray(cluster: Cluster) -> None:
    def told() -> bool:
        lines = httpx.get(cluster.metrics, trust_env=False, timeout=10).text.splitlines()
        counted = [line for line in lines if line.startswith("ray_entity_stance_sentences")]
        models = [line for line in lines if line.startswith("ray_entity_stance_model_info")]
        return all(any(replica in line for line in counted) for replica in replicas) and any(
            f'version="{OTHER_VERSION}"' in line for line in models
        )

    replicas = set(cluster.replicas())
    assert len(replicas) == 2
    wait_for(told, "metrics of both replicas")


def test_a_replica_that_is_killed_is_replaced_and_the_others_answer(cluster: Cluster, served: httpx.Client) -> None:
    wait_for(lambda: len(cluster.replicas()) == 2, "two replicas")
    replica, pid = next(iter(cluster.replicas().items()))
    models = psutil.Process(pid).children()
    assert models, "its model runs in a process of its own"
    os.kill(pid, signal.SIGKILL)
    statuses = [served.post("/classify", json={"text": TEXT}).status_code for _ in range(30)]
    assert statuses == [httpx.codes.OK] * 30
    wait_for(lambda: not any(model.is_running() for model in models), "the end of its model's process")
    wait_for(lambda: len(cluster.replicas()) == 2 and replica not in cluster.replicas(), "a new replica")
