"""What the tests of the page share: a browser's page that notices whatever goes wrong, and texts to read."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, Request, expect

ARTICLE = (
    "Norway warned Russia that it would close its ports if Russian trawlers crossed the line. "
    "Moscow denied a charge by Norway that Russian boats had entered the strait. "
    "Sweden said it stood firmly behind Norway.\n"
    "Japan's ministers met in Tokyo."
)
OTHER = "Denmark rejected a demand by Russia to keep NATO aircraft away. Finland praised Denmark and pledged two ships."


@dataclass
class Visit:
    """A page of the browser, what it requested, and what went wrong on it.

    Attributes:
        page: The page.
        base: Address of the service.
        expected: Patterns of console errors that the test provokes.
    """

    page: Page
    base: str
    expected: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    def open(self, path: str = "/", *, ready: bool = True) -> Page:
        """Go to a path of the service and wait until the page is there, and knows the service if it is ready."""
        self.page.goto(self.base + path)
        self.page.wait_for_selector("main > section:not([hidden])")
        if ready:
            expect(self.page.locator("#model")).not_to_be_empty()
        return self.page

    def read(self, text: str, *, date: str | None = None) -> dict[str, Any]:
        """Have the page read a text, and return the service's answer for it."""
        page = self.page
        page.fill("#text", text)
        if date:
            page.fill("#date", date)
        with page.expect_response("**/classify") as answer:
            page.click("#read")
        expect(page.locator("#results")).to_be_visible()
        document: dict[str, Any] = answer.value.json()["documents"][0]
        return document

    def watch(self, context: BrowserContext) -> None:
        """Note every error and every request of a context."""
        context.on("console", self._on_console)
        context.on("weberror", lambda error: self.faults.append(f"page error: {error.error}"))
        context.on("request", self._on_request)

    def unexpected(self) -> list[str]:
        """Return the faults that no test provoked."""
        return [fault for fault in self.faults if not any(re.search(pattern, fault) for pattern in self.expected)]

    def sent(self, path: str) -> list[dict[str, Any]]:
        """Return the JSON bodies that were posted to a path."""
        posts = [request for request in self.requests if request.method == "POST"]
        return [json.loads(request.post_data or "null") for request in posts if urlsplit(request.url).path == path]

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.faults.append(f"console {message.type}: {message.text}")

    def _on_request(self, request: Request) -> None:
        self.requests.append(request)
        if not request.url.startswith((self.base, "blob:", "data:")):
            self.faults.append(f"request to another host: {request.url}")


def texts(locator: Locator) -> list[str]:
    """Return the texts of all elements, with white space as it is read."""
    return [" ".join(text.split()) for text in locator.all_inner_texts()]


def stances_of(document: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the code and stance of every stance in an answered document, in reading order."""
    return [
        (entity["code"], stance["stance"])
        for sentence in document["sentences"]
        for entity in sentence["entities"]
        for stance in entity["stances"]
    ]
