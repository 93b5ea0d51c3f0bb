"""Requests for explanations, and the command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from service_helpers import assert_problem
from typer.testing import CliRunner, Result

from model.batching import Flow
from model.classifier import StanceClassifier
from service.cli.main import app
from service.explaining import ExplainAnswer, explain_answer, explain_request
from service.problems import ProblemError, ProblemType
from service.settings import Settings

TEXT = "It rained. Norway denied on Tuesday that it had misled Iceland."
REQUEST = {"text": TEXT, "sentence": 1, "code": "NO", "stance": "denial"}


def run(*arguments: str | Path, code: int = 0, stdin: str | None = None) -> Result:
    result = CliRunner().invoke(app, ["explain", *map(str, arguments)], input=stdin, catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


def test_an_answer_holds_to_its_schema() -> None:
    classifier = StanceClassifier.from_pretrained()
    acme = {"code": "ACME", "name": "Acme", "mentions": ["Acme"]}
    request = {"id": "a", "text": "Acme denied it.", "date": "2022-01-18", "entities": [acme], "sentence": 0}
    for data in (REQUEST, request | {"code": "ACME", "stance": "denial"}):
        answer = explain_answer(classifier, explain_request(data, Settings()))
        ExplainAnswer.model_validate(answer)
        assert max(answer["words"], key=lambda word: word["effect"])["text"] == "denied"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"sentence": "1"}, "sentence"),
        ({"sentence": -1}, "sentence"),
        ({"sentence": True}, "sentence"),
        ({"code": ""}, "code"),
        ({"stance": None}, "stance"),
        ({"countries": ["NO"]}, "countries"),
        ({"date": "2022"}, "date"),
        ({"text": " "}, "text"),
    ],
)
def test_faulty_requests_name_the_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(ProblemError) as caught:
        explain_request(REQUEST | change, Settings())
    assert [fault.field for fault in caught.value.faults] == [field]
    assert caught.value.type is ProblemType.INVALID_REQUEST


def test_what_is_missing_or_no_object_or_too_long_is_refused() -> None:
    for field in REQUEST:
        with pytest.raises(ProblemError) as caught:
            explain_request({key: value for key, value in REQUEST.items() if key != field}, Settings())
        assert [(fault.field, fault.reason) for fault in caught.value.faults] == [(field, "is required")]
    with pytest.raises(ProblemError, match="JSON object"):
        explain_request([REQUEST], Settings())
    with pytest.raises(ProblemError, match="at most 20 characters") as caught:
        explain_request(REQUEST, Settings(max_text_characters=20))
    assert caught.value.type is ProblemType.TOO_LARGE


def test_what_the_text_does_not_hold_is_a_problem_too() -> None:
    classifier = StanceClassifier.from_pretrained()
    for change, field in (({"sentence": 5}, "sentence"), ({"code": "CL"}, "code"), ({"stance": "praise"}, "stance")):
        with pytest.raises(ProblemError) as caught:
            explain_answer(classifier, explain_request(REQUEST | change, Settings()))
        assert [fault.field for fault in caught.value.faults] == [field]
    with pytest.raises(ProblemError) as caught:
        explain_answer(classifier, explain_request(REQUEST, Settings()), Flow(deadline=0.0))
    assert caught.value.type is ProblemType.DEADLINE


def test_the_command_marks_the_words(tmp_path: Path) -> None:
    path = tmp_path / "article.txt"
    path.write_text(TEXT, encoding="utf-8")
    shown = run(path, "--code", "NO", "--stance", "denial").stdout.splitlines()
    assert shown[0].startswith("NO denial 0.")
    assert shown[0].endswith(", sentence 1")
    assert shown[1] == "Norway denied on Tuesday that it had misled Iceland."
    assert shown[2].startswith("+0.")
    assert shown[2].endswith("  denied")
    answer = json.loads(run(path, "--code", "NO", "--stance", "denial", "--format", "json").stdout)
    ExplainAnswer.model_validate(answer)
    assert answer["sentence"] == 1
    piped = run("-", "--code", "NO", "--stance", "denial", "--sentence", "1", "-f", "json", stdin=TEXT)
    assert json.loads(piped.stdout) == answer


def test_the_command_refuses_in_one_line(tmp_path: Path) -> None:
    known = ["--code", "NO", "--stance", "denial"]
    for arguments, reason in (
        (["-", "--code", "CL", "--stance", "denial"], "--code: 'CL' is not mentioned"),
        (["-", "--code", "NO", "--stance", "praise"], "--stance: 'praise'"),
        (["-", *known, "--sentence", "7"], "--sentence: 7"),
        (["-", *known, "--date", "soon"], "--date"),
        ([tmp_path / "missing", *known], "No such file"),
    ):
        result = run(*arguments, code=2, stdin=TEXT)
        assert reason in result.stderr
        assert result.stderr.count("\n") == 1
    assert "text: is empty" in run("-", *known, code=2, stdin="").stderr


def test_the_route_answers_as_the_classifier_explains(client: httpx.Client) -> None:
    text = "It rained. Norway denied that it had misled Iceland."
    response = client.post("/explain", json={"text": text, "sentence": 1, "code": "NO", "stance": "denial"})
    answer = ExplainAnswer.model_validate_json(response.content)
    assert max(answer.words, key=lambda word: word.effect).text == "denied"
    assert [text[word.start : word.end] for word in answer.words] == [word.text for word in answer.words]
    (document,) = client.post("/classify", json={"text": text}).json()["documents"]
    assert answer.score == document["sentences"][1]["entities"][0]["scores"]["denial"]
    assert answer.model_dump(mode="json")["model"] == client.get("/info").json()["model"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"sentence": 7}, "sentence"),
        ({"code": "PE"}, "code"),
        ({"stance": "joy"}, "stance"),
        ({"colour": "red"}, "colour"),
        ({"text": ""}, "text"),
    ],
)
def test_the_route_names_the_faulty_field(client: httpx.Client, change: dict[str, Any], field: str) -> None:
    request = {"text": "Norway warned Iceland.", "sentence": 0, "code": "NO", "stance": "warning", **change}
    assert assert_problem(client.post("/explain", json=request), 422)["errors"][0]["field"] == field
