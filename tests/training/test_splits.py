"""Splits that stay."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import pytest

from model.annotation import AnnotatedEntity, AnnotatedSentence
from model.errors import CorpusError
from training.corpus import SPLITS_FILE, read_corpus
from training.splits import (
    SPLITS,
    assign_splits,
    corpus_splits,
    load_splits,
    near_duplicate_groups,
    read_split,
)

SEEDS = Path(__file__).resolve().parents[2] / "seeds"
WORDS = (SEEDS / "annotation-guidelines.md").read_text(encoding="utf-8").split()


def sentence(key: str, text: str, stance: str | None = None) -> AnnotatedSentence:
    stances: dict[str, tuple[str, ...]] = {stance: ()} if stance else {}
    return AnnotatedSentence(key, f"Norway {text}", (AnnotatedEntity("NO", ("Norway",), stances),))


def corpus(count: int, seed: int = 0) -> list[tuple[str, AnnotatedSentence]]:
    rng = random.Random(seed)
    stances = [None, "support", "denial"]
    return [
        (f"file-{index % 2}", sentence(f"{seed}-{index}", " ".join(rng.choices(WORDS, k=12)), stances[index % 3]))
        for index in range(count)
    ]


def test_shares_hold_in_every_stratum() -> None:
    sentences = corpus(600)
    splits = assign_splits(sentences, {})
    for file in ("file-0", "file-1"):
        for stance in (None, "support", "denial"):
            members = [
                s for name, s in sentences if name == file and list(s.entities[0].stances) == [stance] * bool(stance)
            ]
            counts = Counter(splits[s.id] for s in members)
            assert {name: round(counts[name] / len(members), 2) for name in SPLITS} == SPLITS


def test_added_sentences_move_no_other() -> None:
    old = corpus(200)
    before = assign_splits(old, {})
    mixed = corpus(100, seed=1) + old
    random.Random(2).shuffle(mixed)
    after = assign_splits(mixed, before)
    assert {key: after[key] for key in before} == before
    assert set(after.values()) == set(SPLITS)


def test_near_duplicates_go_together_whatever_the_country() -> None:
    first = sentence("a", "said on Monday that it would send forty trucks of grain and tents to the flooded valley")
    second = AnnotatedSentence("b", first.text.replace("Norway", "Chile"), (AnnotatedEntity("CL", ("Chile",), {}),))
    third = sentence("c", "won the match against the visitors by three goals after an hour of rain")
    assert near_duplicate_groups([first, third, second]) == [[0, 2], [1]]
    assert assign_splits([("f", first), ("f", third), ("f", second)], {"a": "test"})["b"] == "test"


def test_a_sentence_near_to_two_splits_is_refused() -> None:
    words = [f"word{index}" for index in range(24)]
    first, last = sentence("a", " ".join(words[:16])), sentence("b", " ".join(words[8:]))
    bridge = sentence("c", " ".join(words[3:21]))
    kept = {"a": "train", "b": "test"}
    with pytest.raises(CorpusError, match=r"different splits \(test, train\): a, b, c"):
        assign_splits([("f", first), ("f", last), ("f", bridge)], kept)


def test_a_malformed_line_is_told(tmp_path: Path) -> None:
    path = tmp_path / SPLITS_FILE
    path.write_text("a\ttrain\nb\tvalidation\n")
    with pytest.raises(CorpusError, match=r"splits\.tsv:2: expected"):
        load_splits(path)


def test_the_seeds_keep_a_split_for_every_sentence() -> None:
    kept = load_splits(SEEDS / SPLITS_FILE)
    assert list(kept) == [s.id for s in read_corpus([SEEDS])]
    assert corpus_splits([SEEDS]) == kept


def test_no_near_duplicates_stand_in_different_splits_of_the_seeds() -> None:
    sentences = read_corpus([SEEDS])
    kept = load_splits(SEEDS / SPLITS_FILE)
    for group in near_duplicate_groups(sentences):
        assert len({kept[sentences[index].id] for index in group}) == 1


def test_the_worked_example_is_never_trained_on() -> None:
    example = [json.loads(line) for line in (SEEDS / "kyiv-visit.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {s.id for s in read_split([SEEDS], "test")} >= {record["id"] for record in example}
    assert [record["text"] for record in example] == (SEEDS / "kyiv-visit.txt").read_text("utf-8").splitlines()
