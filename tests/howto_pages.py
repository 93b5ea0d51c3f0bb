"""How-to pages as their readers follow them: each block of commands in order, servers in a terminal of their own."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

PART = re.compile(r"^```sh\n(?P<block>.*?)^```$\n?|(?P<prose>.+?)(?=^```sh$|\Z)", re.MULTILINE | re.DOTALL)
SERVES = re.compile(r"^(?:\w+=\S+ )*entity-stance serve\b")
STOPS = "Ctrl-C"
STARTED = "is ready in process"
PAGES_PORT = 8000
SECONDS = 300


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@dataclass(frozen=True, slots=True)
class Block:
    """Commands between fences, or words between such blocks."""

    text: str
    is_shell: bool


def parts(page: Path) -> Iterator[Block]:
    """Yield what a page says and has its reader run, in order."""
    for match in PART.finditer(page.read_text(encoding="utf-8")):
        block = match["block"]
        yield Block(match["prose"], is_shell=False) if block is None else Block(block, is_shell=True)


@dataclass(slots=True)
class Workspace:
    """A folder to follow pages in, as the repository's root would be.

    Attributes:
        folder: Where commands run.
        bin: Holds the command ``entity-stance``.
        root: The repository.
        port: What the pages' port stands for, which others may use.
    """

    folder: Path
    bin: Path
    root: Path
    port: int = field(default_factory=free_port)

    def environment(self) -> dict[str, str]:
        """Return the environment of a reader who has installed this repository; servers get a port that is free."""
        # So that `curl localhost:8000` of a page reaches the server of this test.
        reached = f'connect-to = "localhost:{PAGES_PORT}:127.0.0.1:{self.port}"\n'
        (self.bin / ".curlrc").write_text(reached, encoding="utf-8")
        path = os.pathsep.join([str(self.bin), str(Path(sys.executable).parent), os.environ["PATH"]])
        own = {"PATH": path, "PYTHONPATH": str(self.root), "CURL_HOME": str(self.bin), "OMP_NUM_THREADS": "1"}
        others = {name: value for name, value in os.environ.items() if not name.startswith("ENTITY_STANCE_")}
        return {**others, **own, "ENTITY_STANCE_PORT": str(self.port)}

    def follow(self, page: Path) -> str:
        """Run a page and return what its commands wrote; the first one that fails ends it.

        A block that serves goes on running while the next ones do, until the page says how to stop it.
        """
        environment, written, server = self.environment(), [], None
        try:
            for part in parts(page):
                if not part.is_shell:
                    if server is not None and STOPS in part.text:
                        assert server.stop() == 0, f"{page.name}: the server did not stop as it should\n{server.log()}"
                        server = None
                elif SERVES.match(part.text):
                    assert server is None, f"{page.name}: starts a second server beside the first"
                    server = Server(part.text, self.folder, environment)
                else:
                    written.append(run(self.reachable(part.text), self.folder, environment))
            assert server is None, f"{page.name}: does not say how to stop the server"
        finally:
            if server is not None:
                server.stop()
        return "".join(written)

    def reachable(self, block: str) -> str:
        """Return commands that ask the server of this test; curl is told by its own configuration."""
        lines = block.splitlines(keepends=True)
        port = (str(PAGES_PORT), str(self.port))
        return "".join(line.replace(*port) if line.startswith("python ") else line for line in lines)


class Server:
    """A block that serves, in a process group of its own as a terminal would have it."""

    def __init__(self, block: str, folder: Path, environment: Mapping[str, str]) -> None:
        self._lines: list[str] = []
        self._process = subprocess.Popen(
            ["bash", "-euc", block],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        ready = threading.Event()
        self._reader = threading.Thread(target=self._read, args=(ready,), daemon=True)
        self._reader.start()
        ready.wait(SECONDS)
        if not any(STARTED in line for line in self._lines):
            self.stop()
            raise AssertionError(f"the server did not start: {block}\n{self.log()}")

    def _read(self, ready: threading.Event) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.append(line)
            if STARTED in line:
                ready.set()
        ready.set()

    def log(self) -> str:
        """Return what it wrote."""
        return "".join(self._lines)

    def stop(self) -> int:
        """Press Ctrl-C and return the exit code."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGINT)
        try:
            code = self._process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            raise
        self._reader.join()
        assert self._process.stdout is not None
        self._process.stdout.close()
        return code


def run(block: str, folder: Path, environment: Mapping[str, str]) -> str:
    """Run a block of commands, of which none may fail, and return what they wrote."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block],
        check=False,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, f"exit code {done.returncode}:\n{block}\n{done.stdout}"
    return done.stdout
