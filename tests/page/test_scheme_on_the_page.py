"""A model of one's own scheme over HTTP and on the page: what is shown and what is accepted follows its labels."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from browser_helpers import Visit, texts
from playwright.sync_api import expect
from service_helpers import assert_problem, serving, wait_until

from service.app import create_app
from service.schemas import ClassifyAnswer
from service.settings import Settings

TEXT = "Kestrel praised Dockers League for its 7 looms. Weavers Guild blamed Orion Shipping 9 times over its piers."


@pytest.fixture(scope="module")
def attitudes(attitude_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """The application with a model of the scheme, and a database."""
    database = f"sqlite:///{tmp_path_factory.mktemp('attitudes') / 'corrections.db'}"
    with serving(create_app(Settings(model=str(attitude_model), database_url=database))) as client:
        wait_until(lambda: client.get("/readyz").status_code == httpx.codes.OK)
        yield client


@pytest.fixture(scope="module")
def undirected(attitude_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same model, which says nothing of targets."""
    copy = tmp_path_factory.mktemp("undirected") / "model"
    shutil.copytree(attitude_model, copy)
    config = json.loads((copy / "config.json").read_text(encoding="utf-8"))
    config["scheme"] |= {"directed": False, "countries": True}
    (copy / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return copy


def _correction(client: httpx.Client, *stances: dict[str, Any]) -> dict[str, Any]:
    sentence = client.post("/classify", json={"text": TEXT}).raise_for_status().json()
    taken = [
        {"code": code, "mentions": [form]} for code, form in (("KESTREL", "Kestrel"), ("DOCKERS", "Dockers League"))
    ]
    said = [entity | {"stances": {}} for entity in taken]
    right = [entity | {"stances": own} for entity, own in zip(taken, stances, strict=True)]
    text = sentence["documents"][0]["sentences"][0]["text"]
    return {"text": text, "model": sentence["model"], "user": "anna", "predicted": said, "entities": right}


def test_info_says_what_the_scheme_allows(attitudes: httpx.Client) -> None:
    info = attitudes.get("/info").raise_for_status().json()
    assert {key: info[key] for key in ("scheme", "multi_label", "none", "directed", "countries", "types")} == {
        "scheme": "attitude",
        "multi_label": False,
        "none": True,
        "directed": True,
        "countries": False,
        "types": ["company", "union"],
    }
    assert info["description"] == "How organisations speak of each other."
    assert [(label["name"], label["threshold"]) for label in info["labels"]] == [("positive", None), ("negative", None)]
    names = attitudes.get("/page/entities.json").raise_for_status().json()
    assert {"code": "ORION", "name": "Orion Shipping", "kind": "custom", "type": "company"} in names
    assert len(names) == 6


def test_answers_have_types_and_one_label_at_most(attitudes: httpx.Client) -> None:
    response = attitudes.post("/classify", json={"text": TEXT, "countries": ["NO"]}).raise_for_status()
    ClassifyAnswer.model_validate_json(response.content)
    found = [entity for sentence in response.json()["documents"][0]["sentences"] for entity in sentence["entities"]]
    assert [(entity["code"], entity["type"]) for entity in found] == [
        ("KESTREL", "company"),
        ("DOCKERS", "union"),
        ("WEAVERS", "union"),
        ("ORION", "company"),
    ]
    assert [mention["source"] for entity in found for mention in entity["mentions"]] == ["gazetteer"] * 4
    assert [[stance["stance"] for stance in entity["stances"]] for entity in found] == [
        ["positive"],
        [],
        ["negative"],
        [],
    ]


def test_examples_of_the_api_are_in_the_labels_of_the_scheme(attitudes: httpx.Client) -> None:
    paths = attitudes.get("/openapi.json").raise_for_status().json()["paths"]
    answer = paths["/classify"]["post"]["responses"]["200"]["content"]["application/json"]["example"]
    ClassifyAnswer.model_validate(answer, strict=False)
    norway = answer["documents"][0]["sentences"][0]["entities"][0]
    assert [stance["stance"] for stance in norway["stances"]] == ["positive"]
    assert set(norway["scores"]) == {"positive", "negative"}
    example = paths["/corrections"]["post"]["requestBody"]["content"]["application/json"]["example"]
    assert attitudes.post("/corrections", json=example).status_code == 201


def test_corrections_are_checked_against_the_served_scheme(attitudes: httpx.Client) -> None:
    right = _correction(attitudes, {"positive": ["DOCKERS"]}, {})
    assert attitudes.post("/corrections", json=right).status_code == 201
    two = _correction(attitudes, {"positive": [], "negative": []}, {})
    problem = assert_problem(attitudes.post("/corrections", json=two), 422)
    assert problem["errors"][0]["reason"] == "several labels, but the scheme 'attitude' allows one"
    foreign = _correction(attitudes, {"support": []}, {})
    problem = assert_problem(attitudes.post("/corrections", json=foreign), 422)
    assert problem["errors"][0]["reason"] == "unknown stance 'support' (known: positive, negative)"


def test_the_page_takes_labels_words_and_colours_from_the_scheme(
    new_visit: Callable[..., Visit], attitudes: httpx.Client
) -> None:
    visit = new_visit(str(attitudes.base_url))
    page = visit.open()
    expect(page.locator("#lead")).to_have_text("Who takes which label, and toward whom?")
    expect(page.locator("#scheme")).to_have_text("How organisations speak of each other.")
    visit.read(TEXT)
    expect(page.locator("#table-title")).to_have_text("Entities and labels")
    assert texts(page.locator("#table thead th")) == ["Entity", "positive", "negative"]
    assert texts(page.locator("#filters .group").first.locator("button")) == ["positive", "negative"]
    hues = page.locator("#table thead .stance").evaluate_all(
        "labels => labels.map((label) => label.style.getPropertyValue('--stance-hue'))"
    )
    assert hues == ["165", "345"]
    expect(page.locator("#toolbar .facts")).to_have_text("2 sentences · 4 entities")
    expect(page.locator("#graph-panel")).to_be_visible()
    page.locator(".actor", has_text="Kestrel").click()
    expect(page.locator("#card")).to_contain_text("company · found by a name of the model’s list")
    expect(page.locator("#card")).to_contain_text("toward DOCKERS Dockers League")


def test_on_the_page_one_label_takes_the_place_of_the_other(
    new_visit: Callable[..., Visit], attitudes: httpx.Client
) -> None:
    visit = new_visit(str(attitudes.base_url))
    page = visit.open()
    visit.read(TEXT)
    page.locator(".actor", has_text="Kestrel").click()
    page.get_by_role("button", name="Correct").click()
    dialog = page.locator("#editor-dialog")
    dialog.get_by_role("button", name="KESTREL: negative").or_(
        dialog.get_by_role("button", name="Kestrel Bank: negative")
    ).first.click()
    pressed = dialog.locator(".editor-rows li").first.locator(".group .toggle[aria-pressed=true]")
    assert texts(pressed) == ["negative"]


def test_without_direction_there_are_no_targets_on_the_page(
    new_visit: Callable[..., Visit], serve: Callable[..., str], undirected: Path
) -> None:
    visit = new_visit(serve(create_app(Settings(model=str(undirected), database_url="none"))))
    page = visit.open()
    expect(page.locator("#lead")).to_have_text("Who takes which label?")
    document = visit.read(f"{TEXT} Norway was silent.")
    assert document["relations"] == []
    assert document["sentences"][2]["entities"][0]["code"] == "NO"
    assert "type" not in document["sentences"][2]["entities"][0]
    expect(page.locator("#graph-panel")).to_be_hidden()
    page.locator(".actor", has_text="Kestrel").click()
    expect(page.locator("#card")).to_contain_text("positive")
    expect(page.locator("#card")).not_to_contain_text("toward")
