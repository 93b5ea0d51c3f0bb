"""Speed costs no accuracy: shared batches give the labels of the plainest path there is, one sentence at a time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from model.batching import BATCH_TOKENS
from model.classifier import StanceClassifier
from model.config import NETWORK_FILE
from model.documents import Document
from model.encoding import Row
from model.runtime import build_feed, open_session

SEEDS = Path(__file__).resolve().parents[2] / "seeds"


def seed_records() -> list[dict[str, Any]]:
    lines = [line for path in sorted(SEEDS.glob("*.jsonl")) for line in path.read_text(encoding="utf-8").splitlines()]
    return [json.loads(line) for line in lines]


def held_out_texts() -> list[str]:
    """Return the texts of the test split."""
    splits = (line.split("\t") for line in (SEEDS / "splits.tsv").read_text(encoding="utf-8").splitlines())
    held_out = {name for name, split, *_ in splits if split == "test"}
    return [record["text"] for record in seed_records() if record["id"] in held_out]


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
    assert np.mean([bool(stances) for entities in expected for stances in entities]) > 0.15


def test_the_bits_of_a_score_do_not_depend_on_the_company() -> None:
    # The int8 products show the smallest difference before them, but in few sentences: it takes many to see one.
    texts = sorted({record["text"] for record in seed_records()})[4::6]
    with_one_thread = StanceClassifier.from_pretrained(threads=1)
    encode = with_one_thread._scorer.encoder.encode
    found = [found for text in texts for found in with_one_thread._reader.read(Document(text)) if found.entities]
    by_length: dict[int, list[Row]] = {}
    for row in encode([one.encodable() for one in found]):
        by_length.setdefault(len(row.ids), []).append(row)
    session = open_session((with_one_thread.directory / NETWORK_FILE).read_bytes())
    different = []
    for length, rows in by_length.items():
        company = max(2, BATCH_TOKENS // length)
        for start in range(0, len(rows), company):
            together = rows[start : start + company]
            batch = session.run(None, build_feed(together))
            for place, row in enumerate(together):
                alone = session.run(None, build_feed([row]))
                count = len(row.entities)
                same = np.array_equal(batch[0][place, :count], alone[0][0, :count]) and np.array_equal(
                    batch[1][place, :count, :count], alone[1][0, :count, :count]
                )
                if not same:
                    different.append(row)
    assert sum(map(len, by_length.values())) > 1200
    assert not different
