"""The examples for clients, run against a real server as their readers would."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Serve as the README says, on a free port."""
    command = [sys.executable, "-c", "from service.cli.main import app; app()", "serve", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT) as server:
        assert server.stderr is not None
        try:
            log = iter(server.stderr.readline, "")
            address = next(line for line in log if "running on" in line).split("running on ")[1].split()[0]
            # Nobody may stop reading, or the server would stop writing.
            threading.Thread(target=lambda: [None for _ in log], daemon=True).start()
            yield address
        finally:
            server.terminate()
            server.wait(60)


@pytest.fixture(scope="module")
def client() -> ModuleType:
    specification = importlib.util.spec_from_file_location("client", EXAMPLES / "client.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_the_python_example_runs(url: str) -> None:
    """It is the first to ask, while the model may still be loading, so it has to try again."""
    done = subprocess.run(
        [sys.executable, EXAMPLES / "client.py", url], check=False, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert "NO denial -> IS" in done.stdout
    assert "good: 1 sentence" in done.stdout
    assert "bad: documents[1]" in done.stdout
    assert "stream: 300 answers, the last is 299" in done.stdout
    assert "error: urn:entity-stance:problem:invalid-request: countries[0]" in done.stdout


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_shell_example_runs(url: str) -> None:
    done = subprocess.run([EXAMPLES / "client.sh", url], check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    text, documents, *streamed, error = [json.loads(line) for line in done.stdout.splitlines() if line[:1] == "{"]
    assert text["documents"][0]["relations"][0]["source"] == "PE"
    assert ["error" in document for document in documents["documents"]] == [False, True]
    assert [document["id"] for document in streamed] == ["1", "2", "3"]
    assert error["status"] == 422
    assert "# refused, as it should be" in done.stdout


def test_answers_of_a_stream_are_read_while_documents_are_sent(url: str, client: ModuleType) -> None:
    answered = threading.Event()

    def documents() -> Iterator[dict[str, Any]]:
        yield {"id": "first", "text": "Norway warned Iceland."}
        assert answered.wait(30), "the first answer was not read before all was sent"
        yield {"id": "second", "text": "Norway warned Iceland."}

    answers = client.stream(url, documents())
    assert next(answers)["id"] == "first"
    answered.set()
    assert [answer["id"] for answer in answers] == ["second"]


def test_a_stream_of_more_than_the_service_reads_ahead_comes_through(url: str, client: ModuleType) -> None:
    text = "Norway warned Iceland. " * 20
    answers = client.stream(url, ({"id": str(number), "text": f"{number}. {text}"} for number in range(500)))
    assert [answer["id"] for answer in answers] == [str(number) for number in range(500)]


def test_a_refused_stream_is_told(url: str, client: ModuleType) -> None:
    with pytest.raises(client.ServiceError):
        list(client.stream(f"{url}/nowhere", [{"text": "Norway warned Iceland."}]))


@pytest.fixture
def busy() -> Iterator[tuple[str, list[int]]]:
    """A server that is busy twice, with what it asked for; a real one is busy when it likes."""
    waits = [1, 0]
    given: list[int] = []

    class Busy(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            status, body = (503 if waits[0] else 429, b"{}") if waits else (200, b'{"documents": []}')
            self.send_response(status)
            if waits:
                given.append(waits.pop(0))
                self.send_header("Retry-After", str(given[-1]))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Busy) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}", given
        server.shutdown()


def test_a_busy_service_is_asked_again_when_it_says(
    busy: tuple[str, list[int]], client: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, given = busy
    slept: list[float] = []
    monkeypatch.setattr(client.time, "sleep", slept.append)
    assert client.send(url, {"text": "Norway"}) == {"documents": []}
    assert slept == given == [1, 0]
