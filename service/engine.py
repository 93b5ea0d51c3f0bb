"""The classifier of a running application: loaded in the background, its batches shared by all requests."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio
import orjson
from anyio import to_thread

from model.classifier import StanceClassifier
from model.errors import EntityStanceError
from service.bodies import parse_json
from service.classification import Classification
from service.errors import ProblemError, ProblemType
from service.settings import Settings
from service.validation import read_request

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 2
PREPARING_THREADS = 2


class Engine:
    """Loads the classifier and runs requests through it without blocking the event loop.

    Attributes:
        settings: The service's settings.
        failure: Why the model could not be loaded, once that is known.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.failure: str | None = None
        self._classifier: StanceClassifier | None = None
        self._turns = asyncio.Semaphore(settings.max_concurrency)
        # Python lets one thread run at a time; a second one takes over whenever the first reads or writes.
        self._threads: anyio.CapacityLimiter | None = None

    async def load(self, on_failure: Callable[[], object] | None = None) -> None:
        """Load the model in a worker thread; a failure is logged, kept and reported to the callback."""
        settings = self.settings
        self._threads = anyio.CapacityLimiter(PREPARING_THREADS)
        try:
            classifier = await to_thread.run_sync(
                lambda: StanceClassifier.from_pretrained(settings.model, threads=settings.threads)
            )
        except Exception as error:
            expected = isinstance(error, EntityStanceError)
            self.failure = str(error) if expected else "an unexpected error occurred; the service's log has the cause"
            logger.critical("the model could not be loaded: %s", error, exc_info=not expected)
            if on_failure is not None:
                on_failure()
        else:
            self._classifier = classifier
            logger.info("model %s is ready", classifier.info.name)

    @property
    def classifier(self) -> StanceClassifier:
        """The classifier.

        Raises:
            ProblemError: 503, it is not loaded yet or could not be.
        """
        if self._classifier is not None:
            return self._classifier
        if self.failure is not None:
            raise ProblemError(ProblemType.MODEL_NOT_READY, f"The model could not be loaded: {self.failure}.")
        raise ProblemError(
            ProblemType.MODEL_NOT_READY,
            "The model is being loaded; try again in a moment.",
            headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
        )

    async def classify(self, body: bytes) -> bytes:
        """Answer the JSON body of ``POST /classify`` in JSON.

        Requests wait for their turn first come, first served; those whose turn it is share the network's batches.
        Parsing, validation and serialisation happen in worker threads.

        Raises:
            ProblemError: the request cannot be answered.
        """
        classifier = self.classifier
        deadline = time.monotonic() + self.settings.deadline_seconds
        async with self._turn():
            classification = await to_thread.run_sync(self._begin, classifier, body, deadline, limiter=self._threads)
            try:
                await classification.wait()
                return await to_thread.run_sync(_finish, classification, limiter=self._threads)
            finally:
                classification.cancel()

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Wait until fewer than ``max_concurrency`` other requests are being worked on."""
        try:
            with anyio.fail_after(self.settings.deadline_seconds):
                await self._turns.acquire()
        except TimeoutError:
            detail = f"The service was too busy to begin within {self.settings.deadline_seconds:g} seconds."
            headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
            raise ProblemError(ProblemType.DEADLINE, detail, headers=headers) from None
        try:
            yield
        finally:
            self._turns.release()

    def _begin(self, classifier: StanceClassifier, body: bytes, deadline: float) -> Classification:
        return Classification(classifier, read_request(parse_json(body), self.settings), deadline)


def _finish(classification: Classification) -> bytes:
    return orjson.dumps(classification.answer(), option=orjson.OPT_SERIALIZE_NUMPY)
