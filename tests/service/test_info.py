"""``/info``."""

from __future__ import annotations

import httpx

from model.classifier import StanceClassifier


def test_info_names_model_labels_and_limits(client: httpx.Client) -> None:
    info = client.get("/info").raise_for_status().json()
    classifier = StanceClassifier.from_pretrained()
    assert info["model"] == {
        "name": classifier.info.name,
        "version": classifier.info.version,
        "sha256": classifier.info.sha256,
    }
    assert [label["name"] for label in info["labels"]] == ["support", "deterrence", "denial", "warning"]
    for label in info["labels"]:
        assert label["description"]
        assert label["threshold"] == classifier.config.thresholds[label["name"]]
        assert label["toward_threshold"] == classifier.config.toward_thresholds[label["name"]]
    assert info["limits"] == {
        "max_text_characters": 200_000,
        "max_documents": 256,
        "max_body_bytes": 4_194_304,
        "max_queue_tokens": 200_000,
        "deadline_seconds": 120,
    }
    assert info["version"]


def test_every_answer_has_an_id_of_its_own(client: httpx.Client) -> None:
    first, second = client.get("/livez"), client.get("/readyz")
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
