"""Rows of token ids through the ONNX runtime, in batches of equal length."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from model.encoding import Row
from model.errors import ModelError

BATCH_TOKENS = 1024
"""Token ids in a batch, at most; larger batches leave the processor's caches and gain nothing."""

Floats = NDArray[np.float32]


class Runtime:
    """An ONNX network that scores rows.

    Only rows of the same length share a batch. So nothing is computed for padding, and an answer does not depend on
    what else happens to be asked at the same time.
    """

    def __init__(self, path: Path, threads: int | None = None) -> None:
        """Load the network; ``threads`` defaults to the processors that this process may use.

        Raises:
            ModelError: the runtime cannot read the file.
        """
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads or _processors()
        options.inter_op_num_threads = 1
        # Threads that spin while they wait take the cores from whatever else runs on the machine.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = ort.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # The runtime raises bare exceptions of its own, without a common base.
            raise ModelError(f"{path}: the ONNX runtime cannot load it: {error}") from None

    def run(self, rows: Sequence[Row]) -> list[tuple[Floats, Floats]]:
        """Score rows.

        Returns:
            For each row, in the order given, label logits ``[entities, labels]`` and target logits
            ``[entities, entities, labels]``.
        """
        scores: list[tuple[Floats, Floats] | None] = [None] * len(rows)
        for indices in equal_length_batches(rows):
            labels, toward = self._session.run(None, build_feed([rows[index] for index in indices]))
            for place, index in enumerate(indices):
                count = len(rows[index].entities)
                scores[index] = labels[place, :count], toward[place, :count, :count]
        return [score for score in scores if score is not None]


def _processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def equal_length_batches(rows: Sequence[Row]) -> Iterator[list[int]]:
    """Yield indices of rows of equal length, within the token budget."""
    by_length: dict[int, list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        by_length[len(row.ids)].append(index)
    for length, indices in sorted(by_length.items()):
        size = max(1, BATCH_TOKENS // length)
        for start in range(0, len(indices), size):
            yield indices[start : start + size]


def build_feed(rows: Sequence[Row]) -> dict[str, NDArray[Any]]:
    """Build the network's inputs from rows of equal length."""
    ids = np.array([row.ids for row in rows], dtype=np.int64)
    weights = np.zeros((len(rows), max(len(row.entities) for row in rows), ids.shape[1]), dtype=np.float32)
    for index, row in enumerate(rows):
        for entity, positions in enumerate(row.positions):
            weights[index, entity, positions] = 1 / len(positions)
    return {"input_ids": ids, "attention_mask": np.ones_like(ids), "mention_weights": weights}
