"""Sharing, exporting, progress, keys and errors on the page."""

from __future__ import annotations

import csv
import io
import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree

import httpx
import pytest
from browser_helpers import ARTICLE, OTHER, Visit, stances_of, texts
from fastapi import FastAPI
from playwright.sync_api import Page, Route, expect
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from service.app import create_app
from service.settings import Settings


def exported(page: Page, item: str) -> bytes:
    page.locator("summary", has_text="Export").click()
    with page.expect_download() as download:
        page.get_by_role("button", name=item).click()
    return Path(download.value.path()).read_bytes()


def test_the_csv_has_a_row_for_every_stance_that_is_shown(visit: Visit) -> None:
    document = visit.read(ARTICLE)
    rows = list(csv.DictReader(io.StringIO(exported(visit.page, "CSV").decode())))
    assert [(row["code"], row["stance"]) for row in rows if row["stance"] != "none"] == stances_of(document)
    assert len(rows) > len(stances_of(document))
    denial = next(row for row in rows if row["stance"] == "denial")
    assert (denial["code"], denial["toward"], denial["mentions"]) == ("RU", "NO", "Moscow;Russian")
    start, end = denial["mention_offsets"].split(";")[0].split("-")
    assert ARTICLE[int(start) : int(end)] == "Moscow"
    visit.page.locator("#filters").get_by_role("button", name="support").click()
    rows = list(csv.DictReader(io.StringIO(exported(visit.page, "CSV").decode())))
    assert [(row["code"], row["stance"]) for row in rows] == [("SE", "support")]


def test_cells_of_the_csv_are_no_formulas(visit: Visit) -> None:
    visit.read('=HYPERLINK("http://example.invalid") said Norway, "quoted".')
    rows = list(csv.DictReader(io.StringIO(exported(visit.page, "CSV").decode())))
    assert rows[0]["text"].startswith("'=HYPERLINK(")
    assert rows[0]["text"].endswith('"quoted".')


def test_the_json_is_the_answer_with_what_is_shown(visit: Visit) -> None:
    document = visit.read(ARTICLE)
    data = json.loads(exported(visit.page, "JSON"))
    assert data["documents"][0]["sentences"] == document["sentences"]
    visit.page.locator("#filters").get_by_role("button", name="denial").click()
    [sentence] = json.loads(exported(visit.page, "JSON"))["documents"][0]["sentences"]
    assert stances_of({"sentences": [sentence]}) == [("RU", "denial")]


def test_the_graph_is_exported_as_svg_and_png_that_stand_alone(visit: Visit) -> None:
    document = visit.read(ARTICLE)
    drawing = exported(visit.page, "Graph as SVG").decode()
    root = ElementTree.fromstring(drawing)
    labels = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert sorted(filter(None, labels)) == ["NO", "RU", "SE"]
    lines = [path for path in root.iter("{http://www.w3.org/2000/svg}path") if path.get("fill") == "none"]
    assert len(lines) == len(document["relations"])
    assert all(path.get("stroke", "").startswith("#") for path in lines)
    assert "class=" not in drawing
    assert "oklch" not in drawing

    picture = exported(visit.page, "Graph as PNG")
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", picture[16:24])
    assert (width, height) == (2 * float(root.get("width", 0)), 2 * float(root.get("height", 0)))
    assert len(set(pixels(picture))) > 50


def pixels(picture: bytes) -> bytes:
    data, at = b"", 8
    while at < len(picture):
        (length,) = struct.unpack(">I", picture[at : at + 4])
        if picture[at + 4 : at + 8] == b"IDAT":
            data += picture[at + 8 : at + 8 + length]
        at += 12 + length
    return zlib.decompress(data)


def test_a_link_holds_the_filters_and_on_request_the_text(new_visit: Callable[..., Visit]) -> None:
    visit = new_visit(permissions=["clipboard-read", "clipboard-write"])
    page = visit.open()
    visit.read(ARTICLE + " 🕊️", date="2024-03-04")
    page.locator("#filters").get_by_role("button", name="denial").click()
    page.locator("#confidence").fill("40")
    assert urlsplit(page.url).fragment == "s=denial&min=0.4"
    before = len(visit.requests)
    page.locator("summary", has_text="Share").click()
    page.get_by_role("button", name="with filters and text").click()
    expect(page.locator("#notices")).to_contain_text("The link is copied")
    link = page.evaluate("navigator.clipboard.readText()")
    assert all(urlsplit(request.url).path.startswith("/page/") for request in visit.requests[before:])
    assert "text=" in urlsplit(page.url).fragment

    other = new_visit()
    other.page.goto(link)
    expect(other.page.locator(".sentence.pointed")).to_contain_text("a charge by Norway")
    assert other.sent("/classify")[0]["documents"][0] == {
        "id": None,
        "text": ARTICLE + " 🕊️",
        "date": "2024-03-04",
        "entities": [],
    }
    expect(other.page.locator("#filters").get_by_role("button", name="denial")).to_have_attribute(
        "aria-pressed", "true"
    )
    assert other.page.locator("#confidence").input_value() == "40"
    assert all("text=" not in urlsplit(request.url).query for request in other.requests)


def test_a_damaged_link_says_so(new_visit: Callable[..., Visit]) -> None:
    visit = new_visit()
    page = visit.open("/#text=AAAA")
    expect(page.locator(".notice.fault")).to_have_text("The text in this link is damaged. Was the link cut short?")
    visit.read(ARTICLE)
    page.goto(f"{visit.base}/#s=support")
    expect(page.locator("#filters").get_by_role("button", name="support")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".mark")).to_have_count(1)


def many(count: int, tmp_path: Path) -> Path:
    file = tmp_path / "many.jsonl"
    file.write_text("\n".join(json.dumps({"id": f"d{i}", "text": OTHER}) for i in range(count)))
    return file


def test_progress_is_real_and_can_be_cancelled(visit: Visit, tmp_path: Path) -> None:
    page = visit.page
    groups: list[Route] = []

    def hold(route: Route) -> None:
        groups.append(route)

    page.route("**/classify", hold)
    page.set_input_files("#choose", [many(40, tmp_path)])
    with page.expect_request("**/classify"):
        page.click("#read")
    expect(page.locator("#progress-text")).to_have_text("0 of 40 documents")
    with page.expect_request("**/classify"):
        groups[0].continue_()
    expect(page.locator("#progress-text")).to_have_text("16 of 40 documents")
    assert page.locator("#progress-bar").evaluate("bar => [bar.value, bar.max]") == [16, 40]
    expect(page.locator("#documents li")).to_have_count(16)
    page.click("#cancel")
    expect(page.locator("#progress")).to_be_hidden()
    expect(page.locator("#documents li")).to_have_count(16)
    assert len(groups) == 2
    expect(page.locator(".notice.fault")).to_have_count(0)


def test_one_faulty_document_does_not_cost_the_others_their_answer(
    new_visit: Callable[..., Visit], serve: Callable[[FastAPI], str], tmp_path: Path
) -> None:
    visit = new_visit(serve(create_app(Settings(max_text_characters=150))))
    visit.expected = ["status of 413"]
    page = visit.open()
    file = tmp_path / "wire.jsonl"
    lines = [
        {"id": "good", "text": OTHER},
        {"id": "long", "text": OTHER * 2},
        {"id": "bad", "text": "Peru.", "date": "May"},
    ]
    file.write_text("\n".join(map(json.dumps, lines)))
    page.set_input_files("#choose", [file])
    page.click("#read")
    expect(page.locator("#documents .fault")).to_have_count(2)
    assert texts(page.locator("#documents .fault")) == [
        f"text: should have at most 150 characters, not {2 * len(OTHER)}",
        "date: should be a day as YYYY-MM-DD",
    ]
    assert page.locator(".mark").count() > 0

    page.click("#new-text")
    page.fill("#text", OTHER * 2)
    expect(page.locator("#text-count")).to_have_text(f"{2 * len(OTHER)} of 150 characters")
    expect(page.locator("#text-fault")).to_have_text(
        f"The text has {2 * len(OTHER) - 150} characters more than the 150 that this service reads at once."
    )
    page.click("#read")
    expect(page.locator("#text")).to_be_focused()
    assert len(visit.sent("/classify")) == 1


def test_what_the_service_finds_wrong_with_a_text_stands_at_the_text(visit: Visit) -> None:
    visit.expected = ["status of 422"]
    page = visit.page
    page.locator("#text").evaluate("(area) => { area.value = 'Norway \\0 Sweden'; }")
    page.click("#read")
    expect(page.locator("#text-fault")).to_have_text("holds a NUL character at offset 7")
    expect(page.locator("#text")).to_have_attribute("aria-invalid", "true")
    page.fill("#text", "")
    page.click("#read")
    expect(page.locator("#text-fault")).to_have_text("Paste a text or choose a file first.")


def test_a_service_that_is_away_is_named_and_the_text_is_kept(visit: Visit) -> None:
    visit.expected = ["ERR_FAILED"]
    page = visit.page
    page.route("**/classify", lambda route: route.abort())
    page.fill("#text", ARTICLE)
    page.click("#read")
    expect(page.locator(".notice.fault")).to_contain_text("The service cannot be reached.")
    expect(page.locator("#text")).to_have_value(ARTICLE)


def test_the_page_waits_for_a_busy_service(visit: Visit) -> None:
    visit.expected = ["status of 503"]
    page = visit.page
    answers = iter([503])

    def busy(route: Route) -> None:
        if next(answers, None):
            route.fulfill(status=503, headers={"Retry-After": "1"}, json={"detail": "The model is being loaded."})
        else:
            route.continue_()

    page.route("**/classify", busy)
    page.fill("#text", ARTICLE)
    page.click("#read")
    expect(page.locator("#notices")).to_contain_text("trying again in 1 s")
    expect(page.locator(".mark").first).to_be_visible()
    expect(page.locator("#notices")).to_be_empty()


class _KeyMiddleware:
    """Asks for a key as the service does when keys are set."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        closed = scope["type"] == "http" and scope["path"] in {"/info", "/classify"}
        if closed and Headers(scope=scope).get("authorization") != "Bearer sesame":
            answer = JSONResponse({"title": "Unauthorized", "detail": "A key is needed."}, 401)
            await answer(scope, receive, send)
        else:
            await self.app(scope, receive, send)


@pytest.fixture
def locked(serve: Callable[[FastAPI], str]) -> str:
    app = create_app(Settings())
    app.add_middleware(_KeyMiddleware)
    return serve(app)


def test_the_page_asks_for_a_key_and_keeps_it_for_the_tab(new_visit: Callable[..., Visit], locked: str) -> None:
    visit = new_visit(locked)
    visit.expected = ["status of 401"]
    page = visit.open(ready=False)
    dialog = page.locator("#key-dialog")
    expect(dialog).to_be_visible()
    page.fill("#key", "wrong")
    page.keyboard.press("Enter")
    expect(page.locator("#key-fault")).to_have_text("The service does not know this key.")
    page.fill("#key", "sesame")
    page.get_by_role("button", name="Go on").click()
    expect(dialog).to_be_hidden()
    expect(page.locator("#model")).not_to_be_empty()
    visit.read(ARTICLE)
    assert page.evaluate(
        "[sessionStorage.length, Object.keys(localStorage).filter((key) => key.includes('key')).length]"
    ) == [1, 0]
    assert "sesame" not in page.url
    page.reload()
    expect(page.locator("#model")).not_to_be_empty()
    expect(dialog).to_be_hidden()


def test_the_page_is_revalidated_and_its_files_cannot_be_left(service: httpx.Client) -> None:
    for path in ("/", "/page/js/main.js", "/page/css/base.css", "/page/icons.svg"):
        answer = service.get(path).raise_for_status()
        assert answer.headers["cache-control"] == "no-cache"
        assert service.get(path, headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
    assert (
        service.get("/page/js/main.js")
        .headers["content-type"]
        .startswith(("text/javascript", "application/javascript"))
    )
    assert service.get("/page/..%2fapp.py").status_code == 404
    assert service.get("/page/missing.js").headers["content-type"] == "application/problem+json"
    names = {item["code"]: item["name"] for item in service.get("/page/entities.json").json()}
    assert names["NO"] == "Norway"
    assert len(names) > 250
