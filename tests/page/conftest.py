"""The real service, and Debian's Chromium to look at its page."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from browser_helpers import Visit
from fastapi import FastAPI
from playwright.sync_api import Browser, sync_playwright
from service_helpers import serving, wait_until

from service.app import create_app
from service.settings import Settings

_ARGUMENTS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser; Playwright gives each start a fresh user data directory.

    It ends with the module: as long as Playwright runs, this thread can run no other event loop.
    """
    path = shutil.which("chromium") or "/usr/bin/chromium"
    if not Path(path).exists():
        pytest.skip("no chromium on this machine: apt-get install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def service() -> Iterator[httpx.Client]:
    """The application with the embedded model and no database, ready."""
    with serving(create_app(Settings(database_url="none"))) as client:
        wait_until(lambda: client.get("/readyz").status_code == httpx.codes.OK)
        yield client


@pytest.fixture
def serve(request: pytest.FixtureRequest) -> Callable[[FastAPI], str]:
    """A function that serves an application of the test's own, ready, until the test ends; returns its address."""

    def start(app: FastAPI) -> str:
        context = serving(app)
        client = context.__enter__()
        request.addfinalizer(lambda: context.__exit__(None, None, None))
        wait_until(lambda: client.get("/readyz").status_code == httpx.codes.OK)
        return str(client.base_url).rstrip("/")

    return start


@pytest.fixture
def new_visit(browser: Browser, service: httpx.Client) -> Iterator[Callable[..., Visit]]:
    """A function that opens a browser context; what goes wrong on its pages fails the test."""
    visits: list[Visit] = []
    contexts = []

    def start(base: str | None = None, **options: Any) -> Visit:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        context.set_default_timeout(15_000)
        contexts.append(context)
        visit = Visit(context.new_page(), (base or str(service.base_url)).rstrip("/"))
        visit.watch(context)
        visits.append(visit)
        return visit

    yield start
    for context in contexts:
        context.close()
    assert [fault for visit in visits for fault in visit.unexpected()] == []


@pytest.fixture
def visit(new_visit: Callable[..., Visit]) -> Visit:
    """The page of the service, opened."""
    started = new_visit()
    started.open()
    return started
