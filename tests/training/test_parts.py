"""The parts of training: collating, loss, calibration, products and embeddings in int8."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from model.annotation import AnnotatedEntity, AnnotatedSentence
from model.encoding import SLOTS, Encoder, slot_ids
from model.runtime import open_session
from model.scheme import STANCES
from training.base import load_base
from training.calibrate import best_threshold, fit_platt
from training.examples import Collator, build_dataset
from training.network import network_loss
from training.quantization import measure_ranges, quantize_embeddings, quantize_products

SENTENCE = AnnotatedSentence(
    "a",
    "Norway warned Chile; Norway, backed by Peru, will act.",
    (
        AnnotatedEntity("NO", ("Norway",), {"warning": ("CL",)}),
        AnnotatedEntity("CL", ("Chile",), {}),
        AnnotatedEntity("PE", ("Peru",), {"support": ("NO",)}),
    ),
)


def test_examples_hold_the_annotation(tiny_bert: Path) -> None:
    _, tokenizer = load_base(str(tiny_bert))
    (example,) = build_dataset([SENTENCE], Encoder(tokenizer, 64), STANCES)
    assert example["labels"] == [[0, 0, 0, 1], [0, 0, 0, 0], [1, 0, 0, 0]]
    assert [np.argwhere(np.array(example["toward"])).tolist()] == [[[0, 1, 3], [2, 0, 0]]]
    assert [len(positions) for positions in example["positions"]] == [2, 1, 1]


def test_training_deals_the_slots_and_nothing_else(tiny_bert: Path) -> None:
    _, tokenizer = load_base(str(tiny_bert))
    slots = slot_ids(tokenizer)
    dataset = build_dataset([SENTENCE], Encoder(tokenizer, 64), STANCES)
    fixed = Collator(tokenizer, STANCES, 0, shuffle_slots=False)([dataset[0]])
    dealing = Collator(tokenizer, STANCES, 0, shuffle_slots=True)
    seen = set()
    for epoch in range(50):
        dealing.epoch = epoch
        dealt = dealing([dataset[0]])
        ids, plain = dealt["input_ids"][0].tolist(), fixed["input_ids"][0].tolist()
        assert [i for i in ids if i not in slots] == [i for i in plain if i not in slots]
        first, again = (ids[position] for position in dataset[0]["positions"][0])
        assert first == again
        seen.add(first)
        assert torch.equal(dealt["mention_weights"], fixed["mention_weights"])
    assert len(seen) > SLOTS / 2
    again = dealing([dataset[0]])["input_ids"]
    assert torch.equal(again, dealt["input_ids"]), "chance depends on seed, epoch and row alone"


def test_the_loss_leaves_padding_and_targets_that_were_not_asked_for_alone() -> None:
    labels = torch.tensor([[[1.0], [0.0], [0.0]]])
    toward = torch.zeros(1, 3, 3, 1)
    toward[0, 0, 1] = 1
    mask = torch.tensor([[1.0, 1.0, 0.0]])
    scores, aims = torch.zeros(1, 3, 1), torch.zeros(1, 3, 3, 1)
    loss = network_loss(scores, aims, labels, toward, mask)
    assert loss.item() == pytest.approx(2 * np.log(2))
    scores[0, 2], aims[0, 1], aims[0, 0, 0], aims[0, 0, 2] = 9, 9, 9, 9
    assert network_loss(scores, aims, labels, toward, mask).item() == pytest.approx(loss.item())
    aims[0, 0, 1] = 9
    assert network_loss(scores, aims, labels, toward, mask).item() < loss.item()


def test_platt_scaling_finds_the_probabilities_that_made_the_data() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, 20_000).astype(np.float32)
    gold = (rng.random(20_000) < 1 / (1 + np.exp(-(0.5 * logits - 1)))).astype(np.float32)
    fitted = fit_platt(logits, gold)
    assert fitted.slope == pytest.approx(0.5, abs=0.03)
    assert fitted.intercept == pytest.approx(-1, abs=0.06)


@pytest.mark.parametrize("rarity", [1.0, 4.0, 20.0])
def test_the_threshold_is_where_f1_is_best(rarity: float) -> None:
    rng = np.random.default_rng(1)
    probabilities = rng.beta(0.3, 0.3 * rarity, 50_000).astype(np.float32)
    gold = rng.random(50_000) < probabilities
    candidates = np.linspace(0.02, 0.9, 89)
    taken = probabilities[:, None] >= candidates
    f1 = 2 * (taken & gold[:, None]).sum(0) / (taken.sum(0) + gold.sum())
    threshold = best_threshold(probabilities)
    assert threshold == pytest.approx(candidates[f1.argmax()], abs=0.06)
    assert np.interp(threshold, candidates, f1) == pytest.approx(f1.max(), abs=0.002)


def _products(weights: list[NDArray[np.float32]], bias: NDArray[np.float32]) -> onnx.ModelProto:
    """Return a graph that multiplies its input by each weight, and adds a bias to the first product."""
    names = [f"product{index}" for index in range(len(weights))]
    size, width = weights[0].shape
    graph = helper.make_graph(
        [
            *(
                helper.make_node("MatMul", ["input", f"weight{index}"], [name], name=name)
                for index, name in enumerate(names)
            ),
            helper.make_node("Add", ["bias", names[0]], ["sum"], name="add"),
        ],
        "g",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", "tokens", size])],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", "tokens", width])
            for name in ("sum", *names[1:])
        ],
        [
            *(numpy_helper.from_array(weight, f"weight{index}") for index, weight in enumerate(weights)),
            numpy_helper.from_array(bias, "bias"),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


def test_products_in_int8_are_near_those_in_float_in_spite_of_an_outlying_channel() -> None:
    drawn = np.random.default_rng(0)
    weights = [drawn.normal(size=(64, 8)).astype(np.float32) for _ in range(2)]
    bias = drawn.normal(size=8).astype(np.float32)
    inputs = drawn.normal(size=(2, 10, 64)).astype(np.float32)
    inputs[..., 7] *= 50
    model = _products(weights, bias)
    quantize_products(model, measure_ranges(model, [{"input": inputs}]))
    onnx.checker.check_model(model)
    assert [node.op_type for node in model.graph.node] == ["Mul", "QuantizeLinear", *["MatMulIntegerToFloat"] * 2]
    assert not any(tensor.name.startswith("weight") for tensor in model.graph.initializer)
    first, second = open_session(model.SerializeToString()).run(None, {"input": inputs})
    largest = np.abs(inputs).max() * 64**0.5
    np.testing.assert_allclose(first, inputs @ weights[0] + bias, atol=largest / 250)
    np.testing.assert_allclose(second, inputs @ weights[1], atol=largest / 250)
    # Without the smoothing, one step of the scale for all is this large in each of the other channels.
    step = (inputs.max() - inputs.min()) / 255
    error = np.abs(second - inputs @ weights[1]).mean()
    assert error < 0.5 * step * 12**-0.5 * 64**0.5


def test_embeddings_in_int8_give_nearly_the_same_rows() -> None:
    table = np.random.default_rng(0).normal(size=(2000, 16)).astype(np.float32)
    graph = helper.make_graph(
        [helper.make_node("Gather", ["table", "ids"], ["rows"], name="take")],
        "g",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, ["n"])],
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, ["n", 16])],
        [numpy_helper.from_array(table, "table")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)])
    quantize_embeddings(model)
    onnx.checker.check_model(model)
    assert {tensor.name: tensor.data_type for tensor in model.graph.initializer}["table_int8"] == TensorProto.INT8
    (rows,) = ReferenceEvaluator(model).run(None, {"ids": np.array([3, 1999, 3])})
    np.testing.assert_allclose(rows, table[[3, 1999, 3]], atol=np.abs(table).max() / 250)
