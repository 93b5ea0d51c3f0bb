"""Metrics, intervals, calibration, slices and baselines against values computed by hand and by scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_recall_fscore_support

from model.annotation import AnnotatedEntity, AnnotatedSentence
from model.documents import Span
from model.scheme import STANCES, Label, LabelScheme
from training.evaluation.baselines import AlwaysNone, CueWords
from training.evaluation.bootstrap import Bootstrap, Estimate
from training.evaluation.marking import mark
from training.evaluation.metrics import (
    confusion_matrix,
    f1_of,
    macro_f1_of,
    measure,
    precision_of,
    recall_of,
    share_of,
    stance_counts,
    triple_counts,
    triple_counts_given_stance,
)
from training.evaluation.mistakes import cross_entropy, wrong_entities, wrong_stances
from training.evaluation.records import (
    Judged,
    Labels,
    LocatedEntity,
    LocatedSentence,
    Prediction,
    gold_labels,
    locate_annotated,
)
from training.evaluation.reliability import reliabilities, reliability
from training.evaluation.slices import is_headline, make_slices, measure_slice
from training.evaluation.text_baselines import LinearWords

LABELS = STANCES.names


def labels(**entities: dict[str, str]) -> dict[str, dict[str, frozenset[str]]]:
    """Write labels briefly: ``labels(US={"support": "UA PL"}, UA={})``."""
    return {
        code: {label: frozenset(targets.split()) for label, targets in stances.items()}
        for code, stances in entities.items()
    }


def judged(gold: Labels, predicted: Labels) -> Judged:
    return Judged(gold, Prediction(predicted))


PAIRS = [
    # Right stance, one of two targets; a spurious stance.
    judged(labels(US={"support": "UA PL"}, UA={}, PL={}), labels(US={"support": "UA"}, UA={"warning": ""}, PL={})),
    # An entity that was not found takes its stance with it; another is made up.
    judged(labels(RU={"denial": "US"}, US={}), labels(US={}, CN={"denial": "US"})),
    # One stance taken for another.
    judged(labels(FR={"deterrence": "RU"}, RU={}), labels(FR={"warning": "RU"}, RU={})),
    judged(labels(JP={"warning": ""}), labels(JP={"warning": ""})),
    judged(labels(), labels()),
]


def test_stance_counts_by_hand() -> None:
    totals = stance_counts(PAIRS, LABELS).sum(axis=0)
    assert dict(zip(LABELS, totals.tolist(), strict=True)) == {
        "support": [1, 0, 0],
        "deterrence": [0, 0, 1],
        "denial": [0, 1, 1],
        "warning": [1, 2, 0],
    }


def test_measure_by_hand() -> None:
    metrics = measure(PAIRS, LABELS, Bootstrap(len(PAIRS)), directed=True, entities_given=False)
    assert (metrics.sentences, metrics.entities) == (5, 8)
    assert metrics.labels["warning"].f1.value == pytest.approx(2 * 1 / (2 * 1 + 2))
    assert metrics.labels["deterrence"].precision == Estimate(None)
    assert metrics.labels["deterrence"].f1.value == 0
    assert metrics.macro_f1.value == pytest.approx((1 + 0 + 0 + 0.5) / 4)
    assert metrics.micro.f1.value == pytest.approx(2 * 2 / (2 * 2 + 3 + 2))
    assert metrics.direction is not None
    assert (metrics.direction.gold, metrics.direction.predicted) == (4, 3)
    assert metrics.direction.recall.value == pytest.approx(1 / 4)
    assert metrics.direction_given_stance is not None
    assert (metrics.direction_given_stance.gold, metrics.direction_given_stance.predicted) == (2, 1)
    assert metrics.exact_sentences.share.value == pytest.approx(2 / 5)
    assert metrics.exact_entities.share.value == pytest.approx(5 / 8)
    assert metrics.found_entities is not None
    assert (metrics.found_entities.gold, metrics.found_entities.predicted) == (8, 8)
    assert metrics.found_entities.f1.value == pytest.approx(7 / 8)


def test_undirected_schemes_have_no_direction() -> None:
    metrics = measure(PAIRS, LABELS, Bootstrap(len(PAIRS)), directed=False, entities_given=True)
    assert metrics.direction is metrics.direction_given_stance is metrics.found_entities is None


def test_triples_given_the_stance_leave_out_wrong_stances() -> None:
    assert triple_counts(PAIRS).sum(axis=0).tolist() == [1, 2, 3]
    assert triple_counts_given_stance(PAIRS).sum(axis=0).tolist() == [1, 0, 1]


def test_f1_agrees_with_scikit_learn() -> None:
    rng = np.random.default_rng(3)
    gold, predicted = rng.random((2, 300, len(LABELS))) < 0.3
    pairs = [
        judged(
            {"US": {LABELS[i]: frozenset() for i in np.flatnonzero(one)}},
            {"US": {LABELS[i]: frozenset() for i in np.flatnonzero(other)}},
        )
        for one, other in zip(gold, predicted, strict=True)
    ]
    counts = stance_counts(pairs, LABELS).sum(axis=0).astype(float)
    precision, recall, f1, _ = precision_recall_fscore_support(gold, predicted)
    np.testing.assert_allclose(precision_of(counts), precision)
    np.testing.assert_allclose(recall_of(counts), recall)
    np.testing.assert_allclose(f1_of(counts), f1)
    assert float(macro_f1_of(counts)) == pytest.approx(f1_score(gold, predicted, average="macro"))
    assert float(f1_of(counts.sum(axis=0))) == pytest.approx(f1_score(gold, predicted, average="micro"))


def test_macro_f1_leaves_out_labels_that_never_occur() -> None:
    assert float(macro_f1_of(np.array([[3.0, 1, 1], [0, 0, 0]]))) == pytest.approx(0.75)
    assert np.isnan(macro_f1_of(np.zeros((2, 3))))


def test_confusion_by_hand() -> None:
    pairs = [
        *PAIRS,
        # Two stances, one of them right and one taken for another.
        judged(labels(US={"support": "", "denial": ""}), labels(US={"support": "", "warning": ""})),
        # Right and one too many; one too few.
        judged(labels(US={"support": ""}), labels(US={"support": "", "denial": ""})),
        judged(labels(US={"support": "", "denial": ""}), labels(US={"denial": ""})),
    ]
    assert confusion_matrix(pairs, LABELS).tolist() == [
        [3, 0, 0, 0, 1],
        [0, 0, 0, 1, 0],
        [0, 0, 1, 1, 1],
        [0, 0, 0, 1, 0],
        [0, 0, 2, 1, 3],
    ]


def test_bootstrap_interval_covers_the_true_share() -> None:
    rng = np.random.default_rng(11)
    covered = 0
    for seed in range(200):
        right = rng.random(150) < 0.7
        estimate = Bootstrap(150, 400, seed).estimate(
            np.stack([right, np.ones(150)], axis=1).astype(np.int64), share_of
        )
        assert estimate.low is not None
        assert estimate.high is not None
        covered += estimate.low <= 0.7 <= estimate.high
    assert 0.90 <= covered / 200 <= 0.99


def test_bootstrap_draws_agree_with_plain_resampling() -> None:
    counts = np.random.default_rng(0).integers(0, 4, (20, 3))
    bootstrap = Bootstrap(20, 50, seed=5)
    plain = [
        f1_of(np.repeat(counts, drawn.astype(int), axis=0).sum(axis=0).astype(float)) for drawn in bootstrap.weights
    ]
    low, high = np.quantile(plain, [0.025, 0.975])
    estimate = bootstrap.estimate(counts, f1_of)
    assert estimate.low == pytest.approx(low)
    assert estimate.high == pytest.approx(high)
    assert Bootstrap(20, 50, seed=5).estimate(counts, f1_of) == estimate
    assert bootstrap.weights.sum(axis=1).tolist() == [20.0] * 50


def test_bootstrap_of_nothing() -> None:
    assert Bootstrap(0, 10).estimate(np.zeros((0, 3), np.int64), f1_of) == Estimate(None)


def test_calibration_error_by_hand() -> None:
    values = reliability(np.array([0.05, 0.1, 0.72, 0.78, 1.0, 0.0]), np.array([0.0, 1, 1, 0, 1, 0]))
    assert [one.count for one in values.bins] == [3, 0, 0, 0, 0, 0, 0, 2, 0, 1]
    # Bins: |0.15 - 1| + |1.5 - 1| + |1 - 1|, over six predictions.
    assert values.error == pytest.approx((0.85 + 0.5 + 0) / 6)
    assert values.positives == 3
    assert values.bins[7].confidence == pytest.approx(0.75)
    assert values.bins[7].frequency == pytest.approx(0.5)
    assert values.bins[1].frequency is None


def test_calibrated_probabilities_have_a_small_error() -> None:
    rng = np.random.default_rng(2)
    probabilities = rng.random(50_000)
    truths = (rng.random(50_000) < probabilities).astype(float)
    assert (reliability(probabilities, truths).error or 0) < 0.01
    assert (reliability(probabilities**3, truths).error or 0) > 0.2
    assert reliability(np.zeros(0), np.zeros(0)).error is None


def test_reliabilities_count_found_entities_only() -> None:
    scores = {"US": np.array([0.9, 0.1, 0.1, 0.1]), "CN": np.array([0.2, 0.1, 0.1, 0.1])}
    pair = Judged(labels(US={"support": ""}, RU={"denial": ""}), Prediction(labels(US={}, CN={}), scores))
    overall, by_label = reliabilities([pair], LABELS)
    assert (overall.count, overall.positives) == (8, 1)
    assert (by_label["support"].count, by_label["support"].positives, by_label["denial"].positives) == (2, 1, 0)


def sentence(name: str, text: str, **entities: str) -> AnnotatedSentence:
    """Annotate briefly: ``sentence("a-1", "Peru warned Chile.", PE="Peru: warning CL", CL="Chile")``."""
    annotated = []
    for code, note in entities.items():
        mention, _, stance = note.partition(": ")
        label, *targets = stance.split() or [""]
        annotated.append(AnnotatedEntity(code, (mention,), {label: tuple(targets)} if label else {}))
    return AnnotatedSentence(name, text, tuple(annotated))


SENTENCES = [
    sentence(
        "one-1", "Peru warned Chile on Monday that its patience was running out.", PE="Peru: warning CL", CL="Chile"
    ),
    sentence("one-2", "Norway backs Kenya over the ports.", NO="Norway: support KE", KE="Kenya"),
    sentence("two-1", "Peru denies harbour deal", PE="Peru: denial"),
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Peru denies harbour deal", True),
        ("Peru denied that it had made a harbour deal.", False),
        (
            "Peruvian Ministers Reject Harbour Agreement With Chile, Saying That Talks On That Matter Never Resume.",
            True,
        ),
        ("Peruvian ministers, who met on Monday evening in Lima, said nothing at all about harbours and ports", False),
        ("“We shall not yield,” the minister of Peru said.”", False),
    ],
)
def test_headlines(text: str, expected: bool) -> None:
    assert is_headline(text) is expected


def test_slices_by_hand() -> None:
    sentences = [
        *SENTENCES,
        *(
            sentence(f"two-x{i}", "Peru sold grain last year, as it had always done before.", PE="Peru")
            for i in range(8)
        ),
    ]
    slices = {(part.group, part.name): part for part in make_slices(sentences)}
    assert slices["entities", "2"].indices == (0, 1)
    assert slices["kind of text", "headline"].indices == (2,)
    assert slices["source", "one"].indices == (0, 1)
    assert slices["length", "up to 12 words"].indices == tuple(range(11))
    assert [name for group, name in slices if group == "country"] == ["PE"]

    missed = {"PE": {}, "CL": {"warning": frozenset({"PE"})}}
    pairs = [judged(gold_labels(one), missed if one.id == "one-1" else gold_labels(one)) for one in sentences]
    peru = measure_slice(slices["country", "PE"], pairs, STANCES, draws=20, seed=0)
    assert (peru.sentences, peru.entities, peru.gold["warning"], peru.gold["denial"]) == (10, 10, 1, 1)
    assert peru.micro_f1.value == pytest.approx(2 / 3)
    norway = measure_slice(slices["source", "one"], pairs, STANCES, draws=20, seed=0)
    assert norway.micro_f1.value == pytest.approx(2 / 4)
    assert norway.direction_f1 is not None
    assert norway.direction_f1.value == pytest.approx(2 / 4)


def test_always_none() -> None:
    assert AlwaysNone().predict([locate_annotated(SENTENCES[0])]) == [Prediction({"PE": {}, "CL": {}})]


def test_cue_words_take_the_entity_before_and_the_next_after() -> None:
    predictions = CueWords(STANCES).predict([locate_annotated(one) for one in SENTENCES])
    assert [prediction.labels for prediction in predictions] == [gold_labels(one) for one in SENTENCES]


def test_cue_words_need_whole_words_and_an_entity_before() -> None:
    backwards = sentence("x", "Backstage quarrels were rejected when Peru met Chile.", PE="Peru", CL="Chile")
    assert CueWords(STANCES).predict([locate_annotated(backwards)])[0].labels == {"PE": {}, "CL": {}}
    other = LabelScheme("tone", (Label("praise"),))
    assert CueWords(other).predict([locate_annotated(SENTENCES[0])])[0].labels == {"PE": {}, "CL": {}}


def test_mark_masks_other_entities_and_survives_overlaps() -> None:
    one = LocatedEntity("KR", (Span(0, 11),))
    other = LocatedEntity("JP", (Span(6, 11), Span(19, 24)))
    text = LocatedSentence("x", "South Korea warned Japan.", (one, other))
    assert mark(text, one) == "entityself warned entityother."
    assert mark(text, other) == "entityother warned entityself."


def test_linear_words_learn_holder_and_stance() -> None:
    verbs = {"support": "praised", "deterrence": "deterred", "denial": "contradicted", "warning": "warned"}
    training = [
        sentence(f"t{i}-{label}", f"Peru {verb} Chile {when}.", PE=f"Peru: {label} CL", CL="Chile")
        for i, when in enumerate(["on Monday", "on Tuesday", "last week", "again", "in the evening"])
        for label, verb in verbs.items()
    ]
    baseline = LinearWords(STANCES, training)
    new = sentence("n", "Kenya warned Norway on Friday.", KE="Kenya: warning NO", NO="Norway")
    nobody = LocatedSentence("e", "Nobody warned anybody.", ())
    predictions = baseline.predict([locate_annotated(new), nobody])
    assert predictions[0].labels == gold_labels(new)
    assert predictions[1].labels == {}
    assert baseline.predict([nobody]) == [Prediction({})]


def test_mistakes_are_ordered_by_loss() -> None:
    located = [locate_annotated(one) for one in SENTENCES]
    sure, unsure = np.array([0.01, 0.01, 0.01, 0.01]), np.array([0.4, 0.1, 0.1, 0.1])
    pairs = [
        Judged(gold_labels(SENTENCES[0]), Prediction(labels(PE={}, CL={}), {"PE": sure, "CL": sure})),
        Judged(gold_labels(SENTENCES[1]), Prediction(labels(NO={}, KE={}), {"NO": unsure, "KE": sure})),
        Judged(gold_labels(SENTENCES[2]), Prediction(labels(US={}), {"US": sure})),
    ]
    mistakes = wrong_stances(located, pairs, LABELS, limit=10, texts=True)
    assert [(mistake.id, mistake.code) for mistake in mistakes] == [("one-1", "PE"), ("one-2", "NO")]
    assert mistakes[0].loss == pytest.approx(-np.log(0.01) - 3 * np.log(0.99))
    assert mistakes[0].gold == {"warning": ["CL"]}
    assert mistakes[0].mentions == ["Peru"]
    hidden = wrong_stances(located, pairs, LABELS, limit=1, texts=False)
    assert [(mistake.text, mistake.mentions) for mistake in hidden] == [(None, None)]
    entities = wrong_entities(located, pairs, texts=False)
    assert [(one.id, one.missed, one.spurious) for one in entities] == [("two-1", ["PE"], ["US"])]


def test_cross_entropy_of_certain_mistakes_is_finite() -> None:
    assert cross_entropy(np.array([0.0]), np.array([1.0])) == pytest.approx(-np.log(1e-6))
    assert cross_entropy(np.array([0.5, 0.5]), np.array([1.0, 0.0])) == pytest.approx(2 * np.log(2))
