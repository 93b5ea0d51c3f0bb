"""What the model's process does with the operations that it is asked for."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import anyio
import orjson
from anyio import to_thread

from model.batching import Flow
from model.classifier import StanceClassifier
from service.bodies import parse_json
from service.classification import Classification
from service.explaining import explain_answer, explain_request
from service.problems import ProblemError, ProblemType
from service.settings import Settings
from service.validation import ClassificationRequest, read_document_line, read_request
from service.worker.frames import Call, Usage

logger = logging.getLogger(__name__)

PREPARING_THREADS = 2
"""Python lets one thread run at a time; a second one takes over whenever the first reads or writes."""

EXPLAINING_THREADS = 2

OnRead = Callable[[Usage], Awaitable[None]]
_Read = Callable[[bytes, Settings], ClassificationRequest]


class Engine:
    """Does operations with the classifier, many at once, whose sentences share the network's batches."""

    def __init__(self, classifier: StanceClassifier, settings: Settings) -> None:
        """Serve a classifier within the limits of the settings."""
        self.classifier = classifier
        self.settings = settings
        self._turns = asyncio.Semaphore(settings.max_concurrency)
        self._threads = anyio.CapacityLimiter(PREPARING_THREADS)
        # An explanation holds its thread until the network has read a row for each word: few at a time.
        self._explaining = anyio.CapacityLimiter(EXPLAINING_THREADS)
        self._batches: list[int] = []
        classifier.watch_batches(self._batches.append)

    async def do(self, call: Call, on_read: OnRead) -> tuple[Usage, bytes]:
        """Do an operation: ``classify``, ``document`` or ``explain``.

        Calls wait for their turn first come, first served. Parsing, validation and serialisation happen in worker
        threads.

        Args:
            call: What to do.
            on_read: Told once what the network has to do for it.

        Raises:
            ProblemError: the call cannot be answered.
        """
        match call.operation:
            case "classify":
                return await self._classify(call, _read_body, Classification.answer, on_read)
            case "document":
                return await self._classify(call, _read_line, partial(_document_line, call.body), on_read)
            case "explain":
                return await self._explain(call)
        raise ValueError(f"no such operation: {call.operation}")

    async def _classify(
        self, call: Call, read: _Read, answer: Callable[[Classification], dict[str, Any]], on_read: OnRead
    ) -> tuple[Usage, bytes]:
        def begin() -> Classification:
            return Classification(self.classifier, read(call.body, self.settings), call.deadline)

        def finish() -> bytes:
            return orjson.dumps(answer(classification), option=orjson.OPT_SERIALIZE_NUMPY)

        arrived = time.monotonic()
        async with self._turn(call.deadline):
            classification = await to_thread.run_sync(begin, limiter=self._threads)
            try:
                usage = Usage(classification.tokens, classification.sentences, time.monotonic() - arrived)
                await on_read(usage)
                await classification.wait()
                body = await to_thread.run_sync(finish, limiter=self._threads)
            finally:
                classification.cancel()
        return Usage(usage.tokens, usage.sentences, usage.waited, self._take_batches()), body

    async def _explain(self, call: Call) -> tuple[Usage, bytes]:
        def explain() -> bytes:
            query = explain_request(parse_json(call.body), self.settings)
            return orjson.dumps(explain_answer(self.classifier, query, Flow(call.deadline)))

        async with self._turn(call.deadline):
            body = await to_thread.run_sync(explain, limiter=self._explaining)
        return Usage(batches=self._take_batches()), body

    def _take_batches(self) -> tuple[int, ...]:
        taken, self._batches[:] = tuple(self._batches), []
        return taken

    @asynccontextmanager
    async def _turn(self, deadline: float) -> AsyncIterator[None]:
        """Wait until fewer than ``max_concurrency`` other calls are being worked on."""
        try:
            with anyio.fail_after(deadline - time.monotonic()):
                await self._turns.acquire()
        except TimeoutError:
            detail = f"The service was too busy to begin within {self.settings.deadline_seconds:g} seconds."
            raise ProblemError(ProblemType.DEADLINE, detail) from None
        try:
            yield
        finally:
            self._turns.release()


def _read_body(body: bytes, settings: Settings) -> ClassificationRequest:
    return read_request(parse_json(body), settings)


def _read_line(body: bytes, settings: Settings) -> ClassificationRequest:
    """Read a document, before which stands a line with the options and its number."""
    head, _, line = body.partition(b"\n")
    return read_document_line(parse_json(line), orjson.loads(head)["options"], settings)


def _document_line(body: bytes, classification: Classification) -> dict[str, Any]:
    document = classification.only_document()
    if "error" in document:
        return {"line": orjson.loads(body.partition(b"\n")[0])["line"], **document}
    return document
