"""From a torch network to ``model.onnx``: int8 with fixed scales, checked against torch."""

from __future__ import annotations

import copy
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static

from model.batching import Scored, equal_length_batches
from model.encoding import Encoder, Row
from model.runtime import Runtime, build_feed
from model.scheme import LabelScheme
from training.corpus import AnnotatedSentence
from training.examples import build_dataset, encodable
from training.network import StanceNetwork
from training.outliers import clip_outliers
from training.trainer import Logits, collect_logits

OPSET = 21
INPUTS: dict[str, dict[int, str]] = {
    "input_ids": {0: "batch", 1: "tokens"},
    "attention_mask": {0: "batch", 1: "tokens"},
    "mention_weights": {0: "batch", 1: "entities", 2: "tokens"},
}
TOLERANCE = 1e-3
"""Largest difference of a logit that the float export may make; the order of sums differs, nothing else."""
OUTPUTS = ["label_logits", "toward_logits"]


@dataclass(frozen=True, slots=True)
class Parity:
    """How far the exported network's logits lie from torch's on held-out rows.

    Attributes:
        float_max: Largest difference of the float export to the network that was exported.
        int8_mean: Mean difference of the int8 export to the network that was trained.
        int8_max: Its largest difference.
        same_side: Share of label logits on the same side of zero in int8.
    """

    float_max: float
    int8_mean: float
    int8_max: float
    same_side: float


def export_network(network: StanceNetwork, path: Path, calibration: Sequence[Row], held_out: Sequence[Row]) -> Parity:
    """Write a network as int8 ONNX.

    Weights are quantised per output channel, activations with scales fixed beforehand on ``calibration``: with scales
    taken from each batch, as dynamic quantisation does, an answer would depend on its neighbours in the batch.

    Args:
        network: The trained network.
        path: The file to write.
        calibration: Rows from which the scales are taken.
        held_out: Rows on which the export is compared with torch.

    Raises:
        RuntimeError: the float export does not give torch's logits.
    """
    network.eval()
    clipped = copy.deepcopy(network)
    clip_outliers(clipped, map(_tensors, _feeds(calibration)))
    with tempfile.TemporaryDirectory() as folder:
        exported = Path(folder) / "float.onnx"
        _export_float(clipped, exported)
        float_max = max(_differences(_torch_logits(clipped, held_out), Runtime(exported).run(held_out)))
        if float_max > TOLERANCE:
            raise RuntimeError(f"the ONNX export differs from torch by {float_max:.2g} in a logit")
        _quantize(exported, path, calibration)
    reference, scored = _torch_logits(network, held_out), Runtime(path).run(held_out)
    differences = _differences(reference, scored)
    same = [np.mean((mine > 0) == (theirs[0] > 0)) for mine, theirs in zip(reference, scored, strict=True)]
    return Parity(float_max, float(np.mean(differences)), max(differences), float(np.mean(same)))


def exported_logits(
    path: Path, sentences: Sequence[AnnotatedSentence], encoder: Encoder, scheme: LabelScheme
) -> Logits:
    """Score the annotated entities of sentences with an exported network."""
    dataset = build_dataset(sentences, encoder, scheme)
    return collect_logits(dataset, Runtime(path).run(encoder.encode([encodable(sentence) for sentence in sentences])))


def _export_float(network: StanceNetwork, path: Path) -> None:
    # No dimension of the example may be 1 or equal another, or the exporter takes it for a constant.
    example = (
        torch.randint(5, 100, (3, 20)),
        torch.ones(3, 20, dtype=torch.long),
        torch.full((3, 4, 20), 1 / 20),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # The exporter warns of its own deprecated calls.
        program = torch.onnx.export(
            network,
            example,
            input_names=list(INPUTS),
            output_names=OUTPUTS,
            dynamic_shapes=INPUTS,
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    program.save(str(path), external_data=False)


def _quantize(source: Path, path: Path, calibration: Sequence[Row]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "embeddings.onnx"
        model = onnx.load(source)
        quantize_embeddings(model)
        onnx.save(model, small)
        quantize_static(
            small,
            path,
            _Feeds(calibration),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["MatMul"],
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
            extra_options={"MatMulConstBOnly": True, "WeightSymmetric": True},
        )


def quantize_embeddings(model: onnx.ModelProto) -> None:
    """Store large embedding tables as int8 with one scale a row; the graph multiplies the rows that it takes."""
    graph = model.graph
    tables = {tensor.name: tensor for tensor in graph.initializer}
    for node in list(graph.node):
        table = tables.get(node.input[0]) if node.op_type == "Gather" else None
        if table is None or table.data_type != TensorProto.FLOAT or len(table.dims) != 2 or table.dims[0] < 1000:
            continue
        values: NDArray[np.float32] = numpy_helper.to_array(table)
        scales = np.maximum(np.abs(values).max(axis=1, keepdims=True) / 127, 1e-12).astype(np.float32)
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


class _Feeds(CalibrationDataReader):  # type: ignore[misc]  # The base class has no types.
    """Feeds batches of rows to the quantiser."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._feeds = _feeds(rows)

    def get_next(self) -> dict[str, Any] | None:
        """Return the next batch, or None at the end."""
        return next(self._feeds, None)


def _feeds(rows: Sequence[Row]) -> Iterator[dict[str, Any]]:
    for batch in equal_length_batches(rows):
        yield build_feed([rows[index] for index in batch])


def _tensors(feed: dict[str, Any]) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(array) for name, array in feed.items()}


def _torch_logits(network: StanceNetwork, rows: Sequence[Row]) -> list[NDArray[np.float32]]:
    with torch.inference_mode():
        return [network(**_tensors(build_feed([row])))[0][0].float().numpy() for row in rows]


def _differences(reference: Sequence[NDArray[np.float32]], scored: Sequence[Scored]) -> list[float]:
    return [float(np.abs(mine - theirs[0]).max()) for mine, theirs in zip(reference, scored, strict=True)]
