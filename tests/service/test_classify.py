"""``POST /classify``: the contract, and documents that do not hinder each other."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from typing import Any

import httpx
import pytest
from service_helpers import assert_problem, serving, wait_until

from model.batching import Scored
from model.classifier import PendingDocument, StanceClassifier
from model.documents import Document
from model.encoding import Row
from model.runtime import Runtime
from service.app import create_app
from service.schemas import ClassifyAnswer
from service.settings import Settings

COUNTRIES = ["Norway", "Iceland", "the United States", "Chile", "Burkina Faso"]
TEXT = "Norway denied that it had misled Iceland. Sweden warned Denmark that time was running out."


def post(client: httpx.Client, request: Any) -> httpx.Response:
    """Send a request in ASCII, so that lone surrogates arrive as escapes."""
    return client.post("/classify", content=json.dumps(request), headers={"Content-Type": "application/json"})


def ask(client: httpx.Client, **request: Any) -> dict[str, Any]:
    response = post(client, request)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    answer: dict[str, Any] = response.json()
    ClassifyAnswer.model_validate_json(response.content)
    return answer


def codes(document: dict[str, Any]) -> set[str]:
    return {entity["code"] for sentence in document["sentences"] for entity in sentence["entities"]}


def test_a_text_is_answered_as_by_the_classifier(client: httpx.Client) -> None:
    answer = ask(client, text=TEXT)
    classifier = StanceClassifier.from_pretrained()
    expected = classifier.classify(TEXT).to_dict()
    assert answer["model"]["sha256"] == classifier.info.sha256
    assert set(answer) == {"model", "documents"}
    assert len(answer["documents"]) == 1
    assert codes(answer["documents"][0]) == {"NO", "IS", "SE", "DK"}
    assert _rounded(answer["documents"][0]) == _rounded(expected)


def test_one_text_and_a_list_of_one_are_answered_alike(client: httpx.Client) -> None:
    document = {"id": "a", "text": TEXT, "date": "2022-01-18"}
    assert ask(client, **document) == ask(client, documents=[document])


def test_offsets_count_code_points_of_the_text_as_sent(client: httpx.Client) -> None:
    text = "\ufeff🚢🚢 e\u0301clair\r\n\r\nİzmir: Norway warned Iceland.\u2028Sweden 👍🏽 backs Denmark.  "
    (document,) = ask(client, text=text)["documents"]
    assert codes(document) >= {"NO", "IS", "SE", "DK"}
    for sentence in document["sentences"]:
        assert text[sentence["start"] : sentence["end"]] == sentence["text"]
        for entity in sentence["entities"]:
            for mention in entity["mentions"]:
                assert text[mention["start"] : mention["end"]] == mention["text"]


def test_countries_restrict_the_entities_but_not_the_targets(client: httpx.Client) -> None:
    everything = ask(client, text=TEXT)["documents"][0]
    (document,) = ask(client, text=TEXT, countries=["NO", "SE"])["documents"]
    assert codes(document) == {"NO", "SE"}
    assert {row["code"] for row in document["summary"]} <= {"NO", "SE"}
    kept = [entity for sentence in everything["sentences"] for entity in sentence["entities"]]
    answered = [entity for sentence in document["sentences"] for entity in sentence["entities"]]
    assert _rounded(answered) == _rounded([entity for entity in kept if entity["code"] in {"NO", "SE"}])


def test_blocs_can_be_left_out(client: httpx.Client) -> None:
    text = "The European Union welcomed Norway's offer."
    assert codes(ask(client, text=text)["documents"][0]) == {"EU", "NO"}
    assert codes(ask(client, text=text, blocs=False)["documents"][0]) == {"NO"}


def test_the_date_picks_the_office_holder(client: httpx.Client) -> None:
    text = "Jens Stoltenberg said that the talks had failed."
    then = ask(client, text=text, date="2010-05-01")["documents"][0]
    later = ask(client, text=text, date="2019-05-01")["documents"][0]
    assert codes(then) == {"NO"}
    assert codes(later) == {"NATO"}


def test_entities_of_the_caller_are_found(client: httpx.Client) -> None:
    entity = {"code": "NSC", "name": "Northern Straits Council", "mentions": ["Straits Council"]}
    text = "The Straits Council warned Denmark."
    (document,) = ask(client, text=text, entities=[entity])["documents"]
    found = {entity["code"]: entity for entity in document["sentences"][0]["entities"]}
    assert set(found) == {"NSC", "DK"}
    assert found["NSC"]["kind"] == "custom"
    assert found["NSC"]["mentions"] == [{"text": "Straits Council", "start": 4, "end": 19, "source": "given"}]


def test_entities_of_the_caller_are_answered_whatever_the_restriction(client: httpx.Client) -> None:
    own = {"code": "NSC", "name": "Northern Straits Council", "mentions": ["Straits Council"]}
    known = {"code": "DK", "name": "Denmark", "mentions": ["the Copenhagen trio"]}
    text = "The Straits Council warned Denmark and Sweden."
    documents = [{"text": text, "entities": [own, known]}, {"text": text}]
    answer = ask(client, documents=documents, countries=["SE"])
    assert [codes(document) for document in answer["documents"]] == [{"NSC", "SE"}, {"SE"}]


def test_documents_are_answered_in_order_and_may_share_an_id(client: httpx.Client) -> None:
    texts = ["Norway warned Iceland.", "Kenya backs Rwanda.", "Peru met Chile."]
    answer = ask(client, documents=[{"id": "same", "text": text} for text in texts])
    assert [document["id"] for document in answer["documents"]] == ["same"] * 3
    assert [document["sentences"][0]["text"] for document in answer["documents"]] == texts


def test_a_text_without_countries_has_an_empty_answer(client: httpx.Client) -> None:
    (document,) = ask(client, text="It rained all day.")["documents"]
    assert document["summary"] == []
    assert document["relations"] == []
    assert document["sentences"][0]["entities"] == []


BAD_DOCUMENTS: list[tuple[Any, str]] = [
    (7, ""),
    (None, ""),
    (["text"], ""),
    ({}, ".text"),
    ({"text": ""}, ".text"),
    ({"text": " \n\t"}, ".text"),
    ({"text": 5}, ".text"),
    ({"text": None}, ".text"),
    ({"text": "nul \0 in it"}, ".text"),
    ({"text": "lone \ud800 surrogate"}, ".text"),
    ({"text": "x" * 200_001}, ".text"),
    ({"text": "fine", "lang": "en"}, ".lang"),
    ({"text": "fine", "\ud800": 1}, ""),
    ({"text": "fine", "countries": ["US"]}, ".countries"),
    ({"text": "fine", "id": 5}, ".id"),
    ({"text": "fine", "id": "lone \ud800"}, ".id"),
    ({"text": "fine", "id": "x" * 257}, ".id"),
    ({"text": "fine", "date": "18 January 2022"}, ".date"),
    ({"text": "fine", "date": "2022-02-30"}, ".date"),
    ({"text": "fine", "date": "20220118"}, ".date"),
    ({"text": "fine", "date": "2022-01-18T00:00:00"}, ".date"),
    ({"text": "fine", "date": "٢٠٢٢-٠١-١٨"}, ".date"),
    ({"text": "fine", "date": 1642464000}, ".date"),
    ({"text": "fine", "entities": {}}, ".entities"),
    ({"text": "fine", "entities": [{"code": "X", "name": "X"}]}, ".entities[0].mentions"),
    ({"text": "fine", "entities": [{"code": "X", "name": "X", "mentions": []}]}, ".entities[0].mentions"),
    ({"text": "fine", "entities": [{"code": "X", "name": "X", "mentions": ["X", 3]}]}, ".entities[0].mentions[1]"),
    ({"text": "fine", "entities": [{"code": " ", "name": "X", "mentions": ["X"]}]}, ".entities[0].code"),
    ({"text": "fine", "entities": [{"code": "X", "name": "X", "mentions": ["X"], "kind": "x"}]}, ".entities[0].kind"),
]


def status_of(bad: Any) -> int:
    return 413 if isinstance(bad, dict) and len(str(bad.get("text"))) > 200_000 else 422


@pytest.mark.parametrize(("bad", "field"), BAD_DOCUMENTS)
def test_a_bad_document_does_not_cost_the_others_their_answer(client: httpx.Client, bad: Any, field: str) -> None:
    good = {"id": "good", "text": "Norway warned Iceland."}
    answer = ask(client, documents=[good, bad, good])
    first, rejected, last = answer["documents"]
    assert first == last == ask(client, **good)["documents"][0]
    assert set(rejected) == {"id", "error"}
    error = rejected["error"]
    assert error["field"] == f"documents[1]{field}"
    assert error["detail"].startswith(f"documents[1]{field}: ")
    assert error["status"] == status_of(bad)


@pytest.mark.parametrize(("bad", "field"), BAD_DOCUMENTS)
def test_a_request_of_bad_documents_only_is_refused(client: httpx.Client, bad: Any, field: str) -> None:
    problem = assert_problem(post(client, {"documents": [bad, bad]}), status_of(bad))
    assert problem["errors"][0]["field"] == f"documents[0]{field}"
    assert problem["errors"][-1]["field"] == f"documents[1]{field}"


def test_the_id_of_a_bad_document_is_repeated(client: httpx.Client) -> None:
    documents = [{"id": "bad", "text": 1, "x": 2}, {"text": "Norway warned Iceland."}]
    rejected, _ = ask(client, documents=documents)["documents"]
    assert rejected["id"] == "bad"
    assert rejected["error"]["detail"].endswith("(and 1 more fault)")


def test_a_document_over_a_limit_is_told_the_limit(strict_client: httpx.Client) -> None:
    documents = [{"text": "Norway"}, {"text": "x" * 101}, {"text": "fine", "id": "x" * 257}]
    answer = ask(strict_client, documents=documents)["documents"]
    assert [document.get("error", {}).get("limit") for document in answer] == [None, 100, 256]


def test_too_long_and_wrong_together_is_not_about_size_only(strict_client: httpx.Client) -> None:
    documents = [{"text": "x" * 101}, {"text": 5}]
    problem = assert_problem(post(strict_client, {"documents": documents}), 422)
    assert [error.get("limit") for error in problem["errors"]] == [100, None]


@pytest.mark.usefixtures("in_process")
def test_a_document_on_which_the_classifier_fails_is_answered_alone_with_an_error(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    working = StanceClassifier.submit

    def failing(self: StanceClassifier, document: Document, **options: Any) -> PendingDocument:
        if "cursed" in document.text:
            raise RuntimeError("secret detail")
        return working(self, document, **options)

    monkeypatch.setattr(StanceClassifier, "submit", failing)
    good, cursed = {"text": "Norway warned Iceland."}, {"id": "x", "text": "A cursed text about Norway."}
    with serving(create_app(Settings())) as client:
        wait_until(lambda: client.get("/readyz").status_code == 200)
        first, rejected, last = ask(client, documents=[good, cursed, good])["documents"]
        problem = assert_problem(post(client, cursed), 500)
    assert codes(first) == codes(last) == {"NO", "IS"}
    assert rejected["id"] == "x"
    assert (rejected["error"]["status"], rejected["error"]["field"]) == (500, "documents[1]")
    assert "secret detail" not in str(rejected)
    assert "secret detail" in caplog.text
    assert "secret detail" not in str(problem)


@pytest.mark.usefixtures("in_process")
def test_a_row_on_which_the_network_fails_costs_its_own_document_only(monkeypatch: pytest.MonkeyPatch) -> None:
    working = Runtime._infer

    def failing(self: Runtime, rows: Sequence[Row]) -> list[Scored]:
        if any(len(row.entities) == 3 for row in rows):
            raise RuntimeError("secret detail")
        return working(self, rows)

    monkeypatch.setattr(Runtime, "_infer", failing)
    texts = ["Norway warned Iceland and Peru.", "Norway warned Iceland of floods.", "Kenya backs Rwanda."]
    with serving(create_app(Settings())) as client:
        wait_until(lambda: client.get("/readyz").status_code == 200)
        first, second, third = ask(client, documents=[{"text": text} for text in texts])["documents"]
    assert first["error"]["status"] == 500
    assert codes(second) == {"NO", "IS"}
    assert codes(third) == {"KE", "RW"}


def test_requests_at_the_same_time_are_answered_as_alone(client: httpx.Client) -> None:
    texts = [f"{one} denied that it had misled {two}. {two} warned {one}." for one, two in permutations(COUNTRIES, 2)]
    alone = [ask(client, text=text) for text in texts]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda text: ask(client, text=text), texts)) == alone


def _rounded(value: Any) -> Any:
    """Round scores: texts that are classified together may differ from one alone in the last digits."""
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list) else value
