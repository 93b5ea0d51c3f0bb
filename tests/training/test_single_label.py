"""Labels that exclude each other: their probabilities, their loss, their calibration and their decisions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax as full_softmax

from model.annotation import AnnotatedEntity, AnnotatedSentence, annotation_faults
from model.calibration import SoftmaxCalibrator, plain_probabilities, softmax, taken_labels
from model.scheme import Label, LabelScheme
from training.calibrate import fit_decisions, fit_temperature
from training.distillation import mixed
from training.examples import Targets, gold_targets
from training.network import network_loss
from training.prediction import Logits, asked_entities, mean_average_precision
from training.selection import exchanged_score

CHOICE = LabelScheme("choice", (Label("a"), Label("b"), Label("c")), multi_label=False, directed=False)
FORCED = replace(CHOICE, none=False)
NO_THRESHOLDS = np.zeros(3)


@given(st.lists(st.floats(-80, 80, width=32), min_size=3, max_size=3), st.booleans())
def test_probabilities_are_those_of_a_softmax_in_which_no_label_has_the_logit_0(row: list[float], none: bool) -> None:
    logits = np.array([row], np.float32)
    whole = full_softmax([0.0, *row])[1:] if none else full_softmax(row)
    np.testing.assert_allclose(softmax(logits, none=none)[0], whole, atol=1e-6)
    assert softmax(logits, none=none).sum() <= 1 + 1e-6


def test_minus_infinity_has_no_chance() -> None:
    assert softmax(np.full((1, 3), -np.inf, np.float32), none=True).tolist() == [[0, 0, 0]]
    assert softmax(np.full((1, 3), -np.inf, np.float32), none=False).tolist() == [[0, 0, 0]]


def test_the_most_probable_answer_is_taken_and_no_label_is_one_where_it_is_allowed() -> None:
    chances = np.array([[0.5, 0.3, 0.1], [0.2, 0.25, 0.1]], np.float32)
    assert taken_labels(chances, NO_THRESHOLDS, CHOICE).tolist() == [[True, False, False], [False] * 3]
    assert taken_labels(chances, NO_THRESHOLDS, FORCED).tolist() == [[True, False, False], [False, True, False]]
    several = replace(CHOICE, multi_label=True)
    thresholds = np.full(3, 0.3)
    assert taken_labels(chances, thresholds, several).tolist() == [[True, True, False], [False] * 3]
    assert taken_labels(chances, thresholds, replace(several, none=False))[1].tolist() == [False, True, False]
    assert taken_labels(chances[:0], thresholds, CHOICE).shape == (0, 3)


def test_the_loss_is_the_cross_entropy_of_the_choice() -> None:
    scores = torch.tensor([[[2.0, 0.0, -1.0], [0.5, 0.5, 0.5], [9.0, 9.0, 9.0]]])
    labels = torch.tensor([[[1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]])
    mask, toward = torch.tensor([[1.0, 1.0, 0.0]]), torch.zeros(1, 3, 3, 3)
    chosen = -np.log(full_softmax([0, 2, 0, -1]))[1]
    neither = -np.log(full_softmax([0, 0.5, 0.5, 0.5]))[0]
    loss = network_loss(scores, toward, labels, toward, mask, CHOICE)
    assert loss.item() == pytest.approx((chosen + neither) / 2, abs=1e-6)
    # Where no label is no answer, the second entity is not asked.
    forced = network_loss(scores, toward, labels, toward, mask, FORCED)
    assert forced.item() == pytest.approx(-np.log(full_softmax([2, 0, -1]))[0], abs=1e-6)


def test_targets_are_learned_in_directed_schemes_alone() -> None:
    scores, labels = torch.zeros(1, 2, 3), torch.zeros(1, 2, 3)
    labels[0, 0, 0] = 1
    aims = torch.zeros(1, 2, 2, 3, requires_grad=True)
    gold, mask = torch.zeros(1, 2, 2, 3), torch.ones(1, 2)
    plain = network_loss(scores, aims, labels, gold, mask, CHOICE)
    assert plain.item() == pytest.approx(np.log(4), abs=1e-6)
    directed = network_loss(scores, aims, labels, gold, mask, replace(CHOICE, directed=True))
    assert directed.item() == pytest.approx(np.log(4) + np.log(2), abs=1e-6)


def drawn(scheme: LabelScheme, count: int = 4000) -> Logits:
    """Return logits of entities whose labels are drawn from them at twice the temperature, with a bias for c."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (count, 3)).astype(np.float32)
    scaled = 0.5 * logits + np.array([0, 0, 1.0])
    chances = full_softmax(np.column_stack([np.zeros(count), scaled]) if scheme.none else scaled, axis=1)
    choice = (rng.random(count)[:, None] > chances.cumsum(1)).sum(1).clip(0, chances.shape[1] - 1)
    gold = np.eye(chances.shape[1], dtype=np.float32)[choice][:, int(scheme.none) :]
    nothing, places = np.zeros((0, 3), np.float32), np.arange(count)
    return Logits(logits, gold, nothing, nothing, nothing, places, places[:0], places[:0])


@pytest.mark.parametrize("scheme", [CHOICE, FORCED], ids=["with none", "without"])
def test_calibration_finds_the_temperature_and_the_biases(scheme: LabelScheme) -> None:
    logits = drawn(scheme)
    fitted = fit_temperature(logits.labels, logits.gold_labels, scheme)
    (slope,) = {calibration.slope for calibration in fitted.values()}
    assert slope == pytest.approx(0.5, abs=0.04)
    biases = np.array([calibration.intercept for calibration in fitted.values()])
    assert biases[2] - biases[0] == pytest.approx(1, abs=0.15)
    probabilities = SoftmaxCalibrator(fitted, scheme.names, none=scheme.none)(logits.labels)
    np.testing.assert_allclose(probabilities.mean(0), logits.gold_labels.mean(0), atol=0.005)
    decision, _ = fit_decisions(logits, scheme)
    assert (decision.calibration, decision.thresholds) == (fitted, dict.fromkeys(scheme.names, 0.0))


def test_few_cases_calibrate_nothing() -> None:
    fitted = fit_temperature(np.ones((4, 3), np.float32), np.eye(4, 3, dtype=np.float32), CHOICE)
    assert all((item.slope, item.intercept) == (1, 0) for item in fitted.values())


def test_figures_leave_out_who_is_not_asked() -> None:
    logits = drawn(FORCED, 400)
    unasked = replace(logits, gold_labels=np.where(np.arange(400)[:, None] % 4 == 0, 0, logits.gold_labels))
    asked = asked_entities(unasked.gold_labels, FORCED)
    assert asked.sum() == 300
    rest = replace(unasked, labels=unasked.labels[asked], gold_labels=unasked.gold_labels[asked])
    assert mean_average_precision(unasked, FORCED) == mean_average_precision(rest, FORCED)
    assert mean_average_precision(unasked, FORCED) > mean_average_precision(unasked, CHOICE)
    score = exchanged_score(unasked, FORCED)
    predicted = softmax(rest.labels, none=False).argmax(1)
    accuracy = (predicted == rest.gold_labels.argmax(1)).mean()
    assert score.micro_f1 == pytest.approx(accuracy, abs=0.08)
    assert score.calibration_error < 0.08


def test_of_entities_that_are_not_asked_teachers_alone_say_something() -> None:
    zeros = np.zeros((2, 2, 3), np.float32)
    gold = Targets(np.array([[1, 0, 0], [0, 0, 0]], np.float32), zeros)
    taught = Targets(np.full((2, 3), 1 / 3, np.float32), zeros)
    forced, free = (mixed([gold], [taught], 0.5, scheme)[0].labels for scheme in (FORCED, CHOICE))
    np.testing.assert_allclose(forced.sum(1), [1, 1], rtol=1e-6)
    np.testing.assert_allclose(free.sum(1), [1, 0.5], rtol=1e-6)


def test_annotations_follow_the_scheme() -> None:
    entities = [
        {"code": "NO", "mentions": ["Norway"], "stances": {"a": ["IS"], "b": []}},
        {"code": "IS", "mentions": ["Iceland"], "stances": {}},
    ]
    faults = [str(fault) for fault in annotation_faults("Norway and Iceland", entities, CHOICE)]
    assert faults == [
        "NO: several labels, but the scheme 'choice' allows one",
        "NO: a toward others, but the scheme 'choice' has no targets",
    ]
    sentence = AnnotatedSentence("x", "Norway", (AnnotatedEntity("NO", ("Norway",), {"b": ()}),))
    assert gold_targets(sentence, CHOICE).labels.tolist() == [[0, 1, 0]]


def test_without_calibration_several_labels_are_independent() -> None:
    logits = np.array([[0.0, 2.0, -2.0]], np.float32)
    np.testing.assert_allclose(
        plain_probabilities(logits, replace(CHOICE, multi_label=True)), 1 / (1 + np.exp(-logits)), rtol=1e-6
    )
