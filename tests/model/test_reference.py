"""Speed costs no accuracy: shared batches give the labels of the plainest path there is, one sentence at a time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from model.classifier import StanceClassifier
from model.config import NETWORK_FILE
from model.documents import Document
from model.runtime import build_feed, open_session

SEEDS = Path(__file__).resolve().parents[2] / "seeds"


def held_out_texts() -> list[str]:
    """Return the texts of the test split."""
    splits = (line.split("\t") for line in (SEEDS / "splits.tsv").read_text(encoding="utf-8").splitlines())
    held_out = {name for name, split, *_ in splits if split == "test"}
    lines = [line for path in sorted(SEEDS.glob("*.jsonl")) for line in path.read_text(encoding="utf-8").splitlines()]
    return [record["text"] for record in map(json.loads, lines) if record["id"] in held_out]


def reference(classifier: StanceClassifier, session: Any, text: str) -> list[dict[str, list[str]]]:
    """Decide the stances of a document's entities sentence by sentence, window by window, without any batching."""
    scorer = classifier._scorer
    decided = []
    for found in classifier._reader.read(Document(text)):
        sentence = found.encodable()
        rows = scorer.encoder.encode([sentence])
        logits = []
        for row in rows:
            labels, toward = session.run(None, build_feed([row]))
            logits.append((labels[0], toward[0]))
        (scores,) = scorer.probabilities([sentence], rows, logits)
        codes = [entity.code for entity in found.entities]
        decided += [
            {stance: [codes[target] for target in targets] for stance, targets in stances.items()}
            for stances in classifier.decide(scores)
        ]
    return decided


def test_the_labels_of_the_test_split_are_those_of_the_reference_path() -> None:
    classifier = StanceClassifier.from_pretrained()
    session = open_session((classifier.directory / NETWORK_FILE).read_bytes())
    texts = held_out_texts()
    assert len(texts) > 800
    answers = classifier.classify_documents([Document(text) for text in texts])
    expected = [reference(classifier, session, text) for text in texts]
    answered = [
        [
            {stance.stance: [target.code for target in stance.toward] for stance in entity.stances}
            for sentence in answer.sentences
            for entity in sentence.entities
        ]
        for answer in answers
    ]
    assert answered == expected
    assert np.mean([bool(stances) for entities in expected for stances in entities]) > 0.2
