"""`entity-stance batch` on a Ray cluster of two working nodes: the rows of one process, whatever is killed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from bulk_helpers import COMMAND, ENVIRONMENT, parts, run, summary, write_lines

from benchmarks.cluster.memory import wait_for
from benchmarks.cluster.nodes import LocalCluster
from service.bulk.engines import TRIES, UnitActor
from service.bulk.manifest import count_try, forget_tries
from service.bulk.places import open_place

pytest.importorskip("ray")

DOCUMENTS = 1_200
OPTIONS = ["--partition-rows", "30"]


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    # Ray notices after some five seconds, and not fifteen, that a node is gone.
    with LocalCluster([0, 1, 1], {"RAY_health_check_period_ms": "1000"}) as started:
        yield started


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_lines(tmp_path_factory.mktemp("ray") / "in.jsonl", DOCUMENTS, broken=400)


@pytest.fixture(scope="module")
def expected(source: Path) -> dict[str, bytes]:
    """What a run in one process leaves."""
    output = source.parent / "in-process"
    run(source, output, *OPTIONS)
    return parts(output)


def begin(cluster: LocalCluster, source: Path, output: Path, *, least: int = 2) -> subprocess.Popen[str]:
    """Start a run with so many actors at first, and return when it has done some partitions."""
    command = [
        *COMMAND,
        str(source),
        str(output),
        *OPTIONS,
        "--ray-address",
        cluster.address,
        "--min-actors",
        str(least),
    ]
    process = subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    while process.poll() is None and len(list(output.glob("_done/*"))) < 4:
        time.sleep(0.02)
    return process


def check(process: subprocess.Popen[str], output: Path, expected: dict[str, bytes]) -> None:
    told, _ = process.communicate(timeout=90)
    assert process.returncode == 0, told
    assert parts(output) == expected
    assert summary(output)["documents"] == DOCUMENTS
    assert not [path.name for path in output.iterdir() if path.name in ("_tries", "_temporary")]


def test_a_partition_over_which_processes_die_fails_alone(tmp_path: Path) -> None:
    source, output = write_lines(tmp_path / "in.jsonl", 20), tmp_path / "out"
    run(source, output, "--partition-rows", "10")
    for name in ("_done/000000.json", "_done/000001.json", "part-000000.parquet", "part-000001.parquet"):
        (output / name).unlink()
    place = open_place(str(output))
    assert [count_try(place, 0) for _ in range(TRIES)] == list(range(1, TRIES + 1))
    outcomes = [json.loads(text) for text in UnitActor(str(output), None)({"unit": [0, 1]})["outcome"]]
    assert outcomes[0] == {"unit": 0, "reason": f"{TRIES} processes died over it"}
    assert outcomes[1]["documents"] == 10
    assert [path.name for path in sorted(output.glob("part*"))] == ["part-000001.parquet"]
    forget_tries(place)
    assert json.loads(UnitActor(str(output), None)({"unit": [0]})["outcome"][0])["documents"] == 10


def test_actor_killed(cluster: LocalCluster, source: Path, expected: dict[str, bytes], tmp_path: Path) -> None:
    process = begin(cluster, source, tmp_path / "out")
    assert cluster.kill_actor()
    check(process, tmp_path / "out", expected)


def test_command_killed_and_resumed_in_one_process(
    cluster: LocalCluster, source: Path, expected: dict[str, bytes], tmp_path: Path
) -> None:
    process = begin(cluster, source, tmp_path / "out", least=1)
    # The pool has grown by itself.
    assert wait_for(lambda: len(cluster.actors()) == 2, lambda: process.poll() is None)
    process.kill()
    process.communicate()
    told = run(source, tmp_path / "out", *OPTIONS, "--resume").stdout
    assert parts(tmp_path / "out") == expected
    now = summary(tmp_path / "out")["this_time"]
    assert 0 < now["partitions"] <= len(expected) - 4, told


def test_a_node_with_another_model_says_so(cluster: LocalCluster, source: Path, tmp_path: Path) -> None:
    script = """
import service.bulk.engines as engines
from service.cli.main import app

real = engines.describe_model
engines.describe_model = lambda classifier: real(classifier) | {"the model": "of the command"}
app()
"""
    command = [sys.executable, "-c", script, "batch", str(source), str(tmp_path / "out"), *OPTIONS]
    ray = ["--ray-address", cluster.address]
    done = subprocess.run([*command, *ray], env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=90)
    assert done.returncode == 1
    assert re.search(r"error: partition \d+: node .*: the model is .* with SHA-256 ", done.stderr)
    assert " here, in this run of the command\n" in done.stderr
    assert done.stderr.endswith("error: gave up; --resume goes on from here\n")
    assert "Traceback" not in done.stderr


def test_node_killed(cluster: LocalCluster, source: Path, expected: dict[str, bytes], tmp_path: Path) -> None:
    """The last test of this file: the node stays dead."""
    process = begin(cluster, source, tmp_path / "out")
    assert cluster.actors(2)
    cluster.kill_node(2)
    check(process, tmp_path / "out", expected)
