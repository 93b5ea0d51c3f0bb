"""Routes whose answers a test of the page wants to choose, answered as their contracts say."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Page, Route

_PROBLEM = "application/problem+json"


@dataclass
class ContractStub:
    """Answers `/explain`, `/corrections` and `/review` for a page, and keeps what was sent.

    Attributes:
        paths: The routes that the service is said to have.
        items: The review queue.
        refuse: A problem document with which the next post is refused.
    """

    paths: tuple[str, ...] = ("/explain", "/corrections", "/review")
    items: list[dict[str, Any]] = field(default_factory=list)
    words: list[dict[str, Any]] = field(default_factory=list)
    explained: list[dict[str, Any]] = field(default_factory=list)
    corrections: dict[str, dict[str, Any]] = field(default_factory=dict)
    opinions: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    sent: list[dict[str, Any]] = field(default_factory=list)
    refuse: dict[str, Any] | None = None

    def install(self, page: Page) -> None:
        """Answer in the place of the service; everything else still goes to it."""
        page.route("**/openapi.json", self._openapi)
        page.route("**/explain", self._explain)
        page.route(re.compile(r"/corrections(/|$)"), self._correction)
        page.route(re.compile(r"/review(/|\?limit|\?user|$)"), self._review)

    def _openapi(self, route: Route) -> None:
        answer = route.fetch()
        document = answer.json()
        others = [path for path in document["paths"] if path != "/explain"]
        document["paths"] = {path: {} for path in [*others, *self.paths]}
        route.fulfill(response=answer, json=document)

    def _explain(self, route: Route) -> None:
        body = route.request.post_data_json
        self.explained.append(body)
        answer = {key: body[key] for key in ("sentence", "code", "stance")}
        route.fulfill(json={"model": {}, "score": 0.9, "words": self.words, **answer})

    def _correction(self, route: Route) -> None:
        if route.request.method == "DELETE":
            del self.corrections[route.request.url.rsplit("/", 1)[1]]
            route.fulfill(status=204)
            return
        if self._refused(route):
            return
        number = f"c{len(self.corrections) + 1}"
        self.corrections[number] = route.request.post_data_json
        created = {"id": number, "created_at": "2024-03-04T10:00:00Z"}
        route.fulfill(status=201, json=self.corrections[number] | created)

    def _review(self, route: Route) -> None:
        path = route.request.url.split("/review", 1)[1].split("?")[0]
        match route.request.method, path.strip("/").split("/"):
            case "GET", ["agreement"]:
                alpha = {"entities": 0.91, "support": 0.7, "denial": 0.2, "direction": None}
                people = len({body["user"] for _, body in self.opinions})
                route.fulfill(json={"sentences": len(self.opinions), "annotators": people, "alpha": alpha})
            case "GET", [""]:
                route.fulfill(json={"items": self.items, "open": len(self.items)})
            case "POST", [""]:
                self.sent.append(route.request.post_data_json)
                route.fulfill(json={"added": len(self.sent[-1]["sentences"]) - 1, "known": 1})
            case "POST", [item, "opinions"]:
                if not self._refused(route):
                    self.opinions.append((item, route.request.post_data_json))
                    self._judged(item)
                    route.fulfill(status=201, json={})
            case "POST", [item, "skip"]:
                self.skipped.append(item)
                self._judged(item)
                route.fulfill(status=204)
            case other:
                raise AssertionError(f"no such route: {other}")

    def _judged(self, item: str) -> None:
        self.items = [queued for queued in self.items if queued["id"] != item]

    def _refused(self, route: Route) -> bool:
        if self.refuse is None:
            return False
        problem, self.refuse = self.refuse, None
        route.fulfill(status=problem["status"], body=json.dumps(problem), content_type=_PROBLEM)
        return True
