"""Graphs that are made once for an architecture hold the weights of the network that they are asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from model.encoding import Row
from model.runtime import Runtime, build_feed

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")

ROWS = [Row(0, [5, 9, 7, 8, 6], (0, 1), ((1,), (3,))), Row(1, [5, 11, 12, 6], (0,), ((1, 2),))]


@pytest.mark.parametrize("base", ["tiny_bert", "tiny_roberta"])
def test_networks_of_one_architecture_share_a_trace_and_no_weights(
    base: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training import graphs
    from training.base import load_network

    traces = []
    trace = graphs.traced_graph
    monkeypatch.setattr(graphs, "traced_graph", lambda network: traces.append(1) or trace(network))
    graphs._TEMPLATES.clear()
    for seed in range(3):
        torch.manual_seed(seed)
        network, _ = load_network(str(request.getfixturevalue(base)), 4)
        network.eval()
        if seed == 2:  # weights that cannot be told from each other by their values
            with torch.no_grad():
                for parameter in network.parameters():
                    parameter.fill_(0.01)
        graph = graphs.float_graph(network)
        assert graph is not None
        onnx.save(graph, tmp_path / "model.onnx")
        for row, (labels, toward) in zip(ROWS, Runtime(tmp_path / "model.onnx").run(ROWS), strict=True):
            feed = {name: torch.from_numpy(array) for name, array in build_feed([row]).items()}
            with torch.inference_mode():
                expected = [tensor[0].numpy() for tensor in network(**feed)]
            assert labels == pytest.approx(expected[0], abs=1e-4)
            assert toward == pytest.approx(expected[1], abs=1e-4)
            assert np.isfinite(labels).all()
    assert len(traces) == 1
