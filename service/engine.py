"""The classifier of a running application: loaded in the background, used from a few worker threads."""

from __future__ import annotations

import logging
from collections.abc import Callable

import anyio
import anyio.to_thread
import orjson

from model.classifier import StanceClassifier
from model.errors import EntityStanceError
from service.bodies import parse_json
from service.classification import answer
from service.errors import ProblemError, ProblemType
from service.settings import Settings
from service.validation import read_request

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 2


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
        self._limiter: anyio.CapacityLimiter | None = None

    async def load(self, on_failure: Callable[[], object] | None = None) -> None:
        """Load the model in a worker thread; a failure is logged, kept and reported to the callback."""
        settings = self.settings
        self._limiter = anyio.CapacityLimiter(settings.max_concurrency)
        try:
            classifier = await anyio.to_thread.run_sync(
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

        Parsing, validation, classification and serialisation all happen in a worker thread.

        Raises:
            ProblemError: the request cannot be answered.
        """
        classifier = self.classifier
        return await anyio.to_thread.run_sync(self._classify, classifier, body, limiter=self._limiter)

    def _classify(self, classifier: StanceClassifier, body: bytes) -> bytes:
        request = read_request(parse_json(body), self.settings)
        return orjson.dumps(answer(classifier, request), option=orjson.OPT_SERIALIZE_NUMPY)
