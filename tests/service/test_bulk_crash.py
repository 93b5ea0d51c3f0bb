"""`entity-stance batch` under kill -9, in the middle of a write too: every partition once, nothing lost."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from bulk_helpers import COMMAND, ENVIRONMENT, parts, rows, run, run_apart, summary, write_lines

DOCUMENTS = 120
OPTIONS = ["--partition-rows", "12"]

# Kills itself at one of the steps of writing: a file half written, whole, on the disk, renamed.
KILLED = """
import os, pathlib, signal, sys
left = int(sys.argv.pop(1))

def watched(owner, name):
    real = getattr(owner, name)
    def step(*arguments, **options):
        tick()
        result = real(*arguments, **options)
        tick()
        return result
    setattr(owner, name, step)

def tick():
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)

from service.bulk import places, parts
from service.cli.main import app
watched(places, "sync")
watched(places, "sync_folder")
watched(pathlib.Path, "replace")
watched(parts.pq.ParquetWriter, "write_table")
app(["batch", *sys.argv[1:]])
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_lines(tmp_path_factory.mktemp("crash") / "in.jsonl", DOCUMENTS, broken=25)


@pytest.fixture(scope="module")
def expected(source: Path) -> dict[str, bytes]:
    """What an undisturbed run leaves."""
    output = source.parent / "undisturbed"
    run(source, output, *OPTIONS)
    return parts(output)


def check(output: Path, expected: dict[str, bytes]) -> None:
    assert parts(output) == expected
    assert not list(output.glob("_temporary*"))
    assert summary(output)["documents"] == DOCUMENTS
    documents = [row["document"] for row in rows(output)]
    assert sorted(set(documents), key=lambda id: int(id[1:])) == [f"d{number}" for number in range(DOCUMENTS)]
    assert len(documents) == len({(row["document"], row["code"], row["stance"]) for row in rows(output)})


def test_killed_at_every_kind_of_step_of_a_write(source: Path, expected: dict[str, bytes], tmp_path: Path) -> None:
    output, drawn = tmp_path / "out", random.Random(3)
    killed = 0
    # A partition takes some 26 steps; 400 are more than a whole run has.
    for steps in [drawn.randrange(1, 70) for _ in range(7)] + [400]:
        command = [sys.executable, "-c", KILLED, str(steps), str(source), str(output), *OPTIONS, "--resume"]
        code = subprocess.run(command, env=ENVIRONMENT, capture_output=True, check=False).returncode
        killed += code == -signal.SIGKILL
        if code == 0:
            break
        # Whatever is in place is whole.
        for name, content in parts(output).items():
            assert content == expected[name]
    assert killed >= 4
    check(output, expected)


def test_killed_at_random_moments(source: Path, expected: dict[str, bytes], tmp_path: Path) -> None:
    output, drawn = tmp_path / "out", random.Random(4)
    killed = 0
    while killed < 3:
        command = [*COMMAND, str(source), str(output), *OPTIONS, "--resume"]
        process = subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        before = len(list(output.glob("_done/*")))
        while process.poll() is None and len(list(output.glob("_done/*"))) <= before:
            time.sleep(0.002)
        time.sleep(drawn.random() * 0.05)
        process.kill()
        if process.wait() == 0:
            break
        killed += 1
    assert killed
    run_apart(source, output, *OPTIONS, "--resume")
    check(output, expected)


def test_interrupted_it_says_how_to_go_on(source: Path, expected: dict[str, bytes], tmp_path: Path) -> None:
    output = tmp_path / "out"
    process = subprocess.Popen(
        [*COMMAND, str(source), str(output), *OPTIONS], env=ENVIRONMENT, stderr=subprocess.PIPE, text=True
    )
    while not list(output.glob("_done/*")):
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert told == "error: interrupted; --resume goes on from here\n"
    run(source, output, *OPTIONS, "--resume")
    check(output, expected)
