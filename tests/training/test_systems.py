"""Other systems in a report: baselines that learn, labels from files, significance, and groups of mistakes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from model.annotation import AnnotatedEntity, AnnotatedSentence
from model.documents import Span
from model.errors import CorpusError
from model.scheme import STANCES, LabelScheme
from training.corpus import read_corpus
from training.evaluation.bootstrap import Bootstrap
from training.evaluation.clusters import error_clusters
from training.evaluation.external import PredictionFile, read_predictions
from training.evaluation.learning_curve import read_learning_curve
from training.evaluation.marking import enclose, mark, nearest
from training.evaluation.records import (
    Judged,
    Labels,
    LocatedEntity,
    LocatedSentence,
    Prediction,
    gold_labels,
    judge,
    locate_annotated,
)
from training.evaluation.significance import compare_systems, holm
from training.evaluation.systems import ExtraBaseline, make_baselines
from training.evaluation.text_baselines import LinearWords, Majority, SetFit, TextBaseline

SINGLE = LabelScheme("single", STANCES.labels, multi_label=False)
PAIR = AnnotatedSentence(
    "rows.tsv:3",
    "Norway warned Iceland.",
    (AnnotatedEntity("NO", ("Norway",), {"warning": ("IS",)}), AnnotatedEntity("IS", ("Iceland",), {})),
)
OTHER = AnnotatedSentence(
    "rows.tsv:4",
    "Chile met Peru.",
    (AnnotatedEntity("source", ("Peru",), {}), AnnotatedEntity("target", ("Chile",), {})),
)
WARNS: Labels = {"NO": {"warning": frozenset({"IS"})}, "IS": {}}


def right(baseline: TextBaseline, sentences: Sequence[AnnotatedSentence]) -> float:
    """Return the share of entities that get exactly their labels."""
    predictions = baseline.predict([locate_annotated(sentence) for sentence in sentences])
    pairs = [
        set(prediction.labels[code]) == set(gold)
        for sentence, prediction in zip(sentences, predictions, strict=True)
        for code, gold in gold_labels(sentence).items()
    ]
    return sum(pairs) / len(pairs)


def test_an_entity_is_marked_in_two_ways() -> None:
    sentence = LocatedSentence(
        "x",
        "Norway and Iceland: Norway left.",
        (LocatedEntity("NO", (Span(0, 6), Span(20, 26))), LocatedEntity("IS", (Span(11, 18),))),
    )
    assert mark(sentence, sentence.entities[1]) == "entityother and entityself: entityother left."
    assert enclose(sentence, sentence.entities[0]) == "<s>Norway</s> and <t>Iceland</t>: <s>Norway</s> left."
    assert nearest(sentence, sentence.entities[1]) == {"NO"}


@pytest.mark.parametrize("scheme", [STANCES, SINGLE], ids=["multi", "single"])
def test_linear_words_learn_both_kinds_of_scheme(tiny_corpus: Path, scheme: LabelScheme) -> None:
    sentences = read_corpus([tiny_corpus])
    assert right(LinearWords(scheme, sentences[:200]), sentences[200:]) == 1
    assert right(Majority(scheme, sentences), sentences) == 300 / 480  # none is the most frequent


@pytest.mark.parametrize("scheme", [STANCES, SINGLE], ids=["multi", "single"])
def test_setfit_learns_from_its_pairs(tiny_corpus: Path, tiny_bert: Path, scheme: LabelScheme) -> None:
    """An encoder with random weights hardly tells source from target, but what the sentence is about it learns."""
    sentences = read_corpus([tiny_corpus])[:24]
    setfit = SetFit(scheme, sentences, base=str(tiny_bert))
    predictions = setfit.predict([locate_annotated(sentence) for sentence in sentences])
    for sentence, prediction in zip(sentences, predictions, strict=True):
        said = {label for taken in prediction.labels.values() for label in taken}
        assert said == {label for taken in gold_labels(sentence).values() for label in taken}
        assert set(prediction.labels) == {entity.code for entity in sentence.entities}
    assert setfit.predict([]) == []


def test_a_baseline_needs_something_to_learn_from(tiny_corpus: Path, tmp_path: Path) -> None:
    sentences = read_corpus([tiny_corpus])
    with pytest.raises(ValueError, match="same labels"):
        LinearWords(SINGLE, [OTHER])
    with pytest.raises(ValueError, match="no annotated entity"):
        LinearWords(SINGLE, [AnnotatedSentence("x", "It rained.", ())])
    with pytest.raises(ValueError, match="give --train-data"):
        make_baselines(STANCES, sentences, [tiny_corpus], [ExtraBaseline.MAJORITY])
    baselines, about = make_baselines(SINGLE, sentences[:40], [tiny_corpus])
    assert list(baselines) == ["always none", "cue words", "majority", "TF-IDF + logistic regression"]
    assert about is not None
    assert (about.sentences, about.left_out) == (200, 40)


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.6, 0.5]) == [1.0, 1.0]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_lies_between_the_test_and_bonferroni(values: list[float]) -> None:
    corrected = holm(values)
    assert all(
        value <= better <= min(1.0, len(values) * value) + 1e-12
        for value, better in zip(values, corrected, strict=True)
    )
    order = np.argsort(values, kind="stable")
    assert np.all(np.diff(np.array(corrected)[order]) >= 0)


def test_systems_are_compared_with_the_model() -> None:
    gold = [WARNS] * 40
    silent = Prediction({"NO": {}, "IS": {}})
    good, bad = Prediction(WARNS), [Prediction(WARNS)] * 30 + [silent] * 10
    model = judge(gold, [good] * 38 + [silent] * 2)
    found = compare_systems(
        model, {"same": model, "bad": judge(gold, bad), "none": judge(gold, [silent] * 40)}, STANCES, Bootstrap(40, 500)
    )
    same, worse, none = found
    assert (same.differences[0].difference, same.decisions.p_holm, same.sentences.p_holm) == (0, 1, 1)
    counts = worse.sentences.counts
    assert (counts.both, counts.old_alone, counts.new_alone, counts.neither) == (30, 8, 0, 2)
    assert worse.sentences.p == binomtest(0, 8).pvalue
    assert worse.sentences.p_holm == 2 * worse.sentences.p
    assert none.sentences.p_holm == 3 * none.sentences.p
    assert worse.differences[0].high is not None
    assert worse.differences[0].high < 0
    assert worse.differences[0].p is not None
    assert worse.macro_p_holm is not None
    assert worse.macro_p_holm >= worse.differences[0].p


def read(path: Path, text: str, scheme: LabelScheme = STANCES, column: str | None = None) -> list[Labels]:
    path.write_text(text, encoding="utf-8")
    return [one.labels for one in read_predictions(PredictionFile(path, column), [PAIR, OTHER], scheme)]


def test_labels_are_read_from_tables_and_lines(tmp_path: Path) -> None:
    wanted = [WARNS, {"source": {}, "target": {}}]
    assert read(tmp_path / "a.csv", "id,label\nrows.tsv:3,warning\nrows.tsv:4,none\n") == wanted
    assert read(tmp_path / "a.csv", "id,label\n3,warning\n4,\n") == wanted
    assert read(tmp_path / "a.csv", 'label\nwarning\n""\n') == wanted
    # The rows of the data themselves: lines count from the head.
    text = 'a "bare mark\tgold\tmine\n\tnone\tsupport\n\tdenial\twarning\n"x\tdenial\t\n'
    assert read(tmp_path / "rows.tsv", text, column="mine") == wanted
    lines = [{"id": "rows.tsv:3", "label": ["warning"]}, {"id": "rows.tsv:4", "label": []}, {"id": "x", "label": "?"}]
    assert read(tmp_path / "a.jsonl", "\n".join(map(json.dumps, lines))) == wanted
    records = [
        {
            "id": "rows.tsv:3",
            "entities": [{"code": "NO", "stances": {"warning": ["IS"]}}, {"code": "SE", "stances": {}}],
        },
        {"id": "rows.tsv:4", "entities": []},
    ]
    assert read(tmp_path / "a.jsonl", "\n".join(map(json.dumps, records))) == [WARNS | {"SE": {}}, wanted[1]]
    text = "id,code,label,toward\n3,IS,warning|denial,NO\n3,NO,support,\n4,source,none,\n"
    taken = {"warning": frozenset({"NO"}), "denial": frozenset({"NO"})}
    assert read(tmp_path / "b.csv", text) == [{"NO": {"support": frozenset({"IS"})}, "IS": taken}, wanted[1]]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "id,label\nrows.tsv:3,warning\n", r"a\.csv: no line for 'rows\.tsv:4'"),
        ("a.csv", "id,label\n3,warning\n4,hate\n", r"a\.csv:3: unknown label 'hate'"),
        ("a.csv", "id,label\n3,warning,x\n4,\n", r"a\.csv:2: 3 columns"),
        ("a.csv", "id,verdict\n3,warning\n4,\n", r"which column holds the labels\? .*'verdict'"),
        ("a.csv", "label\nwarning\n", "no column 'id', and 1 rows for 2 sentences"),
        ("a.csv", "id,label\n3,warning\n3,denial\n4,\n", r"a\.csv:3: a second label"),
        ("a.jsonl", '{"id": "rows.tsv:3"\n', r"a\.jsonl:1: not JSON"),
        ("a.jsonl", '{"id": "rows.tsv:3", "entities": 1}\n', r"a\.jsonl:1: entities: not a list"),
        ("a.txt", "x\n", "labels are read from"),
    ],
)
def test_faults_of_labels_name_the_line(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(CorpusError, match=message):
        read(tmp_path / name, text, SINGLE)
    with pytest.raises(CorpusError, match="no column 'mine'"):
        read(tmp_path / "b.csv", "id,label\n3,\n4,\n", column="mine")


def test_a_colon_names_a_column_unless_there_is_such_a_file(tmp_path: Path) -> None:
    assert PredictionFile.parse("a.csv:mine") == PredictionFile(Path("a.csv"), "mine")
    assert PredictionFile.parse("a.csv") == PredictionFile(Path("a.csv"))
    (tmp_path / "a:b.csv").write_text("")
    assert PredictionFile.parse(str(tmp_path / "a:b.csv")).column is None


def mistakes() -> tuple[list[LocatedSentence], list[Judged]]:
    sentences, judged = [], []
    for number in range(12):
        tail = "over grain exports this autumn" if number % 2 else "because their tanks crossed another border"
        text = f"Norway lectured Iceland {tail} {'again' * (number % 3 == 0)}"
        entities = (LocatedEntity("NO", (Span(0, 6),)), LocatedEntity("IS", (Span(16, 23),)))
        sentences.append(LocatedSentence(f"m-{number}", text, entities))
        judged.append(Judged(WARNS, Prediction({"NO": {"denial": frozenset()}, "IS": {}})))
    return sentences, judged


def test_mistakes_are_grouped_by_labels_and_words() -> None:
    sentences, judged = mistakes()
    clusters = error_clusters(sentences, judged, texts=True)
    assert [(one.annotated, one.predicted, one.size) for one in clusters] == [("warning", "denial", 6)] * 2
    words = [set(one.words) for one in clusters]
    assert any({"grain", "exports", "autumn"} <= found for found in words)
    assert any({"tanks", "crossed", "border"} <= found for found in words)
    assert not any({"norway", "iceland", "entityself"} & found for found in words)
    for cluster in clusters:
        assert len({int(name[2:]) % 2 for name in cluster.ids}) == 1
        assert cluster.examples is not None
        assert len(cluster.examples) == 3
    hidden = error_clusters(sentences, judged, texts=False)
    assert all(one.examples is None and one.words for one in hidden)


def test_without_mistakes_there_are_no_groups() -> None:
    sentences, judged = mistakes()
    assert error_clusters(sentences, [Judged(WARNS, Prediction(WARNS)) for _ in judged], texts=True) == []
    assert error_clusters(sentences[:1], judged[:1], texts=True) == []


def test_learning_curves_are_means_of_runs(tmp_path: Path) -> None:
    path = tmp_path / "curve.json"
    runs = [{"sentences": 100, "seed": seed, "macro F1": value} for seed, value in ((1, 0.5), (2, 0.7))]
    path.write_text(json.dumps([*runs, {"sentences": 200, "seed": 1, "macro F1": 0.8}]), encoding="utf-8")
    first, second = read_learning_curve(path)
    assert (first.metric, first.sentences, first.seeds, first.value.value) == ("macro F1", 100, 2, pytest.approx(0.6))
    assert first.value.high == pytest.approx(0.6 + 12.7062 * 0.1, abs=1e-3)  # t of one degree of freedom
    assert (second.value.value, second.value.low) == (0.8, None)
    points = [{"sentences": 10, "seed": 1, "share": 0.5, "figures": {"a": 0.1, "b": 0.2}}]
    path.write_text(json.dumps({"metric": "b", "points": points}), encoding="utf-8")
    assert [(point.metric, point.value.value) for point in read_learning_curve(path)] == [("b", 0.2)]
    path.write_text('[{"sentences": "many", "f1": 1}]', encoding="utf-8")
    with pytest.raises(CorpusError, match="run 1: 'sentences'"):
        read_learning_curve(path)
