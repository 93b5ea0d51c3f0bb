"""A float ONNX graph in int8: weights with a scale per output channel, what they are multiplied with by fixed scales.

In the layers of a transformer a few channels carry values ten times larger than the rest, and one scale for all would
leave the rest a few bits. So each channel is first divided by a factor that its weights are multiplied with, which
moves a part of the difficulty into the weights (Xiao et al. 2023: SmoothQuant).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

SMOOTHING = 0.7
"""How much of the difference between channels goes to the weights, 0 to 1."""
WEIGHT_LEVELS = 63
"""Weights take 7 bits: without VNNI, a processor adds two products in 16 bits, where those of 8 by 8 overflow."""
LARGE_TABLE = 1000
"""Rows from which an embedding table is worth storing in int8."""
TINY = 1e-6
CONTRIB = "com.microsoft"
"""Domain of the ONNX runtime's own operators."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ChannelRanges:
    """The least and the largest value seen in each channel ``[channels]``."""

    low: Floats
    high: Floats

    def widened(self, values: Floats) -> ChannelRanges:
        """Return the ranges that cover further values ``[..., channels]`` too."""
        rows = values.reshape(-1, values.shape[-1])
        return ChannelRanges(np.minimum(self.low, rows.min(0)), np.maximum(self.high, rows.max(0)))

    @property
    def largest(self) -> Floats:
        """The largest absolute value of each channel."""
        return np.maximum(np.maximum(-self.low, self.high), TINY)


def measure_ranges(model: onnx.ModelProto, feeds: Iterable[dict[str, Any]]) -> dict[str, ChannelRanges]:
    """Run a graph, and return the ranges of all that it multiplies with weights, by the name in the graph."""
    names = list(_products_by_weights(model.graph))
    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    watched.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in names)
    session = ort.InferenceSession(watched.SerializeToString(), providers=["CPUExecutionProvider"])
    ranges: dict[str, ChannelRanges] = {}
    for feed in feeds:
        for name, values in zip(names, session.run(names, feed), strict=True):
            zeros = np.zeros(values.shape[-1], np.float32)
            ranges[name] = ranges.get(name, ChannelRanges(zeros, zeros)).widened(values)
    return ranges


def quantize_products(model: onnx.ModelProto, ranges: Mapping[str, ChannelRanges]) -> None:
    """Compute the matrix products by weights in int8, each in one step with the bias that is added to it."""
    graph = model.graph
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    nodes = list(graph.node)
    for name, products in _products_by_weights(graph).items():
        weights = [numpy_helper.to_array(tensors[product.input[1]]) for product in products]
        factors = _smoothing_factors(ranges[name], weights)
        place = min(nodes.index(product) for product in products)
        nodes[place:place] = _quantized_input(graph, name, ranges[name], factors)
        for product, weight in zip(products, weights, strict=True):
            matrix, scales, zeros = _quantized_weight(graph, product.name, weight * factors[:, None])
            inputs = [f"{name}_int8", matrix, f"{name}_scale", scales, f"{name}_zero", zeros]
            output = product.output[0]
            addition = _bias_addition(graph, output, tensors)
            if addition is not None:
                inputs += [added for added in addition.input if added != output]
                output = addition.output[0]
                nodes.remove(addition)
            nodes[nodes.index(product)] = helper.make_node(
                "MatMulIntegerToFloat", inputs, [output], name=f"{product.name}_int8", domain=CONTRIB
            )
    del graph.node[:]
    graph.node.extend(nodes)
    _drop_unused(graph)
    model.opset_import.append(helper.make_opsetid(CONTRIB, 1))


def quantize_embeddings(model: onnx.ModelProto) -> None:
    """Store large embedding tables as int8 with one scale a row; the graph multiplies the rows that it takes."""
    graph = model.graph
    tables = {tensor.name: tensor for tensor in graph.initializer}
    for node in list(graph.node):
        table = tables.get(node.input[0]) if node.op_type == "Gather" else None
        if table is None or not _is_float_matrix(table) or table.dims[0] < LARGE_TABLE:
            continue
        values: Floats = numpy_helper.to_array(table)
        scales = np.maximum(np.abs(values).max(axis=1, keepdims=True) / 127, TINY).astype(np.float32)
        name = table.name
        graph.initializer.remove(table)
        graph.initializer.append(numpy_helper.from_array(np.round(values / scales).astype(np.int8), f"{name}_int8"))
        graph.initializer.append(numpy_helper.from_array(scales, f"{name}_scale"))
        ids, out = node.input[1], node.output[0]
        added = [
            helper.make_node("Gather", [f"{name}_int8", ids], [f"{out}_int8"], name=f"{out}_take"),
            helper.make_node("Cast", [f"{out}_int8"], [f"{out}_float"], name=f"{out}_cast", to=TensorProto.FLOAT),
            helper.make_node("Gather", [f"{name}_scale", ids], [f"{out}_scale"], name=f"{out}_take_scale"),
            helper.make_node("Mul", [f"{out}_float", f"{out}_scale"], [out], name=f"{out}_multiply"),
        ]
        place = list(graph.node).index(node)
        graph.node.remove(node)
        for offset, new in enumerate(added):
            graph.node.insert(place + offset, new)


def _is_float_matrix(tensor: TensorProto) -> bool:
    return bool(tensor.data_type == TensorProto.FLOAT and len(tensor.dims) == 2)


def _products_by_weights(graph: onnx.GraphProto) -> dict[str, list[NodeProto]]:
    """Return the products by constant matrices, by the name of what is multiplied."""
    weights = {tensor.name for tensor in graph.initializer if _is_float_matrix(tensor)}
    products: dict[str, list[NodeProto]] = defaultdict(list)
    for node in graph.node:
        if node.op_type == "MatMul" and node.input[1] in weights and node.input[0] not in weights:
            products[node.input[0]].append(node)
    return products


def _smoothing_factors(ranges: ChannelRanges, weights: Iterable[Floats]) -> Floats:
    """Return what to divide each channel by and to multiply its weights with; 1 in the geometric mean."""
    largest_weights = np.maximum(np.max([np.abs(weight).max(1) for weight in weights], 0), TINY)
    logs = SMOOTHING * np.log(ranges.largest) - (1 - SMOOTHING) * np.log(largest_weights)
    factors: Floats = np.exp(logs - logs.mean()).astype(np.float32)
    return factors


def _quantized_input(graph: onnx.GraphProto, name: str, ranges: ChannelRanges, factors: Floats) -> list[NodeProto]:
    """Return the nodes that smooth and quantise what is multiplied."""
    # Zero is within: ranges are measured from it.
    low, high = float((ranges.low / factors).min()), float((ranges.high / factors).max())
    scale = max((high - low) / 255, TINY)
    graph.initializer.append(numpy_helper.from_array(1 / factors, f"{name}_factors"))
    graph.initializer.append(numpy_helper.from_array(np.array(scale, np.float32), f"{name}_scale"))
    graph.initializer.append(numpy_helper.from_array(np.array(round(-low / scale), np.uint8), f"{name}_zero"))
    return [
        helper.make_node("Mul", [name, f"{name}_factors"], [f"{name}_smooth"], name=f"{name}_smooth"),
        helper.make_node(
            "QuantizeLinear",
            [f"{name}_smooth", f"{name}_scale", f"{name}_zero"],
            [f"{name}_int8"],
            name=f"{name}_quantize",
        ),
    ]


def _quantized_weight(graph: onnx.GraphProto, name: str, weight: Floats) -> list[str]:
    """Store a weight ``[in, out]`` in int8; return the names of it, its scales and its zero points."""
    scales = np.maximum(np.abs(weight).max(0) / WEIGHT_LEVELS, TINY).astype(np.float32)
    stored = {
        f"{name}_weight": np.round(weight / scales).astype(np.int8),
        f"{name}_scales": scales,
        f"{name}_zeros": np.zeros(len(scales), np.int8),
    }
    graph.initializer.extend(numpy_helper.from_array(array, key) for key, array in stored.items())
    return list(stored)


def _bias_addition(graph: onnx.GraphProto, output: str, tensors: Mapping[str, TensorProto]) -> NodeProto | None:
    """Return the node that adds a constant vector to a product's output and is all that uses it, if there is one."""
    users = [node for node in graph.node if output in node.input]
    if len(users) != 1 or users[0].op_type != "Add":
        return None
    vectors = [name for name in users[0].input if name in tensors and len(tensors[name].dims) == 1]
    return users[0] if len(vectors) == 1 else None


def _drop_unused(graph: onnx.GraphProto) -> None:
    used = {name for node in graph.node for name in node.input}
    kept = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)
