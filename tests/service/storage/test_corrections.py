"""The routes of corrections, over HTTP, on both databases."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from service_helpers import assert_problem, serving, wait_until
from storage_helpers import correction, entities, new_database, on_postgres

from service.app import create_app
from service.settings import Settings
from service.storage import examples
from service.storage.schemas import CorrectionOut, CorrectionsOut
from training.corpus import read_corpus


def save(api: httpx.Client, **changes: Any) -> dict[str, Any]:
    number = changes.pop("number", 0)
    response = api.post("/corrections", json=correction(number, **changes))
    assert response.status_code == 201, response.text
    stored: dict[str, Any] = response.json()
    return stored


def pages(api: httpx.Client, **query: Any) -> list[list[int]]:
    found, cursor = [], None
    while True:
        page = api.get("/corrections", params=query | ({"cursor": cursor} if cursor else {})).raise_for_status().json()
        found.append([item["id"] for item in page["items"]])
        cursor = page["next"]
        if cursor is None:
            return found


def test_a_correction_is_stored_with_all_that_was_sent(api: httpx.Client) -> None:
    sent = correction(3, note="Not a warning.")
    stored = save(api, number=3, note="Not a warning.")
    assert {name: stored[name] for name in sent} == sent
    age = datetime.now(UTC) - datetime.fromisoformat(stored["created_at"])
    assert timedelta(0) <= age < timedelta(minutes=1)
    answer = api.get(f"/corrections/{stored['id']}").raise_for_status()
    assert answer.json() == stored
    CorrectionOut.model_validate_json(answer.content)


def test_the_example_can_be_sent(api: httpx.Client) -> None:
    stored = api.post("/corrections", json=examples.CORRECTION_REQUEST)
    assert stored.status_code == 201
    assert stored.json().keys() == examples.CORRECTION.keys()
    CorrectionsOut.model_validate(examples.CORRECTIONS)


_CHARACTERS = st.characters(codec=None, exclude_categories=())
_TEXTS = st.text(_CHARACTERS, max_size=20) | st.sampled_from(["Norway", "NO", "denial", correction()["text"]])
_SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _TEXTS
_ANYTHING = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3)
)
_ENTITIES = st.lists(
    st.fixed_dictionaries(
        {
            "code": _TEXTS,
            "mentions": st.lists(_TEXTS, min_size=1, max_size=3),
            "stances": st.dictionaries(_TEXTS, st.lists(_TEXTS, max_size=2), max_size=2),
        }
    ),
    max_size=3,
)
_CHANGES = st.dictionaries(st.sampled_from([*correction()]) | _TEXTS, _ANYTHING | _ENTITIES, max_size=2)


@given(changes=_CHANGES)
@settings(max_examples=150, derandomize=True, suppress_health_check=list(HealthCheck))
def test_any_json_is_answered(api: httpx.Client, changes: dict[str, Any]) -> None:
    body = json.dumps(correction() | changes)
    response = api.post("/corrections", content=body, headers={"Content-Type": "application/json"})
    if response.status_code == 201:
        CorrectionOut.model_validate_json(response.content)
    else:
        assert assert_problem(response, 422)["errors"]


OWN = [{"code": "NSC", "mentions": ["Northern Council"], "stances": {"warning": []}}]
FAULTS: list[tuple[dict[str, Any], str, str]] = [
    ({"text": ""}, "text", "at least 1 character"),
    ({"text": "a\0b"}, "text", "NUL"),
    ({"text": "Norway " * 4_000}, "text", "at most 20000"),
    ({"user": " "}, "user", "blank"),
    ({"note": "a\0b"}, "note", "NUL"),
    ({"model": {"name": "m", "version": "1"}}, "model.sha256", "is required"),
    ({"document": {"id": "d", "date": "yesterday"}}, "document.date", "YYYY-MM-DD"),
    ({"document": {"id": "d", "day": "2024-01-01"}}, "document.day", "the fields are id, date"),
    ({"entities": entities("NO", "IS", anger=[])}, "entities[0].stances.anger", "unknown stance 'anger'"),
    ({"entities": entities("NO", "IS", denial=["PE"])}, "entities[0].stances.denial[0]", "no entity of this sentence"),
    ({"entities": entities("NO", "IS", denial=["NO"])}, "entities[0].stances.denial[0]", "toward itself"),
    ({"entities": entities("NO", "CL")}, "entities[1].mentions[0]", "'Chile' is not in the text"),
    ({"entities": entities("NO", "NO")}, "entities", "NO stands 2 times"),
    ({"entities": OWN}, "entities[0].code", "unknown code 'NSC'"),
    ({"predicted": entities("NO", "CL")}, "predicted[1].mentions[0]", "not in the text"),
    ({"entities": [{"code": "NO", "mentions": ["Norway"], "stances": {}, "score": 1}]}, "entities[0].score", "unknown"),
    (
        {"entities": [{"code": "NO", "mentions": ["Norway", "Norway"], "stances": {}}]},
        "entities[0].mentions[1]",
        "stands twice",
    ),
]


@pytest.mark.parametrize(("changes", "field", "reason"), FAULTS, ids=[f"{f}-{r}" for _, f, r in FAULTS])
def test_a_fault_is_named_with_its_path(api: httpx.Client, changes: dict[str, Any], field: str, reason: str) -> None:
    problem = assert_problem(api.post("/corrections", json=correction() | changes), 422)
    assert [error for error in problem["errors"] if error["field"] == field and reason in error["reason"]], problem
    assert api.get("/corrections").json()["items"] == []


def test_bodies_that_are_no_json_are_refused(api: httpx.Client) -> None:
    headers = {"Content-Type": "application/json"}
    assert_problem(api.post("/corrections", content=b'{"text": 1, "text": 2}', headers=headers), 400)
    assert_problem(api.post("/corrections", content=b"x", headers={"Content-Type": "text/plain"}), 415)


def test_a_code_of_ones_own_is_known_from_the_answer(api: httpx.Client, tmp_path: Path) -> None:
    save(api, text="The Northern Council warned all.", predicted=[OWN[0] | {"stances": {}}], entities=OWN)
    path = tmp_path / "corrections.jsonl"
    path.write_bytes(api.get("/corrections/export").raise_for_status().content)
    assert json.loads(path.read_text())["custom"] == ["NSC"]
    assert [entity.code for entity in read_corpus([path])[0].entities] == ["NSC"]


def test_filters_find_by_user_entity_stance_and_text(api: httpx.Client) -> None:
    first = save(api)["id"]
    second = save(api, number=2, user="boris")["id"]
    third = save(api, number=2, text="100 % of Chile backs PERU's grain_store.", entities=[], predicted=[])["id"]
    expected = {
        (): [third, second, first],
        (("user", "boris"),): [second],
        (("code", "NO"),): [first],
        (("code", "IS"), ("stance", "denial")): [],
        (("code", "NO"), ("stance", "warning")): [first],
        (("stance", "denial"),): [second, first],
        (("stance", "support"),): [],
        (("text", "peru"),): [third, second],
        (("text", "0 % OF"),): [third],
        (("text", "grain%store"),): [],
        (("text", "n_s"),): [third],
        (("user", "boris"), ("text", "norway")): [],
    }
    assert {query: [row for page in pages(api, **dict(query)) for row in page] for query in expected} == expected


def test_pages_stay_as_they_are_while_rows_come_and_go(api: httpx.Client) -> None:
    ids = [save(api, number=number)["id"] for number in range(7)]
    seen, cursor = [], None
    for round_ in range(3):
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = api.get("/corrections", params=query).raise_for_status().json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
        save(api, number=10 + round_)
        if round_ == 0:
            api.delete(f"/corrections/{ids[4]}").raise_for_status()
    assert seen == [ids[6], ids[5], ids[3], ids[2], ids[1], ids[0]]
    assert cursor is None


@pytest.mark.parametrize("cursor", ["x", "====", "MTox", "é", "MTo5OTk5OTk5OTk5OTk5OTk5OTk5OjAwMDAwMDAw", "A" * 200])
def test_a_cursor_that_was_not_made_here_is_refused(api: httpx.Client, cursor: str) -> None:
    problem = assert_problem(api.get("/corrections", params={"cursor": cursor}), 422)
    assert problem["errors"][0]["field"] == "cursor"


def test_a_cursor_goes_with_its_filters(api: httpx.Client) -> None:
    for number in range(3):
        save(api, number=number)
    cursor = api.get("/corrections", params={"limit": 1, "user": "anna"}).json()["next"]
    problem = assert_problem(api.get("/corrections", params={"limit": 1, "cursor": cursor}), 422)
    assert "other filters" in problem["errors"][0]["reason"]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/corrections?limit=0", "limit"),
        ("/corrections?limit=201", "limit"),
        ("/corrections?user=", "user"),
        ("/corrections?user=a%00b", "user"),
        ("/corrections?sort=text", "sort"),
        (f"/corrections/{2**63}", "id"),
        ("/corrections/export?agreed=perhaps", "agreed"),
    ],
)
def test_faulty_parameters_are_named(api: httpx.Client, path: str, field: str) -> None:
    assert [error["field"] for error in assert_problem(api.get(path), 422)["errors"]] == [field]


def test_deletion_by_id_by_user_and_by_day(api: httpx.Client) -> None:
    one = save(api)["id"]
    save(api, number=1, user="boris")
    save(api, number=2, user="boris")
    assert api.delete(f"/corrections/{one}").status_code == 204
    assert_problem(api.get(f"/corrections/{one}"), 404)
    assert_problem(api.delete(f"/corrections/{one}"), 404)
    today, tomorrow = (str((datetime.now(UTC) + timedelta(days=days)).date()) for days in (0, 1))
    assert api.delete("/corrections", params={"before": today}).json() == {"deleted": 0}
    assert api.delete("/corrections", params={"user": "boris", "before": today}).json() == {"deleted": 0}
    assert api.delete("/corrections", params={"user": "carla"}).json() == {"deleted": 0}
    assert api.delete("/corrections", params={"user": "boris"}).json() == {"deleted": 2}
    save(api)
    assert api.delete("/corrections", params={"before": tomorrow}).json() == {"deleted": 1}
    assert assert_problem(api.delete("/corrections"), 422)["errors"][0]["field"] == "user"
    assert assert_problem(api.delete("/corrections?before=now"), 422)["errors"][0]["field"] == "before"


def test_the_latest_correction_of_a_sentence_is_exported(api: httpx.Client, tmp_path: Path) -> None:
    save(api, entities=entities("NO", "IS", support=["IS"]))
    save(api, number=1)
    save(api, user="boris", text=correction()["text"].upper(), predicted=[], entities=[])
    save(api)
    path = tmp_path / "corrections.jsonl"
    response = api.get("/corrections/export").raise_for_status()
    assert response.headers["content-type"] == "application/x-ndjson"
    path.write_bytes(response.content)
    found = {sentence.text: sentence for sentence in read_corpus([path])}
    assert set(found) == {correction()["text"], correction(1)["text"]}
    assert found[correction()["text"]].entities[0].stances == {"denial": ("IS",)}
    assert all(sentence.id.startswith("corr-") for sentence in found.values())


def test_agreed_means_that_the_last_words_of_two_users_are_the_same(api: httpx.Client) -> None:
    right, wrong = entities("NO", "IS", denial=["IS"]), entities("NO", "IS", warning=["IS"])
    for user, said in [("anna", right), ("boris", wrong)]:
        save(api, user=user, entities=said)
    save(api, user="anna", entities=wrong)
    save(api, number=1, user="anna")
    save(api, number=1, user="anna")
    records = [json.loads(line) for line in api.get("/corrections/export?agreed=true").text.splitlines()]
    assert [record["text"] for record in records] == [correction()["text"]]
    assert records[0]["entities"][0]["stances"] == {"warning": ["IS"]}
    save(api, user="boris", entities=right)
    assert api.get("/corrections/export?agreed=true").text == ""
    save(api, user="carla", entities=list(reversed(right)))
    assert json.loads(api.get("/corrections/export?agreed=true").text)["entities"][0]["code"] == "IS"


def test_without_a_database_there_are_no_such_routes() -> None:
    app = create_app(Settings(database_url="none"))
    paths = app.openapi()["paths"]
    assert "/classify" in paths
    assert not [path for path in paths if path.startswith(("/corrections", "/review"))]


def test_an_unreachable_database_costs_no_classification(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    away = f"sqlite:///{tmp_path}/file/stance.db"
    with serving(create_app(Settings(database_url=away, retention_days=1))) as client:
        wait_until(lambda: client.get("/readyz").status_code == 200)
        problem = assert_problem(client.post("/corrections", json=correction()), 503)
        assert problem["type"].endswith("storage-down")
        assert client.post("/classify", json={"text": "Norway warned Iceland."}).status_code == 200
        assert client.get("/readyz").status_code == 200


def test_a_database_that_comes_back_is_used_again(tmp_path: Path) -> None:
    with new_database("postgresql", tmp_path) as url:
        name = url.rpartition("/")[2]
        from service.storage.database import Database

        database = Database(url)
        database.upgrade()
        database.close()
        with serving(create_app(Settings(database_url=url))) as client:
            wait_until(lambda: client.get("/readyz").status_code == 200)
            assert client.post("/corrections", json=correction()).status_code == 201
            on_postgres(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            on_postgres(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
            problem = assert_problem(client.post("/corrections", json=correction(1)), 503)
            assert name not in problem["detail"]
            assert client.get("/readyz").status_code == 200
            assert client.post("/classify", json={"text": "Norway warned Iceland."}).status_code == 200
            on_postgres(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
            assert client.post("/corrections", json=correction(2)).status_code == 201
            assert len(client.get("/corrections").json()["items"]) == 2
