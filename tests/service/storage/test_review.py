"""The review queue, over HTTP, on both databases; and how it ranks."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from service_helpers import assert_problem, serving, wait_until
from storage_helpers import MODEL, answered, correction, entities, new_database

from model.scheme import STANCES
from service.app import create_app
from service.settings import Settings
from service.storage import examples
from service.storage.database import Database
from service.storage.ranking import Judged, priority, sketch, uncertainty
from service.storage.records import annotated
from service.storage.review import count_open, next_items
from service.storage.schemas import AddedOut, AgreementOut, ReviewOut

OTHER_TEXTS = [
    "Norway will not repay Iceland for herring that spoiled at sea.",
    "Norway cheered when Iceland opened its first opera house.",
    "Norway found no trace of Iceland's missing weather balloon.",
]


def offer(api: httpx.Client, *sentences: dict[str, Any]) -> dict[str, Any]:
    response = api.post("/review", json={"model": MODEL, "sentences": list(sentences)})
    assert response.status_code == 200, response.text
    AddedOut.model_validate_json(response.content)
    answer: dict[str, Any] = response.json()
    return answer


def asked(api: httpx.Client, user: str, limit: int = 20) -> list[dict[str, Any]]:
    response = api.get("/review", params={"user": user, "limit": limit}).raise_for_status()
    ReviewOut.model_validate_json(response.content)
    items: list[dict[str, Any]] = response.json()["items"]
    return items


def judge(api: httpx.Client, item: dict[str, Any], user: str, said: list[dict[str, Any]]) -> httpx.Response:
    return api.post(f"/review/{item['id']}/opinions", json={"user": user, "entities": said})


def open_to(api: httpx.Client, user: str) -> int:
    count: int = api.get("/review", params={"user": user}).json()["open"]
    return count


def on(text: str, score: float) -> dict[str, Any]:
    sentence = answered(score)
    for entity in sentence["entities"]:
        for mention in entity["mentions"]:
            mention["start"] = text.index(mention["text"])
            mention["end"] = mention["start"] + len(mention["text"])
    return sentence | {"text": text}


def test_the_least_certain_come_first_and_each_sentence_once(api: httpx.Client) -> None:
    sentences = [on(text, score) for text, score in zip(OTHER_TEXTS, (0.9, 0.45, 0.02), strict=True)]
    assert offer(api, *sentences) == {"added": 3, "known": 0, "errors": []}
    shouted = on(OTHER_TEXTS[0], 0.5) | {"text": OTHER_TEXTS[0].replace(".", "!!")}
    assert offer(api, shouted, sentences[1], on(OTHER_TEXTS[1], 0.5)) == {"added": 0, "known": 3, "errors": []}
    items = asked(api, "anna")
    assert [item["text"] for item in items] == [OTHER_TEXTS[1], OTHER_TEXTS[0], OTHER_TEXTS[2]]
    assert items[0]["entities"] == sentences[1]["entities"]
    assert items[0]["predicted"] == [
        {"code": "NO", "mentions": ["Norway"], "stances": {}},
        {"code": "IS", "mentions": ["Iceland"], "stances": {}},
    ]
    assert items[0]["document"] == {"id": "d", "date": None}
    assert [item["uncertainty"] for item in items] == [0.9928, 0.469, 0.1414]
    assert len(asked(api, "anna", limit=2)) == 2


def test_what_is_like_a_judged_sentence_comes_later(api: httpx.Client) -> None:
    offer(api, answered(0.5, 1), on(OTHER_TEXTS[0], 0.4))
    assert [item["novelty"] for item in asked(api, "anna")] == [1, 1]
    assert asked(api, "anna")[0]["text"] == correction(1)["text"]
    api.post("/corrections", json=correction(7)).raise_for_status()
    later = asked(api, "anna")
    assert [item["text"] for item in later] == [OTHER_TEXTS[0], correction(1)["text"]]
    assert later[0]["novelty"] > 0.6
    assert later[1]["novelty"] < 0.3


def test_a_faulty_sentence_costs_the_others_nothing(api: httpx.Client) -> None:
    good, no_entities = answered(0.5), answered(0.5, 1) | {"entities": []}
    elsewhere, too_sure = answered(0.5, 2) | {"text": "Nobody is here."}, answered(1.5, 3)
    result = offer(api, no_entities, good, elsewhere, too_sure)
    assert (result["added"], result["known"]) == (1, 0)
    assert [error["field"] for error in result["errors"]][:2] == [
        "sentences[0].entities",
        "sentences[2].entities[0].mentions[0]",
    ]
    assert "sentences[3].entities[0].scores.denial" in [error["field"] for error in result["errors"]]
    problem = assert_problem(api.post("/review", json={"model": MODEL, "sentences": [no_entities]}), 422)
    assert problem["errors"][0]["field"] == "sentences[0].entities"
    assert_problem(api.post("/review", json={"model": MODEL, "sentences": []}), 422)


def test_taking_no_stance_is_no_label_of_any_model(api: httpx.Client) -> None:
    sentence = answered(0.9)
    sentence["entities"][0]["stances"] = [{"stance": "none", "score": 0.9, "toward": []}]
    problem = assert_problem(api.post("/review", json={"model": MODEL, "sentences": [sentence]}), 422)
    assert problem["errors"][0]["field"].startswith("sentences[0].entities[0].stances")


def test_an_opinion_is_a_correction_and_a_second_one_ends_it(api: httpx.Client) -> None:
    offer(api, answered(0.5))
    (item,) = asked(api, "anna")
    stored = judge(api, item, "anna", entities("NO", "IS", denial=["IS"]))
    assert stored.status_code == 201
    assert stored.json()["review"] == item["id"]
    assert api.get(f"/corrections/{stored.json()['id']}").json() == stored.json()
    assert stored.json()["predicted"] == item["predicted"]
    assert_problem(judge(api, item, "anna", []), 409)
    assert asked(api, "anna") == []
    assert (open_to(api, "anna"), open_to(api, "boris")) == (0, 1)
    (again,) = asked(api, "boris")
    assert again["opinions"] == 1
    assert judge(api, again, "boris", entities("NO", "IS")).status_code == 201
    assert asked(api, "carla") == []
    assert len(api.get("/corrections/export").text.splitlines()) == 1
    api.delete("/corrections?user=anna").raise_for_status()
    assert [item["opinions"] for item in asked(api, "carla")] == [1]


def test_opinions_keep_to_the_guidelines(api: httpx.Client) -> None:
    offer(api, answered(0.5))
    (item,) = asked(api, "anna")
    problem = assert_problem(judge(api, item, "anna", entities("NO", "CL")), 422)
    assert problem["errors"][0]["field"] == "entities[1].mentions[0]"
    missing = item | {"id": 10**15}
    assert_problem(judge(api, missing, "anna", []), 404)
    assert_problem(api.post(f"/review/{10**15}/skip", json={"user": "anna"}), 404)
    assert_problem(api.post(f"/review/{item['id']}/skip", json={}), 422)
    assert_problem(api.get("/review"), 422)
    assert_problem(api.get("/review?user=anna&limit=1000"), 422)


def test_skipping_leaves_a_sentence_to_others(api: httpx.Client) -> None:
    offer(api, answered(0.5))
    (item,) = asked(api, "anna")
    for _ in range(2):
        assert api.post(f"/review/{item['id']}/skip", json={"user": "anna"}).status_code == 204
    assert asked(api, "anna") == []
    assert len(asked(api, "boris")) == 1
    assert api.delete(f"/review/{item['id']}").status_code == 204
    assert_problem(api.delete(f"/review/{item['id']}"), 404)
    assert asked(api, "boris") == []


def test_second_opinions_come_in_for_their_share(api: httpx.Client, server: tuple[httpx.Client, Database]) -> None:
    offer(api, *(answered(0.5, number) for number in range(30)))
    for item in asked(api, "anna", limit=12):
        said = [{**entity, "stances": {}} for entity in item["predicted"]]
        judge(api, item, "anna", said).raise_for_status()
    _, database = server
    with database.read() as connection:
        opinions = {
            share: [item["opinions"] for item in next_items(connection, "boris", 10, share)] for share in (0, 0.2, 1)
        }
        assert count_open(connection, "boris") == 30
        assert count_open(connection, "anna") == 18
        everything = next_items(connection, "boris", 100, 0.2)
    assert opinions == {0: [0] * 10, 0.2: [0, 0, 0, 0, 1] * 2, 1: [1] * 10}
    assert len({item["id"] for item in everything}) == 30


def test_agreement_is_krippendorffs_alpha(api: httpx.Client) -> None:
    empty = AgreementOut.model_validate_json(api.get("/review/agreement").raise_for_status().content)
    assert (empty.sentences, empty.annotators) == (0, 0)
    assert empty.alpha == dict.fromkeys(["entities", *STANCES.names, "direction"])
    offer(api, *(answered(0.5, number) for number in range(4)))
    for number, item in enumerate(sorted(asked(api, "anna"), key=lambda item: item["id"])):
        plain = [{**entity, "stances": {}} for entity in item["predicted"]]
        holder, other = (entity["code"] for entity in plain)
        denies = [{**plain[0], "stances": {"denial": [other]}}, plain[1]]
        judge(api, item, "anna", denies if number < 2 else plain).raise_for_status()
        judge(api, item, "boris", denies if number < 1 else plain).raise_for_status()
        assert holder != other
    found = api.get("/review/agreement").raise_for_status().json()
    assert (found["sentences"], found["annotators"]) == (4, 2)
    assert found["alpha"]["entities"] == 1
    assert found["alpha"]["support"] is None
    # 8 units, 16 values of which 3 are true, one unit differs: 1 - 15 * 2 / (2 * 3 * 13).
    assert found["alpha"]["denial"] == pytest.approx(1 - 15 * 2 / 78)


def test_the_examples_can_be_sent(api: httpx.Client) -> None:
    assert api.post("/review", json=examples.REVIEW_REQUEST).json() == examples.ADDED
    (item,) = asked(api, "boris")
    expected = examples.REVIEW["items"][0]
    assert item.keys() == expected.keys()
    assert item["uncertainty"] == pytest.approx(expected["uncertainty"], abs=0.2)
    assert api.post(f"/review/{item['id']}/opinions", json=examples.OPINION_REQUEST).status_code == 201
    assert api.post(f"/review/{item['id']}/skip", json=examples.SKIP_REQUEST).status_code == 204
    AgreementOut.model_validate(examples.AGREEMENT)


def test_texts_are_stored_only_if_that_is_switched_on(backend: str, tmp_path: Any) -> None:
    text = "Norway warned Iceland of a storm. Nobody else was named."
    for switched_on, expected in [(False, []), (True, ["Norway warned Iceland of a storm."])]:
        folder = tmp_path / str(switched_on)
        folder.mkdir()
        with new_database(backend, folder) as url:
            database = Database(url)
            database.upgrade()
            app = create_app(Settings(database_url=url, store_texts=switched_on))
            with serving(app) as client:
                wait_until(lambda client=client: client.get("/readyz").status_code == 200)
                answer = client.post("/classify", json={"text": text, "id": "storm"}).raise_for_status().json()
                app.state.storage.store_answer(answer)
                items = asked(client, "anna")
                assert [item["text"] for item in items] == expected
                assert all(item["document"] == {"id": "storm", "date": None} for item in items)
            database.close()


def test_an_answer_that_cannot_be_stored_costs_nothing(tmp_path: Any, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    app = create_app(Settings(database_url=f"sqlite:///{tmp_path}/file/stance.db", store_texts=True))
    sentence = answered(0.5) | {"start": 0, "end": 1}
    app.state.storage.store_answer({"model": MODEL, "documents": [{"id": None, "sentences": [sentence]}]})
    assert "1 sentences could not be offered" in caplog.text
    assert "ferry" not in caplog.text


@given(st.floats(0, 1), st.floats(0.01, 0.99))
def test_uncertainty_is_greatest_at_the_threshold(score: float, threshold: float) -> None:
    value = uncertainty([{"scores": {"denial": score}}], {"denial": threshold})
    assert 0 <= value <= 1
    assert value <= uncertainty([{"scores": {"denial": threshold}}], {"denial": threshold}) == 1
    assert uncertainty([{"scores": {"denial": 0.0}}, {"scores": {"denial": score}}], {"denial": threshold}) == value


def test_novelty_does_not_look_at_countries() -> None:
    def of(number: int) -> bytes:
        body = correction(number)
        return sketch(annotated(body["text"], body["entities"]))

    other = sketch(annotated("Chile and Peru will open a bridge.", entities("CL", "PE")))
    alike, unlike = Judged([of(4)]).novelties([of(3), other])
    assert alike < 0.3
    assert unlike > 0.7
    assert Judged([of(3), other]).novelties([of(3)]) == [0]
    assert Judged([]).novelties([of(3)]) == [1]
    assert priority(1, 1) == 1
    assert priority(1, 0) == 0.5
