"""The limits: the bare ONNX runtime on ready token ids, and the machine's int8 matrix products."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from model.batching import equal_length_batches
from model.encoding import Row
from model.runtime import build_feed, open_session, processors

OPERATIONS_SIZE = (1024, 384, 1536)


class BareRuntime:
    """The network's session on feeds that are ready: the limit for any path through this runtime.

    Ways to run it: one batch after the other on all processors, or one batch a processor; rows singly or in batches of
    equal length.
    """

    WAYS = ("all threads on a batch", "a batch a thread", "a row a thread")

    def __init__(self, network: Path, rows: Sequence[Row]) -> None:
        batches = [build_feed([rows[index] for index in batch]) for batch in equal_length_batches(rows)]
        singles = [build_feed([row]) for row in rows]
        self._feeds = {way: singles if "row" in way else batches for way in self.WAYS}
        self._sessions = {
            way: open_session(network.read_bytes(), processors() if way == self.WAYS[0] else 1) for way in self.WAYS
        }

    def run(self, way: str) -> None:
        """Score all rows."""
        session, feeds = self._sessions[way], self._feeds[way]
        if way == self.WAYS[0]:
            for feed in feeds:
                session.run(None, feed)
            return
        with ThreadPoolExecutor(processors()) as pool:
            list(pool.map(lambda feed: session.run(None, feed), feeds))


def int8_operations(seconds: float = 1.0) -> float:
    """Measure int8 multiplications and additions a second, on all processors, in a product of the network's shape."""
    rows, inner, columns = OPERATIONS_SIZE
    weight = np.random.default_rng(1).integers(-127, 127, (inner, columns), dtype=np.int8)
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["a", "b"], ["c"])],
        "product",
        [helper.make_tensor_value_info("a", TensorProto.UINT8, [rows, inner])],
        [helper.make_tensor_value_info("c", TensorProto.INT32, [rows, columns])],
        [onnx.numpy_helper.from_array(weight, "b")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    session = open_session(model.SerializeToString())
    feed = {"a": np.random.default_rng(2).integers(0, 255, (rows, inner), dtype=np.uint8)}

    def work(_: int) -> int:
        done, until = 0, time.perf_counter() + seconds
        while time.perf_counter() < until:
            session.run(None, feed)
            done += 1
        return done

    with ThreadPoolExecutor(processors()) as pool:
        started = time.perf_counter()
        products = sum(pool.map(work, range(processors())))
        return products * 2.0 * rows * inner * columns / (time.perf_counter() - started)


def operations(network: Path, rows: Sequence[Row]) -> float:
    """Return the int8 multiplications and additions that the rows take in the network's matrix products by weights."""
    graph = onnx.load(network).graph
    looked_up = {name for node in graph.node if node.op_type == "Gather" for name in node.input}
    weights = sum(
        int(np.prod(tensor.dims))
        for tensor in graph.initializer
        if tensor.data_type == TensorProto.INT8 and len(tensor.dims) == 2 and tensor.name not in looked_up
    )
    return 2.0 * weights * sum(len(row.ids) for row in rows)
