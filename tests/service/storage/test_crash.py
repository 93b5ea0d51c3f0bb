"""A server that is killed in a storm of saves has lost nothing that it acknowledged."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import httpx
from service_helpers import wait_until
from sqlalchemy import select
from storage_helpers import correction

from service.storage.database import Database
from service.storage.tables import corrections

WRITERS = 4
ENOUGH = 40


@contextmanager
def _server(url: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "service.cli.main", "serve", "--port", str(port)]
    process = subprocess.Popen(
        command,
        env=os.environ | {"ENTITY_STANCE_DATABASE_URL": url},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def _ready(base: str) -> bool:
    try:
        return httpx.get(f"{base}/readyz", trust_env=False).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def test_nothing_acknowledged_is_lost_to_kill_9(database: Database, url: str) -> None:
    acknowledged: list[int] = []
    with _server(url) as (process, base):
        wait_until(lambda: _ready(base))
        killed = threading.Event()

        def save(writer: int) -> None:
            with httpx.Client(base_url=base, trust_env=False, timeout=30) as client:
                number = writer
                while not killed.is_set():
                    try:
                        response = client.post("/corrections", json=correction(number, user=f"user-{writer}"))
                    except httpx.TransportError:
                        return
                    assert response.status_code == httpx.codes.CREATED, response.text
                    acknowledged.append(response.json()["id"])
                    number += WRITERS

        writers = [threading.Thread(target=save, args=(number,)) for number in range(WRITERS)]
        for writer in writers:
            writer.start()
        wait_until(lambda: len(acknowledged) >= ENOUGH)
        process.send_signal(signal.SIGKILL)
        process.wait()
        killed.set()
        for writer in writers:
            writer.join()
    assert process.returncode == -signal.SIGKILL
    again = Database(url)
    again.prepare()
    with again.read() as connection:
        stored = set(connection.execute(select(corrections.c.id)).scalars())
    again.close()
    assert len(acknowledged) >= ENOUGH
    assert set(acknowledged) <= stored
