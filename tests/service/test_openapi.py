"""The OpenAPI document, its examples and its page."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from service.examples import ANSWER_EXAMPLE, PROBLEM_EXAMPLES, REQUEST_EXAMPLES
from service.problems import ProblemType
from service.schemas import ClassifyAnswer, DocumentsRequest, Problem, TextRequest


@pytest.fixture(scope="module")
def openapi(client: httpx.Client) -> dict[str, Any]:
    document: dict[str, Any] = client.get("/openapi.json").raise_for_status().json()
    return document


def test_every_reference_leads_somewhere(openapi: dict[str, Any]) -> None:
    references = set(re.findall(r"'\$ref': '#/components/schemas/(\w+)'", str(openapi)))
    assert references == references & set(openapi["components"]["schemas"])
    assert {"TextRequest", "DocumentsRequest", "ClassifyAnswer", "Problem"} <= references


def test_requests_answers_and_errors_are_described_with_examples(openapi: dict[str, Any]) -> None:
    operation = openapi["paths"]["/classify"]["post"]
    assert operation["requestBody"]["content"]["application/json"]["examples"] == REQUEST_EXAMPLES
    assert operation["responses"]["200"]["content"]["application/json"]["example"] == ANSWER_EXAMPLE
    statuses = ("400", "401", "408", "413", "415", "422", "429", "500", "503", "504")
    assert set(operation["responses"]) == {"200", *statuses}
    for status in statuses:
        assert "example" in operation["responses"][status]["content"]["application/problem+json"]
    for schema in ("TextRequest", "DocumentsRequest", "DocumentIn", "GivenEntityIn"):
        assert openapi["components"]["schemas"][schema]["additionalProperties"] is False


def test_keys_can_be_sent_either_way_or_not_at_all(openapi: dict[str, Any]) -> None:
    schemes = openapi["components"]["securitySchemes"]
    assert schemes["bearer"]["scheme"] == "bearer"
    assert schemes["header"]["name"] == "X-API-Key"
    assert openapi["security"] == [{}, {"bearer": []}, {"header": []}]


@pytest.mark.parametrize("name", REQUEST_EXAMPLES)
def test_example_requests_work_when_sent(client: httpx.Client, name: str) -> None:
    request = REQUEST_EXAMPLES[name]["value"]
    response = client.post("/classify", json=request)
    assert response.status_code == 200
    answer = ClassifyAnswer.model_validate_json(response.content)
    assert len(answer.documents) == len(request.get("documents", [request]))
    assert "sentences" in response.json()["documents"][0]
    if name != "partial":
        (TextRequest if "text" in request else DocumentsRequest).model_validate(request)


def test_the_example_answer_is_consistent() -> None:
    answer = ClassifyAnswer.model_validate(ANSWER_EXAMPLE, strict=False)
    document, rejected = ANSWER_EXAMPLE["documents"]
    assert len(answer.documents) == 2
    for sentence in document["sentences"]:
        assert len(sentence["text"]) == sentence["end"] - sentence["start"]
        for entity in sentence["entities"]:
            for mention in entity["mentions"]:
                assert sentence["text"][mention["start"] : mention["end"]] == mention["text"]
    assert rejected["error"]["type"] == ProblemType.INVALID_REQUEST.uri


def test_example_problems_are_those_that_the_service_sends() -> None:
    titles = {kind.uri: (kind.status, kind.title) for kind in ProblemType}
    for status, example in PROBLEM_EXAMPLES.items():
        Problem.model_validate(example)
        assert titles[example["type"]] == (status, example["title"])


def test_the_page_needs_no_other_host(client: httpx.Client) -> None:
    page = client.get("/docs").raise_for_status()
    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(links) == 3
    for link in links:
        assert link.startswith("/")
        assert client.get(link).status_code == 200
    assert "http://" not in page.text
    assert '"validatorUrl": null' in page.text
    assert not re.findall(r"https?://(?!127\.0\.0\.1)", page.text)
