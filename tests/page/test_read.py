"""Reading articles on the page: input, marks, table, graph, filters."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from browser_helpers import ARTICLE, OTHER, Visit, stances_of, texts
from playwright.sync_api import expect


def test_mentions_are_coloured_and_stances_marked_as_the_service_answers(visit: Visit) -> None:
    document = visit.read(ARTICLE, date="2024-03-04")
    page = visit.page
    assert visit.sent("/classify")[0]["documents"] == [
        {"id": None, "text": ARTICLE, "date": "2024-03-04", "entities": []}
    ]
    mentions = sorted(
        (mention["start"], mention["text"])
        for sentence in document["sentences"]
        for entity in sentence["entities"]
        for mention in entity["mentions"]
    )
    assert texts(page.locator(".mention")) == [text for _, text in mentions]
    marks = [re.split(r" → ", mark)[0] for mark in texts(page.locator(".mark"))]
    assert sorted(marks) == sorted(stance for _, stance in stances_of(document))
    assert page.locator(".mark .icon").count() == len(marks) > 0
    assert page.locator("#article .body p").count() == 2
    colour = "element => getComputedStyle(element).color"
    norway = page.locator(".mention", has_text="Norway").first.evaluate(colour)
    assert norway == page.locator(".mention", has_text="Norway").last.evaluate(colour)
    assert norway != page.locator(".mention", has_text="Moscow").evaluate(colour)


def test_offsets_hold_behind_characters_outside_of_the_basic_plane(visit: Visit) -> None:
    visit.read("🕊️🕊️ Peace? " + ARTICLE)
    assert texts(visit.page.locator(".mention"))[:3] == ["Norway", "Russia", "Russian"]


def test_the_example_is_read_with_table_graph_and_timeline(visit: Visit) -> None:
    page = visit.page
    with page.expect_response("**/classify") as answer:
        page.click("#example")
    documents = answer.value.json()["documents"]
    expect(page.locator("#timeline .stack").first).to_be_visible()
    assert len(documents) == page.locator("#documents li").count() == 3
    counted: Counter[tuple[str, str]] = Counter(pair for document in documents for pair in stances_of(document))
    cells = page.locator("#table .count").evaluate_all("cells => cells.map(cell => [cell.dataset.key, cell.innerText])")
    assert {key: int(count) for key, count in cells} == {
        f"cell {code} {stance}": count for (code, stance), count in counted.items()
    }
    relations = Counter(
        (item["source"], item["stance"], item["target"]) for document in documents for item in document["relations"]
    )
    assert set(texts_of_keys(visit, ".edge")) == {f"edge {' '.join(key)}" for key in relations}
    assert page.locator("#timeline .part").count() > 5


def texts_of_keys(visit: Visit, selector: str) -> list[str]:
    keys: list[str] = visit.page.locator(selector).evaluate_all("items => items.map(item => item.dataset.key)")
    return keys


def test_a_card_shows_scores_and_targets_on_hover_focus_and_click(visit: Visit) -> None:
    document = visit.read(ARTICLE)
    page, card = visit.page, visit.page.locator("#card")
    moscow = page.locator(".actor", has_text="Moscow")
    moscow.hover()
    expect(card).to_be_visible()
    expect(card).to_contain_text("found by its capital")
    entity = document["sentences"][1]["entities"][0]
    for stance, score in entity["scores"].items():
        expect(card.locator("li", has_text=stance)).to_contain_text(f"{round(score * 100)}%")
    expect(card.locator("li", has_text="denial")).to_contain_text("toward NO Norway")
    page.mouse.move(5, 5)
    expect(card).to_be_hidden()

    page.locator(".actor").first.focus()
    page.keyboard.press("ArrowRight")
    expect(card).to_be_visible()
    expect(card).to_have_attribute("aria-label", "Russia")
    page.keyboard.press("Enter")
    expect(card.get_by_role("button", name="Close")).to_be_focused()
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()
    expect(page.locator(".actor").nth(1)).to_be_focused()
    assert "no stance" in (page.locator(".actor").nth(1).get_attribute("aria-label") or "")


def test_a_tap_opens_the_card(new_visit: Callable[..., Visit]) -> None:
    visit = new_visit(has_touch=True, viewport={"width": 390, "height": 844})
    visit.open()
    visit.read(ARTICLE)
    visit.page.locator(".actor", has_text="Moscow").tap()
    expect(visit.page.locator("#card")).to_contain_text("toward NO Norway")
    visit.page.get_by_role("button", name="Close", exact=True).tap()
    expect(visit.page.locator("#card")).to_be_hidden()


def test_a_cell_of_the_table_filters_and_scrolls(visit: Visit) -> None:
    visit.read("Nobody spoke of anything at all that day.\n" * 60 + ARTICLE)
    page = visit.page
    sentence = page.locator(".sentence", has_text="a charge by Norway")
    assert not sentence.evaluate(_IN_VIEW)
    page.get_by_role("button", name="Russia, denial: 1 sentence").click()
    expect(sentence).to_have_class(re.compile("pointed"))
    assert sentence.evaluate(_IN_VIEW)
    expect(page.locator(".matches")).to_contain_text("1 matching sentence")
    assert page.locator(".sentence:not(.dimmed)").count() == 1
    assert [re.split(" → ", text)[0] for text in texts(page.locator(".mark"))] == ["denial"]
    page.get_by_role("button", name="Clear").click()
    assert page.locator(".sentence.dimmed").count() == 0


_IN_VIEW = "e => { const b = e.getBoundingClientRect(); return b.top >= 0 && b.bottom <= innerHeight; }"


def test_filters_of_country_and_stance_combine_and_matches_can_be_walked(visit: Visit) -> None:
    page = visit.page
    page.click("#example")
    toolbar, filters = page.locator("#toolbar"), page.locator("#filters")
    filters.get_by_role("button", name="Russia", exact=True).click()
    mentioned = int(texts(page.locator(".matches"))[0].split()[0])
    filters.get_by_role("button", name="denial").click()
    denied = int(texts(page.locator(".matches"))[0].split()[0])
    assert 0 < denied < mentioned
    keys = texts_of_keys(visit, ".edge")
    assert keys
    assert all(" denial " in key and "RU" in key for key in keys)
    walked = []
    for _ in range(denied + 1):
        toolbar.get_by_role("button", name="Next matching sentence").click()
        walked.append(page.locator(".sentence.pointed").inner_text())
    assert len(set(walked)) == denied
    assert walked[0] == walked[-1]
    toolbar.get_by_role("button", name="Previous matching sentence").click()
    assert page.locator(".sentence.pointed").inner_text() == walked[-2]


def test_an_edge_of_the_graph_works_with_the_keyboard_and_has_a_row_in_the_table(visit: Visit) -> None:
    document = visit.read(ARTICLE)
    page = visit.page
    relation = next(item for item in document["relations"] if item["stance"] == "denial")
    edge = page.locator(".edge[data-key='edge RU denial NO']")
    label = f"Russia: denial toward Norway, 1 sentence, up to {round(relation['score'] * 100)}%"
    expect(edge).to_have_attribute("aria-label", label)
    edge.focus()
    expect(page.locator(".tip")).to_have_text(label)
    page.get_by_text("As a table").first.click()
    assert page.locator("#graph tbody tr").count() == len(document["relations"])
    edge.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".sentence.pointed")).to_contain_text("Moscow")
    expect(page.locator("#filters")).to_contain_text("toward NO")
    assert texts(page.locator("#graph tbody tr"))[0].startswith("RU Russia")


def test_edges_are_wider_with_more_sentences_and_lie_always_alike(new_visit: Callable[..., Visit]) -> None:
    paths = []
    for _ in range(2):
        visit = new_visit()
        visit.open()
        visit.read("Sweden stood firmly behind Norway.\n" * 4 + OTHER)
        lines = visit.page.locator(".edge .line")
        width = "line => parseFloat(getComputedStyle(line).strokeWidth)"
        often = visit.page.locator(".edge[data-key='edge SE support NO'] .line").evaluate(width)
        assert often > min(lines.nth(index).evaluate(width) for index in range(lines.count()))
        paths.append(visit.page.locator(".edge path").evaluate_all("all => all.map(path => path.getAttribute('d'))"))
    assert paths[0] == paths[1]


def test_the_slider_shows_more_below_the_thresholds_and_fewer_above(visit: Visit) -> None:
    document = visit.read(f"{ARTICLE} {OTHER}")
    page = visit.page
    own = page.locator(".mark").count()
    for percent in (5, 95):
        page.locator("#confidence").fill(str(percent))
        expected = count_above(document, percent / 100)
        expect(page.locator(".mark")).to_have_count(expected)
        assert sum(int(count) for count in texts(page.locator("#table .count"))) == expected
        assert expected > own if percent == 5 else expected < own
    page.locator("#confidence").fill("5")
    expect(page.locator(".mark.tentative")).to_have_count(count_above(document, 0.05) - own)
    page.get_by_role("button", name="Reset").click()
    expect(page.locator(".mark")).to_have_count(own)


def count_above(document: dict[str, Any], least: float) -> int:
    entities = [entity for sentence in document["sentences"] for entity in sentence["entities"]]
    return sum(score >= least for entity in entities for score in entity["scores"].values())


def test_files_are_read_line_by_line_and_faulty_lines_are_named(visit: Visit, tmp_path: Path) -> None:
    lines = tmp_path / "wire.jsonl"
    lines.write_text(
        '{"id": "a", "text": "Kenya warned Rwanda of floods.", "date": "2024-01-05"}\n'
        '{"id": "b", "text": ""}\n'
        '{"id": "c", "text": "Peru praised Chile.", "entities": [{"code": "X", "name": "Xan", "mentions": ["Xan"]}]}\n'
        "nonsense\n"
        '{"text": "Chad.", "lang": "en"}\n'
    )
    article = tmp_path / "article-2024-02-09.txt"
    article.write_text(OTHER)
    picture = tmp_path / "picture.txt"
    picture.write_bytes(b"\xff\xfe\x00")
    page = visit.page
    page.set_input_files("#choose", [lines, article, picture])
    expect(page.locator("#staged li")).to_have_count(3)
    assert texts(page.locator("#file-faults li")) == [
        "wire.jsonl, line 2: text: is required and should not be empty",
        "wire.jsonl, line 4: is not JSON",
        "wire.jsonl, line 5: unknown field lang; the fields are id, text, date, entities",
        "picture.txt: is not text in UTF-8",
    ]
    page.get_by_label("Date of c").fill("2024-01-07")
    page.get_by_role("button", name="Remove a", exact=True).click()
    page.click("#read")
    expect(page.locator("#documents li")).to_have_count(2)
    sent = visit.sent("/classify")[0]["documents"]
    assert [(item["id"], item["date"]) for item in sent] == [
        ("c", "2024-01-07"),
        ("article-2024-02-09.txt", "2024-02-09"),
    ]
    assert sent[0]["entities"][0]["code"] == "X"


def test_a_dropped_file_is_taken_anywhere_on_the_page(visit: Visit) -> None:
    visit.read(ARTICLE)
    page = visit.page
    page.evaluate(
        """text => {
          const data = new DataTransfer();
          data.items.add(new File([text], 'dropped.txt', { type: 'text/plain' }));
          document.body.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: data }));
        }""",
        OTHER,
    )
    expect(page.locator("#staged")).to_contain_text("dropped.txt")
    page.get_by_role("button", name="Back to the results").click()
    expect(page.locator(".mention").first).to_have_text("Norway")


@pytest.mark.parametrize(("months", "unit"), [(False, "day"), (True, "month")])
def test_dated_documents_give_a_timeline(
    visit: Visit, service: httpx.Client, tmp_path: Path, months: bool, unit: str
) -> None:
    days = ["2024-01-05", "2024-05-06", "2024-05-30"] if months else ["2024-01-05", "2024-01-05", "2024-01-08"]
    file = tmp_path / "wire.jsonl"
    file.write_text("\n".join(f'{{"id": "d{i}", "text": "{OTHER}", "date": "{day}"}}' for i, day in enumerate(days)))
    page = visit.page
    page.set_input_files("#choose", [file])
    page.click("#read")
    expect(page.locator("#timeline-panel")).to_be_visible()
    each = Counter(stances_of(service.post("/classify", json={"text": OTHER}).json()["documents"][0]))
    keys = Counter(day[:7] if months else day for day in days)
    expected = {f"bar {code} {key}" for code, _ in each for key in keys}
    assert set(texts_of_keys(visit, ".stack")) == expected
    busiest = keys.most_common(1)[0][0]
    label = page.locator(f".stack[data-key='bar FI {busiest}']").get_attribute("aria-label") or ""
    assert f"{2 * each['FI', 'support']} support" in label
    page.locator("#timeline summary").click()
    expect(page.locator("#timeline thead")).to_contain_text(unit.capitalize())
    page.locator(f".stack[data-key='bar FI {busiest}']").press("Enter")
    expect(page.locator(".document-head")).to_contain_text("d1" if months else "d0")
