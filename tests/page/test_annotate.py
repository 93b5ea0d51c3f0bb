"""Why a label, corrections and the review queue on the page."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from browser_helpers import ARTICLE, Visit, texts
from contract_stub import ContractStub
from playwright.sync_api import Page, expect

SECOND = "Moscow denied a charge by Norway that Russian boats had entered the strait."
PREDICTED = [
    {"code": "RU", "mentions": ["Moscow", "Russian"], "stances": {"denial": ["NO"]}},
    {"code": "NO", "mentions": ["Norway"], "stances": {}},
]


@pytest.fixture
def stub() -> ContractStub:
    return ContractStub()


@pytest.fixture
def page(new_visit: Callable[..., Visit], stub: ContractStub) -> Page:
    visit = new_visit()
    stub.install(visit.page)
    visit.open()
    visit.read(ARTICLE, date="2024-03-04")
    return visit.page


def test_without_the_routes_there_are_no_buttons(new_visit: Callable[..., Visit]) -> None:
    visit = new_visit()
    ContractStub(paths=()).install(visit.page)
    visit.open()
    visit.read(ARTICLE)
    visit.page.locator(".actor", has_text="Moscow").click()
    expect(visit.page.locator("#card")).to_contain_text("denial")
    assert texts(visit.page.locator("#card button")) == [""]
    expect(visit.page.locator("#tab-review")).to_be_hidden()
    expect(visit.page.get_by_role("button", name="Send to review")).to_be_hidden()


def test_why_tints_the_words_by_effect(page: Page, stub: ContractStub) -> None:
    start = ARTICLE.index(SECOND)
    for word, effect in (("denied", 0.61), ("a", 0.0), ("charge", 0.2), ("strait", -0.05)):
        at = ARTICLE.index(f" {word}", start) + 1
        stub.words.append({"text": word, "start": at, "end": at + len(word), "effect": effect})
    page.locator(".actor", has_text="Moscow").click()
    page.get_by_role("button", name="Why denial?").click()
    words = page.locator("#card .word")
    expect(words).to_have_text(["denied", "a", "charge", "strait"])
    assert stub.explained == [
        {"text": ARTICLE, "date": "2024-03-04", "entities": [], "sentence": 1, "code": "RU", "stance": "denial"}
    ]
    shares = words.evaluate_all("words => words.map((word) => word.style.getPropertyValue('--share'))")
    assert shares == ["40%", "0%", "13%", "3%"]
    grounds = words.evaluate_all("words => words.map((word) => getComputedStyle(word).backgroundColor)")
    assert len(set(grounds[:3])) == 3
    assert words.nth(3).get_attribute("class") == "word against"
    assert page.locator("#card .words").inner_text() == SECOND
    expect(page.locator("#card .why")).to_contain_text("denied +61, charge +20, strait −5.")


def editor(page: Page) -> Any:
    page.locator(".actor", has_text="Moscow").click()
    page.get_by_role("button", name="Correct…").click()
    dialog = page.locator("#editor-dialog")
    expect(dialog).to_be_visible()
    return dialog


def test_a_sentence_is_confirmed_and_the_name_is_kept(page: Page, stub: ContractStub) -> None:
    page.locator(".actor", has_text="Moscow").click()
    page.get_by_role("button", name="Confirm").click()
    page.get_by_role("button", name="Save as it is").click()
    expect(page.locator("#editor-dialog .fault").last).to_contain_text("Enter your name")
    page.get_by_label("Your name").last.fill("anna")
    page.get_by_role("button", name="Save as it is").click()
    expect(page.locator(".saved")).to_contain_text("confirmed")
    [saved] = stub.corrections.values()
    assert saved | {"model": {}} == {
        "text": SECOND,
        "document": {"id": None, "date": "2024-03-04"},
        "model": {},
        "predicted": PREDICTED,
        "entities": PREDICTED,
        "user": "anna",
        "note": None,
    }
    assert set(saved["model"]) == {"name", "version", "sha256"}
    page.locator(".actor", has_text="Sweden").click()
    page.get_by_role("button", name="Confirm").click()
    expect(page.locator(".saved")).to_have_count(2)
    assert [item["user"] for item in stub.corrections.values()] == ["anna", "anna"]
    page.get_by_role("button", name="Undo").first.click()
    expect(page.locator(".saved")).to_have_count(1)
    assert list(stub.corrections) == ["c2"]


def test_stances_targets_mentions_and_countries_are_changed(page: Page, stub: ContractStub) -> None:
    dialog = editor(page)
    dialog.get_by_label("Your name").fill("anna")
    dialog.get_by_role("button", name="Russia: warning", exact=True).click()
    dialog.get_by_role("button", name="Russia: warning toward Norway").click()
    dialog.get_by_role("button", name="Russia: denial toward Norway").click()
    dialog.get_by_role("button", name="Remove the mention Russian").click()
    select_text(page, "strait")
    expect(dialog.get_by_label("Words of the sentence")).to_have_value("strait")
    expect(dialog.get_by_label("Country")).to_be_focused()
    page.keyboard.type("Neverland")
    page.keyboard.press("Enter")
    expect(dialog).to_contain_text("Choose a country or a bloc from the list.")
    dialog.get_by_label("Country").fill("Denmark (DK)")
    page.keyboard.press("Enter")
    expect(dialog.locator(".editor-text .mention", has_text="strait")).to_be_visible()
    dialog.get_by_label("Note").fill("as an exercise")
    dialog.get_by_role("button", name="Save the correction").click()
    expect(page.locator(".saved")).to_contain_text("corrected")
    [saved] = stub.corrections.values()
    assert saved["entities"] == [
        {"code": "RU", "mentions": ["Moscow"], "stances": {"denial": [], "warning": ["NO"]}},
        {"code": "NO", "mentions": ["Norway"], "stances": {}},
        {"code": "DK", "mentions": ["strait"], "stances": {}},
    ]
    assert saved["predicted"] == PREDICTED
    assert saved["note"] == "as an exercise"


def test_a_removed_country_is_no_target_any_more(page: Page, stub: ContractStub) -> None:
    dialog = editor(page)
    dialog.get_by_label("Your name").fill("anna")
    dialog.get_by_role("button", name="Remove Norway").click()
    dialog.get_by_role("button", name="Save the correction").click()
    expect(page.locator(".saved")).to_be_visible()
    [saved] = stub.corrections.values()
    assert saved["entities"] == [{"code": "RU", "mentions": ["Moscow", "Russian"], "stances": {"denial": []}}]


def test_a_refused_correction_says_at_the_entity_why(new_visit: Callable[..., Visit], stub: ContractStub) -> None:
    visit = new_visit()
    visit.expected = ["status of 422"]
    stub.install(visit.page)
    visit.open()
    visit.read(ARTICLE)
    stub.refuse = {
        "title": "The request has invalid fields",
        "status": 422,
        "detail": "entities[1].mentions[0]: does not stand in the text",
        "errors": [{"field": "entities[1].mentions[0]", "reason": "does not stand in the text"}],
    }
    dialog = editor(visit.page)
    dialog.get_by_label("Your name").fill("anna")
    dialog.get_by_role("button", name="Save as it is").click()
    fault = dialog.locator(".editor-rows li").nth(1).locator(".fault")
    expect(fault).to_have_text("mentions[0] does not stand in the text")
    dialog.get_by_role("button", name="Save as it is").click()
    expect(dialog).to_be_hidden()


def select_text(page: Page, words: str) -> None:
    box = page.locator("#editor-dialog .editor-text").evaluate(
        """(sentence, words) => {
          const walker = document.createTreeWalker(sentence, NodeFilter.SHOW_TEXT);
          for (let node = walker.nextNode(); node; node = walker.nextNode()) {
            const at = node.data.lastIndexOf(words);
            if (at < 0) continue;
            const range = document.createRange();
            range.setStart(node, at);
            range.setEnd(node, at + words.length);
            const { left, right, top, height } = range.getBoundingClientRect();
            return [left, right, top + height / 2];
          }
        }""",
        words,
    )
    left, right, middle = box
    page.mouse.move(left + 1, middle)
    page.mouse.down()
    page.mouse.move(right, middle, steps=4)
    page.mouse.up()


def item(number: int, opinions: int = 0) -> dict[str, Any]:
    return {
        "id": f"r{number}",
        "text": SECOND,
        "document": {"id": f"wire-{number}", "date": "2024-03-04"},
        "predicted": PREDICTED,
        "entities": [],
        "uncertainty": 0.93,
        "novelty": 0.4,
        "opinions": opinions,
    }


def test_the_queue_is_worked_through_with_the_keyboard(new_visit: Callable[..., Visit], stub: ContractStub) -> None:
    stub.items = [item(1), item(2), item(3, opinions=1), item(4)]
    visit = new_visit()
    stub.install(visit.page)
    page = visit.open("/?view=review")
    card, keys = page.locator(".review-card"), page.keyboard
    expect(card).to_contain_text("Enter your name")
    page.get_by_label("Your name").fill("boris")
    keys.press("Tab")
    expect(card).to_contain_text("wire-1")
    expect(card).to_contain_text("uncertain 93%")
    assert texts(card.locator("kbd")) == ["A", "C", "S", "N"]
    expect(card.locator(".mark")).to_contain_text("denial")

    keys.press("?")
    expect(page.locator("#help-dialog")).to_contain_text("Skip: not for me")
    keys.press("Escape")
    keys.press("n")
    expect(card).to_contain_text("wire-2")
    keys.press("a")
    expect(card).to_contain_text("second opinion")
    assert stub.opinions == [("r2", {"user": "boris", "entities": PREDICTED, "note": None})]

    # Who gives a second opinion does not see the first labels.
    assert card.locator(".mark").count() == 0
    assert texts(card.locator("kbd")) == ["C", "S", "N"]
    keys.press("c")
    card.get_by_role("button", name="Norway: warning", exact=True).click()
    keys.press("Control+Enter")
    expect(card).to_contain_text("wire-4")
    assert stub.opinions[1][0] == "r3"
    assert [entity["stances"] for entity in stub.opinions[1][1]["entities"]] == [{}, {"warning": []}]

    keys.press("c")
    expect(card.locator(".editor")).to_be_visible()
    keys.press("Escape")
    expect(card.locator(".editor")).to_have_count(0)
    keys.press("s")
    expect(card).to_contain_text("wire-1")
    assert stub.skipped == ["r4"]
    keys.press("a")
    expect(card).to_contain_text("Nothing waits for you.")
    expect(page.locator("#view-review .facts")).to_contain_text("3 judged by you just now")
    panel = page.get_by_role("region", name="Agreement")
    expect(panel).to_contain_text("3 sentences judged twice or more, by 1 person")
    assert texts(panel.locator("tr")) == [
        "entities 0.91 good",
        "support 0.70 fair",
        "denial 0.20 weak",
        "direction – not enough yet",
    ]


def test_an_article_is_sent_to_review_and_the_tabs_keep_it(page: Page, stub: ContractStub) -> None:
    page.locator("#filters").get_by_role("button", name="denial").click()
    page.get_by_role("button", name="Send to review").click()
    expect(page.locator("#notices")).to_contain_text("0 sentences sent to review, 1 known already.")
    [body] = stub.sent
    [sentence] = body["sentences"]
    assert (sentence["text"], sentence["document"]) == (SECOND, {"id": None, "date": "2024-03-04"})
    assert [entity["code"] for entity in sentence["entities"]] == ["RU", "NO"]
    assert set(sentence["entities"][0]["scores"]) == {"support", "deterrence", "denial", "warning"}
    assert set(body["model"]) == {"name", "version", "sha256"}
    page.locator("#tab-review").click()
    expect(page.locator("#view-review")).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?view=review"))
    page.go_back()
    expect(page.locator("#results")).to_be_visible()
    assert page.locator(".mark").count() == 1
