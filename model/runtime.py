"""Rows of token ids through the ONNX runtime, shared batches on a few threads."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from model.batching import BatchQueue, Flow, Item, Scored, Ticket
from model.directory import refuse_external_data
from model.encoding import Row
from model.errors import ClosedError, ModelError


class Runtime:
    """An ONNX network that scores rows; any number of threads may use it at once.

    Rows of all callers share batches. Only rows of the same length do, so nothing is computed for padding, and an
    answer does not depend on what else happens to be asked at the same time. A batch runs on one thread: several
    batches side by side fill the processors better than several threads on one batch.

    Attributes:
        outputs: How many labels the network scores; a name where that is open.
        on_batch: Called with the token ids of every batch, from the thread that scores it.
    """

    def __init__(self, path: Path, threads: int | None = None) -> None:
        """Load the network; ``threads`` defaults to the processors that this process may use.

        Raises:
            ModelError: the runtime cannot read the file, or it refers to others.
        """
        network = path.read_bytes()
        refuse_external_data(path, network)
        try:
            self._session = open_session(network)
        except Exception as error:  # The runtime raises bare exceptions of its own, without a common base.
            raise ModelError(f"{path}: the ONNX runtime cannot load it: {error}") from None
        self.outputs = self._session.get_outputs()[0].shape[-1]
        self._inputs = {given.name for given in self._session.get_inputs()}
        self._threads = threads or processors()
        self._workers = ThreadPoolExecutor(self._threads, thread_name_prefix="network")
        self._working = 0
        self._closed = False
        self._queue = BatchQueue()
        self._lock = threading.Lock()
        self.on_batch: Callable[[int], object] = lambda _: None

    def submit(self, rows: Sequence[Row], flow: Flow | None = None) -> Ticket:
        """Queue rows and return at once; the ticket's future gives their scores in the order given.

        The future raises `DeadlineError` if the flow's deadline passes first, and whatever the runtime raises over
        a row; rows of others are not affected. Once the runtime is closed, it raises `ClosedError`.
        """
        flow = flow or Flow()
        with self._lock:
            if self._closed:
                return _closed(Ticket(flow.deadline))
            ticket = self._queue.put(rows, flow)
            # Not more threads than there are rows: waking one for nothing costs those that work.
            woken = min(self._threads - self._working, len(rows))
            self._working += woken
            # Before anybody can close the runtime, after which no thread takes work any more.
            for _ in range(woken):
                self._workers.submit(self._work)
        if ticket.done:
            ticket.finish()
        return ticket

    def run(self, rows: Sequence[Row]) -> list[Scored]:
        """Score rows, and return for each of them, in the order given, label logits and target logits."""
        return self.submit(rows).future.result()

    def close(self) -> None:
        """Finish the batches that are being scored, and tell all who wait for others that there will be no scores."""
        with self._lock:
            self._closed = True
            waiting = self._queue.clear()
        for ticket in waiting:
            _closed(ticket)
        self._workers.shutdown()

    def _work(self) -> None:
        """Score batches until none waits."""
        while True:
            with self._lock:
                batch = self._queue.take()
                if not batch:
                    self._working -= 1
                    return
            self._score(batch)

    def _score(self, batch: Sequence[Item]) -> None:
        try:
            scored = self._infer([item.row for item in batch])
        except Exception as error:
            self._blame(batch, error)
            return
        self.on_batch(sum(len(item.row.ids) for item in batch))
        with self._lock:
            finished = [ticket for pair in zip(batch, scored, strict=True) for ticket in self._queue.deliver(*pair)]
        for ticket in finished:
            ticket.finish()

    def _blame(self, batch: Sequence[Item], error: Exception) -> None:
        """Find the row on which a batch failed, by halves, and fail those who asked for it."""
        if len(batch) > 1:
            self._score(batch[: len(batch) // 2])
            self._score(batch[len(batch) // 2 :])
            return
        with self._lock:
            failed = self._queue.fail(batch[0])
        for ticket in failed:
            ticket.fail(error)

    def _infer(self, rows: Sequence[Row]) -> list[Scored]:
        feed = build_feed(rows)
        if "attention_mask" in self._inputs:  # As networks of entity-stance 0.1 and 0.2.0 have it.
            feed["attention_mask"] = np.ones_like(feed["input_ids"])
        labels, toward = self._session.run(None, feed)
        counts = [len(row.entities) for row in rows]
        return [(labels[place, :count], toward[place, :count, :count]) for place, count in enumerate(counts)]


def _closed(ticket: Ticket) -> Ticket:
    ticket.fail(ClosedError("the classifier is closed"))
    return ticket


def open_session(network: bytes, threads: int = 1) -> Any:
    """Open a network in the ONNX runtime; ``threads`` share each run."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # A plan of the memory for every shape that comes along is 50 MB, and no faster.
    options.enable_mem_pattern = False
    # The fused operator takes four times as long on the CPU as the two that it stands for.
    slow = ["SkipLayerNormFusion"]
    return ort.InferenceSession(network, options, providers=["CPUExecutionProvider"], disabled_optimizers=slow)


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def build_feed(rows: Sequence[Row]) -> dict[str, NDArray[Any]]:
    """Build the network's inputs from rows of equal length."""
    ids = np.array([row.ids for row in rows], dtype=np.int64)
    weights = np.zeros((len(rows), max(len(row.entities) for row in rows), ids.shape[1]), dtype=np.float32)
    for index, row in enumerate(rows):
        for entity, positions in enumerate(row.positions):
            weights[index, entity, positions] = 1 / len(positions)
    return {"input_ids": ids, "mention_weights": weights}
