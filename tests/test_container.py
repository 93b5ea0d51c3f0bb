"""The container, as far as it can be tried without one: its files, and what they do done by hand."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
import venv
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("model", "training", "service")
START_SECONDS = 60


def instructions() -> list[tuple[str, str]]:
    """Return the instructions of the Dockerfile with their arguments."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line.strip() for line in text.split("\n") if line.strip() and not line.startswith("#")]
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in lines)]


def last(name: str) -> str:
    """Return the arguments of the last instruction of a kind."""
    return [rest for kind, rest in instructions() if kind == name][-1]


def environment() -> dict[str, str]:
    """Return the variables that the image sets."""
    return dict(pair.split("=", 1) for pair in last("ENV").split())


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy what .dockerignore lets through, as the builder gets it."""
    copy = tmp_path_factory.mktemp("source")
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split("\n")
    assert "*" in ignored
    for name in (line[1:] for line in ignored if line.startswith("!")):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
        else:
            shutil.copy(ROOT / name, copy / name)
    return copy


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel as the Dockerfile does, with the setuptools that is here."""
    target = tmp_path_factory.mktemp("wheels")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--wheel-dir", str(target), str(source)], check=True, env=_without_python_path())
    (built,) = target.glob("entity_stance-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into an environment of its own, beside the packages that are here."""
    home = tmp_path_factory.mktemp("image") / "entity-stance"
    venv.create(home)
    pip = [sys.executable, "-m", "pip", "--python", str(home / "bin" / "python")]
    install = [*pip, "install", "--quiet", "--no-index", "--no-deps", str(wheel)]
    subprocess.run(install, check=True, env=_without_python_path())
    (packages,) = home.glob("lib/python3*/site-packages")
    (packages / "beside.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return home


def test_the_wheel_holds_every_data_file(source: Path, wheel: Path) -> None:
    data = {
        path.relative_to(source).as_posix()
        for package in PACKAGES
        for path in (source / package).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert {"model/default/model.onnx", "model/sentences.toml", "model/countries/data/forms.tsv"} <= data
    assert data <= set(zipfile.ZipFile(wheel).namelist())


def test_the_image_serves_and_its_health_check_says_so(installed: Path, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    image = {key: value for key, value in environment().items() if key != "PATH"}
    path = f"{installed / 'bin'}:{os.environ['PATH']}"
    variables = {**_without_python_path(), **image, "PATH": path, "ENTITY_STANCE_PORT": str(port)}
    health = json.loads(re.search(r"CMD (\[.*\])$", last("HEALTHCHECK")).group(1))  # type: ignore[union-attr]
    command = [*json.loads(last("ENTRYPOINT")), *json.loads(last("CMD"))]

    def healthy() -> bool:
        return subprocess.run(health, env=variables, cwd=tmp_path, check=False, capture_output=True).returncode == 0

    assert not healthy()
    with subprocess.Popen(command, env=variables, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as server:
        try:
            deadline = time.monotonic() + START_SECONDS
            while not healthy():
                assert server.poll() is None
                assert time.monotonic() < deadline
        finally:
            server.send_signal(getattr(signal, last("STOPSIGNAL")))
            _, log = server.communicate(timeout=START_SECONDS)
    assert server.returncode == 0, log
    assert f"0.0.0.0:{port}" in log


def test_the_image_runs_as_nobody_in_particular_and_needs_no_write_access() -> None:
    user = last("USER")
    assert re.fullmatch(r"\d+:\d+", user)
    assert not user.startswith("0:")
    assert f"--uid {user.split(':')[0]} " in next(rest for kind, rest in instructions() if "useradd" in rest)
    assert environment()["PYTHONDONTWRITEBYTECODE"] == "1"
    assert last("EXPOSE") == environment()["ENTITY_STANCE_PORT"]
    stages = [rest for kind, rest in instructions() if kind == "FROM"]
    assert stages == ["${PYTHON_IMAGE} AS build", "${PYTHON_IMAGE}"]
    copied = [rest for kind, rest in instructions() if kind == "COPY"]
    assert copied[-1] == "--from=build /opt/entity-stance /opt/entity-stance"


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    composition: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    assert set(composition) == {"name", "services", "volumes"}
    services: dict[str, Any] = composition["services"]
    used = {volume.split(":")[0] for service in services.values() for volume in service.get("volumes", ())}
    assert used == set(composition["volumes"])
    return services


@pytest.mark.parametrize("name", ["service", "database"])
def test_services_are_confined(services: dict[str, Any], name: str) -> None:
    service = services[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert re.fullmatch(r"\d+[mg]", service["mem_limit"])


def test_the_service_waits_for_its_database_and_holds_no_secret(services: dict[str, Any]) -> None:
    service, database = services["service"], services["database"]
    assert service["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert "pg_isready" in " ".join(database["healthcheck"]["test"])
    url = service["environment"]["ENTITY_STANCE_DATABASE_URL"]
    secret = database["environment"]["POSTGRES_PASSWORD"]
    assert secret.startswith("${POSTGRES_PASSWORD:?")
    assert url == f"postgresql://stance:{secret}@database:5432/stance"
    assert re.fullmatch(r"postgres:1[67]\S*", database["image"])


def test_the_composition_is_one_that_docker_reads() -> None:
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], check=False, capture_output=True).returncode:
        pytest.skip("no docker compose here")
    variables = os.environ | {"POSTGRES_PASSWORD": "x"}
    subprocess.run([docker, "compose", "config", "--quiet"], cwd=ROOT, env=variables, check=True)


def _without_python_path() -> dict[str, str]:
    """Return the environment of this process, without what would lead to this source instead of the wheel."""
    return {key: value for key, value in os.environ.items() if key not in {"PYTHONPATH", "VIRTUAL_ENV"}}
