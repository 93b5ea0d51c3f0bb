"""ONNX graphs of networks: made once for each architecture, then filled with the weights of whichever network.

Tracing a network takes many times as long as writing its weights, and a sweep over seeds, folds or settings exports the
same architecture again and again.
"""

from __future__ import annotations

import copy
import warnings
from dataclasses import dataclass

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper

from training.network import StanceNetwork

OPSET = 21
INPUTS: dict[str, dict[int, str]] = {
    "input_ids": {0: "batch", 1: "tokens"},
    "mention_weights": {0: "batch", 1: "entities", 2: "tokens"},
}
OUTPUTS = ["label_logits", "toward_logits"]
_SMALL = 1
"""Values up to which a tensor of the graph is a constant of the architecture."""


@dataclass(frozen=True, slots=True)
class _Template:
    """A graph without weights.

    Attributes:
        model: The graph; tensors that stand for parameters are empty.
        parameters: For each of these tensors, the parameter's name and whether the graph holds it transposed.
    """

    model: onnx.ModelProto
    parameters: dict[str, tuple[str, bool]]


_TEMPLATES: dict[tuple[str, str, tuple[tuple[str, tuple[int, ...]], ...]], _Template | None] = {}
"""What was traced in this process, by class and configuration of the encoder and the shapes of all weights."""


def float_graph(network: StanceNetwork) -> onnx.ModelProto | None:
    """Return the graph of a network from that of its architecture, or None where that does not tell its weights apart.

    Whoever uses it checks that it gives the network's logits.
    """
    shapes = tuple((name, tuple(tensor.shape)) for name, tensor in network.state_dict().items())
    architecture = type(network.encoder).__name__, network.encoder.config.to_json_string(), shapes
    if architecture not in _TEMPLATES:
        _TEMPLATES[architecture] = _template_of(network)
    template = _TEMPLATES[architecture]
    if template is None:
        return None
    weights = {name: tensor.detach().float().cpu().numpy() for name, tensor in network.state_dict().items()}
    model = onnx.ModelProto()
    model.CopyFrom(template.model)
    for tensor in model.graph.initializer:
        if tensor.name in template.parameters:
            name, transposed = template.parameters[tensor.name]
            values = weights[name].T if transposed else weights[name]
            tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(values), tensor.name))
    return model


def traced_graph(network: StanceNetwork) -> onnx.ModelProto:
    """Trace a network, and return its graph with its weights."""
    # No dimension of the example may be 1 or equal another, or the exporter takes it for a constant.
    example = {"input_ids": torch.randint(5, 100, (3, 20)), "mention_weights": torch.full((3, 4, 20), 1 / 20)}
    network = copy.deepcopy(network).eval()
    # Written out: the fused attention brings a case for rows that are all padding, of which there are none.
    network.encoder.set_attn_implementation("eager")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # The exporter warns of its own deprecated calls.
        program = torch.onnx.export(
            network,
            kwargs=example,
            input_names=list(INPUTS),
            output_names=OUTPUTS,
            dynamic_shapes=INPUTS,
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    model: onnx.ModelProto = program.model_proto
    return model


def _template_of(network: StanceNetwork) -> _Template | None:
    network = copy.deepcopy(network)
    # Weights of a trained network may be equal, zeros of biases, say; random ones tell which is which.
    with torch.no_grad(), torch.random.fork_rng():
        for parameter in network.parameters():
            parameter.uniform_(-1, 1)
    model = traced_graph(network)
    weights = {name: tensor.detach().numpy() for name, tensor in network.state_dict().items()}
    parameters: dict[str, tuple[str, bool]] = {}
    for tensor in model.graph.initializer:
        if tensor.data_type != onnx.TensorProto.FLOAT or np.prod(tensor.dims) <= _SMALL:
            continue
        found = _find(numpy_helper.to_array(tensor), weights)
        if found is None:
            return None
        parameters[tensor.name] = found
        tensor.ClearField("raw_data")
    return _Template(model, parameters)


def _find(values: NDArray[np.float32], weights: dict[str, NDArray[np.float32]]) -> tuple[str, bool] | None:
    for name, weight in weights.items():
        if weight.shape == values.shape and np.array_equal(weight, values):
            return name, False
        if weight.T.shape == values.shape and np.array_equal(weight.T, values):
            return name, True
    return None
