"""The worked example of the README, which no model was trained on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from model.classifier import StanceClassifier
from model.results import DocumentResult

SEEDS = Path(__file__).resolve().parents[2] / "seeds"


@pytest.fixture(scope="module")
def result() -> DocumentResult:
    return StanceClassifier.from_pretrained().classify((SEEDS / "kyiv-visit.txt").read_text(encoding="utf-8"))


def test_every_sentence_and_every_mention_is_found(result: DocumentResult) -> None:
    records = [json.loads(line) for line in (SEEDS / "kyiv-visit.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [sentence.text for sentence in result.sentences] == [record["text"] for record in records]
    for sentence, record in zip(result.sentences, records, strict=True):
        found = {e.entity.code: {mention.text for mention in e.entity.mentions} for e in sentence.entities}
        assert found == {entity["code"]: set(entity["mentions"]) for entity in record["entities"]}


def test_the_stances_that_the_article_is_about(result: DocumentResult) -> None:
    taken = {row.code: set(row.stances) for row in result.summary}
    assert taken["RU"] == {"denial"}
    assert taken["US"] == {"support", "deterrence", "denial", "warning"}
    aimed = {(relation.source, relation.stance, relation.target) for relation in result.relations}
    assert {("US", "support", "UA"), ("US", "deterrence", "RU"), ("US", "warning", "RU")} <= aimed
