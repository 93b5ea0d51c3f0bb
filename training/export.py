"""From a torch network to ``model.onnx``: int8 with fixed scales, checked against torch."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray

from model.annotation import AnnotatedSentence
from model.batching import Scored, equal_length_batches
from model.calibration import plain_probabilities, taken_labels
from model.encoding import Encoder, Row
from model.runtime import Runtime, build_feed
from model.scheme import STANCES, LabelScheme
from training.examples import build_dataset, encodable
from training.graphs import float_graph, traced_graph
from training.network import StanceNetwork
from training.prediction import Logits, collect_logits
from training.quantization import measure_ranges, quantize_embeddings, quantize_products

TOLERANCE = 1e-3
"""Largest difference of a logit that the float export may make; the order of sums differs, nothing else."""


@dataclass(frozen=True, slots=True)
class Parity:
    """How far the exported network's logits lie from torch's on held-out rows.

    Attributes:
        float_max: Largest difference of the float export.
        int8_mean: Mean difference of the int8 export.
        int8_max: Its largest difference.
        same_side: Share of label logits on the same side of zero in int8; where labels exclude each other, of the
            same choice.
    """

    float_max: float
    int8_mean: float
    int8_max: float
    same_side: float


def export_network(
    network: StanceNetwork,
    path: Path,
    calibration: Sequence[Row],
    held_out: Sequence[Row],
    scheme: LabelScheme = STANCES,
) -> Parity:
    """Write a network as int8 ONNX.

    Weights are quantised per output channel, activations with scales fixed beforehand on ``calibration``: with scales
    taken from each batch, as dynamic quantisation does, an answer would depend on its neighbours in the batch.

    Args:
        network: The trained network.
        path: The file to write.
        calibration: Rows from which the scales are taken.
        held_out: Rows on which the export is compared with torch.
        scheme: Says what a decision is.

    Raises:
        RuntimeError: the float export does not give torch's logits.
    """
    network.eval()
    reference = _torch_logits(network, held_out)
    with tempfile.TemporaryDirectory() as folder:
        exported = Path(folder) / "float.onnx"
        float_max = _export_float(network, exported, held_out, reference)
        _quantize(exported, path, calibration)
    scored = Runtime(path).run(held_out)
    differences = _differences(reference, scored)
    same = [
        np.mean(_plain(mine, scheme) == _plain(theirs[0], scheme))
        for mine, theirs in zip(reference, scored, strict=True)
    ]
    return Parity(float_max, float(np.mean(differences)), max(differences), float(np.mean(same)))


def exported_logits(
    path: Path, sentences: Sequence[AnnotatedSentence], encoder: Encoder, scheme: LabelScheme
) -> Logits:
    """Score the annotated entities of sentences with an exported network."""
    dataset = build_dataset(sentences, encoder, scheme)
    return collect_logits(dataset, Runtime(path).run(encoder.encode([encodable(sentence) for sentence in sentences])))


def _plain(logits: NDArray[np.float32], scheme: LabelScheme) -> NDArray[np.bool_]:
    """Return what label logits decide without calibration."""
    if scheme.multi_label:
        return logits > 0
    return taken_labels(plain_probabilities(logits, scheme), np.zeros(logits.shape[1]), scheme)


def _export_float(
    network: StanceNetwork, path: Path, held_out: Sequence[Row], reference: Sequence[NDArray[np.float32]]
) -> float:
    """Write a network in float, and return by how much its logits differ from torch's at most."""
    float_max = float("inf")
    for graph_of in (float_graph, traced_graph):
        graph = graph_of(network)
        if graph is None:
            continue
        onnx.save(graph, path)
        float_max = max(_differences(reference, Runtime(path).run(held_out)))
        if float_max <= TOLERANCE:
            return float_max
    raise RuntimeError(f"the ONNX export differs from torch by {float_max:.2g} in a logit")


def _quantize(source: Path, path: Path, calibration: Sequence[Row]) -> None:
    model = onnx.load(source)
    quantize_products(model, measure_ranges(model, _feeds(calibration)))
    quantize_embeddings(model)
    onnx.save(model, path)


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
