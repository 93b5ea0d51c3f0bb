"""The parts of training: collating, loss, calibration, outliers, embeddings in int8."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from torch import nn

from model.encoding import SLOTS, Encoder, slot_ids
from model.scheme import STANCES
from training.base import load_base
from training.calibrate import best_threshold, fit_platt
from training.corpus import AnnotatedEntity, AnnotatedSentence
from training.examples import Collator, build_dataset
from training.export import quantize_embeddings
from training.network import network_loss
from training.outliers import ClippedLinear, clip_outliers

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
    torch.manual_seed(0)
    seen = set()
    for _ in range(50):
        dealt = dealing([dataset[0]])
        ids, plain = dealt["input_ids"][0].tolist(), fixed["input_ids"][0].tolist()
        assert [i for i in ids if i not in slots] == [i for i in plain if i not in slots]
        first, again = (ids[position] for position in dataset[0]["positions"][0])
        assert first == again
        seen.add(first)
        assert torch.equal(dealt["mention_weights"], fixed["mention_weights"])
    assert len(seen) > SLOTS / 2


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


def test_the_threshold_is_where_f1_is_best() -> None:
    gold = np.array([0.0] * 90 + [1.0] * 30, dtype=np.float32)
    probabilities = np.concatenate([np.linspace(0.0, 0.28, 90), np.linspace(0.32, 0.6, 30)]).astype(np.float32)
    assert 0.28 <= best_threshold(probabilities, gold, seed=0) <= 0.34


class _Holder(nn.Module):
    """A network with one linear layer, where `clip_outliers` looks for it."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(64, 8))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return torch.as_tensor(self.encoder(inputs))


def test_clipping_outliers_leaves_the_result_and_narrows_the_range() -> None:
    torch.manual_seed(0)
    network = _Holder()
    inputs = torch.randn(2, 10, 64)
    inputs[..., 7] *= 50
    expected = network(inputs)
    assert clip_outliers(network, [{"inputs": inputs}]) == 1
    layer = network.encoder[0]
    assert isinstance(layer, ClippedLinear)
    assert layer.limit < inputs.abs().max() / 10
    torch.testing.assert_close(network(inputs), expected)


def test_layers_without_outliers_stay() -> None:
    network = _Holder()
    assert clip_outliers(network, [{"inputs": torch.rand(2, 10, 64) + 1}]) == 0


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
