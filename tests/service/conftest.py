"""The real application behind a real server, with the embedded model."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from service_helpers import ThreadInPlaceOfProcess, serving, wait_until

from service.app import create_app
from service.settings import Settings


@pytest.fixture(scope="session")
def client() -> Iterator[httpx.Client]:
    """A client of the application with default settings and the embedded model, ready."""
    with serving(create_app(Settings())) as started:
        wait_until(lambda: started.get("/readyz").status_code == httpx.codes.OK)
        yield started


@pytest.fixture(scope="session")
def strict_client() -> Iterator[httpx.Client]:
    """A client of an application with small limits."""
    settings = Settings(max_text_characters=100, max_documents=3, max_body_bytes=2_000)
    with serving(create_app(settings)) as started:
        wait_until(lambda: started.get("/readyz").status_code == httpx.codes.OK)
        yield started


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have applications that start in this test run the model within this process."""
    monkeypatch.setattr("service.worker.handle.Popen", ThreadInPlaceOfProcess)
