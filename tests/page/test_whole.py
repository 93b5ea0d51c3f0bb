"""Reasons, corrections and review on the page of a service that keeps them, with nothing in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from browser_helpers import ARTICLE, Visit
from fastapi import FastAPI
from playwright.sync_api import expect

from service.app import create_app
from service.settings import Settings

SECOND = "Moscow denied a charge by Norway that Russian boats had entered the strait."


@pytest.fixture
def keeping(new_visit: Callable[..., Visit], serve: Callable[[FastAPI], str], tmp_path: Path) -> Iterator[Visit]:
    """The page of a service with a database of its own."""
    base = serve(create_app(Settings(database_url=f"sqlite:///{tmp_path / 'kept.db'}")))
    visit = new_visit(base=base)
    visit.open()
    visit.read(ARTICLE, date="2024-03-04")
    return visit


def stored(visit: Visit) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = httpx.get(f"{visit.base}/corrections", trust_env=False).json()["items"]
    return items


def test_a_stance_says_which_words_it_hangs_on(keeping: Visit) -> None:
    page = keeping.page
    page.locator(".actor", has_text="Moscow").click()
    page.get_by_role("button", name="Why denial?").click()
    expect(page.locator("#card .why")).to_contain_text("denied +")


def test_a_correction_is_stored_and_taken_back(keeping: Visit) -> None:
    page = keeping.page
    page.locator(".actor", has_text="Moscow").click()
    page.get_by_role("button", name="Correct…").click()
    dialog = page.locator("#editor-dialog")
    dialog.get_by_label("Your name").fill("anna")
    dialog.get_by_role("button", name="Russia: warning", exact=True).click()
    dialog.get_by_role("button", name="Save the correction").click()
    expect(page.locator(".saved")).to_contain_text("corrected")
    (saved,) = stored(keeping)
    assert (saved["text"], saved["user"]) == (SECOND, "anna")
    assert saved["document"] == {"id": None, "date": "2024-03-04"}
    assert saved["predicted"][0]["stances"] == {"denial": ["NO"]}
    assert saved["entities"][0] == {
        "code": "RU",
        "mentions": ["Moscow", "Russian"],
        "stances": {"denial": ["NO"], "warning": []},
    }
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".saved")).to_have_count(0)
    assert stored(keeping) == []


def test_sentences_are_sent_to_review_and_judged(keeping: Visit) -> None:
    page = keeping.page
    page.get_by_role("button", name="Send to review").click()
    expect(page.locator("#notices")).to_contain_text("sent to review")
    page.locator("#tab-review").click()
    card, keys = page.locator(".review-card"), page.keyboard
    page.get_by_label("Your name").fill("boris")
    keys.press("Tab")
    expect(card).to_contain_text("uncertain")
    keys.press("a")
    expect(page.locator("#view-review .facts")).to_contain_text("1 judged by you just now")
    keys.press("s")
    (judged,) = stored(keeping)
    assert judged["user"] == "boris"
    assert judged["text"] in ARTICLE
    expect(page.get_by_role("region", name="Agreement")).to_be_visible()
