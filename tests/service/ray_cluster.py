"""A Ray cluster of one node on this machine, started and asked as an operator would: with commands and over HTTP."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import yaml

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
SECONDS = 120
PORTS = ("port", "ray-client-server-port", "dashboard-port", "dashboard-agent-listen-port", "metrics-export-port")


def free_ports(number: int) -> list[int]:
    """Return ports that nobody listens on."""
    with ExitStack() as stack:
        servers = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(number)]
        return [server.getsockname()[1] for server in servers]


def wait_for(condition: Callable[[], bool], what: str) -> None:
    """Wait until something is so, and fail if it does not come true."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"timed out: {what}"
        time.sleep(0.1)


class Cluster:
    """A running cluster.

    Attributes:
        dashboard: Where ``serve deploy`` sends a config.
        metrics: Where Ray exports metrics.
        ports: Where what listens, by the port that it usually has.
        url: Where the application answers.
    """

    def __init__(self, ports: Mapping[str, int], port: int, folder: Path, token: str) -> None:
        self.dashboard = f"http://127.0.0.1:{ports['dashboard-port']}"
        self.ports = {8265: ports["dashboard-port"], 52365: ports["dashboard-agent-listen-port"], 8000: port}
        self.metrics = f"http://127.0.0.1:{ports['metrics-export-port']}/metrics"
        self.url = f"http://127.0.0.1:{port}"
        self._port = port
        self._folder = folder
        self._token = token

    def config(self, *, replicas: int = 2, **args: Any) -> dict[str, Any]:
        """Return ``deploy/serve.yaml`` for this cluster, with further arguments."""
        config: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "serve.yaml").read_text(encoding="utf-8"))
        config["http_options"] |= {"host": "127.0.0.1", "port": self._port}
        (application,) = config["applications"]
        application["args"] |= args
        (deployment,) = application["deployments"]
        deployment["autoscaling_config"] |= {"min_replicas": replicas, "max_replicas": replicas}
        return config

    def deploy(self, config: Mapping[str, Any]) -> None:
        """Run ``serve deploy`` with a config."""
        path = self._folder / "serve.yaml"
        path.write_text(yaml.safe_dump(dict(config)), encoding="utf-8")
        command = [str(BIN / "serve"), "deploy", str(path), "--address", self.dashboard]
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment(self._token))
        assert done.returncode == 0, done.stdout + done.stderr

    def application(self) -> dict[str, Any]:
        """Return what Ray says of the application; nothing if there is none yet."""
        answer = ask(self.dashboard, self._token)
        assert answer is not None and answer.status_code == httpx.codes.OK
        found: dict[str, Any] = answer.json()["applications"].get("entity-stance", {})
        return found

    def wait(self, status: str) -> dict[str, Any]:
        """Wait until the application has a status, and return what Ray says of it then."""
        wait_for(lambda: self.application().get("status") == status, f"{status}, {self.application()}")
        return self.application()

    def replicas(self) -> dict[str, int]:
        """Return the process ids of the replicas that run."""
        deployment = self.application().get("deployments", {}).get("EntityStance", {})
        running = [replica for replica in deployment.get("replicas", ()) if replica["state"] == "RUNNING"]
        return {replica["replica_id"]: replica["pid"] for replica in running}


def environment(token: str) -> dict[str, str]:
    """Return the environment of Ray's processes: this source, no settings of the service, nothing told to others."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ENTITY_STANCE_", "RAY_"))}
    own = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "RAY_USAGE_STATS_ENABLED": "0", "PYTHONWARNINGS": "ignore"}
    secret = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token}
    return kept | own | secret | {"PATH": f"{BIN}:{os.environ['PATH']}"}


def ask(dashboard: str, token: str) -> httpx.Response | None:
    """Ask the dashboard for the applications; None while it does not answer."""
    try:
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.get(f"{dashboard}/api/serve/applications/", headers=headers, trust_env=False, timeout=10)
    except httpx.TransportError:
        return None


@contextmanager
def running_cluster(processors: int = 4) -> Iterator[Cluster]:
    """Start a cluster that says it has so many processors; afterwards nothing of it is left."""
    ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
    (port,) = free_ports(1)
    # Sockets have short names.
    folder = Path(tempfile.mkdtemp(prefix="ray-", dir="/tmp"))
    token = secrets.token_hex(16)
    options = [f"--{name}={number}" for name, number in ports.items()]
    options += ["--min-worker-port=0", "--max-worker-port=0"]
    options += [f"--num-cpus={processors}", "--object-store-memory=100000000"]
    # `ray stop` would end the clusters of others too.
    command = [str(BIN / "ray"), "start", "--head", "--block", "--disable-usage-stats", f"--temp-dir={folder}"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--dashboard-host=127.0.0.1", *options],
            stdout=log,
            stderr=log,
            env=environment(token),
            start_new_session=True,
        )
    cluster = Cluster(ports, port, folder, token)
    try:
        wait_for(lambda: _started(process, ask(cluster.dashboard, token)), "the cluster's start")
        yield cluster
    finally:
        # By itself it takes half a minute to end.
        family = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        process.wait()
        for member in family:
            with suppress(psutil.NoSuchProcess):
                member.kill()
        psutil.wait_procs(family, timeout=10)
        shutil.rmtree(folder, ignore_errors=True)


def _started(process: subprocess.Popen[bytes], answer: httpx.Response | None) -> bool:
    assert process.poll() is None, "the cluster ended"
    return answer is not None and answer.status_code == httpx.codes.OK
