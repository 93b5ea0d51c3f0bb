"""The HTTP process's way to the model: admission, deadlines, and a worker process that is kept alive."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Protocol

import anyio

from model.errors import ModelError
from service.admission import Admission, Reservation
from service.problems import ProblemError, ProblemType
from service.settings import Settings
from service.worker.frames import Call, Usage
from service.worker.handle import Worker, WorkerLostError
from service.worker.information import ModelInformation

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 2
GRACE_SECONDS = 1.0
"""How much longer than the deadline to wait: the worker answers what it has by then."""

FIRST_PAUSE, LONGEST_PAUSE = 0.25, 10.0
"""Seconds before a worker that could not be started is tried again; doubled each time."""


class Observer(Protocol):
    """Is told what happens."""

    def queue_changed(self, tokens: int) -> object:
        """So many tokens wait now."""

    def answered(self, tokens: int, sentences: int, waited_seconds: float) -> object:
        """A call has its answer."""

    def batch(self, tokens: int) -> object:
        """The network has read a batch."""

    def rejected(self, reason: str) -> object:
        """A call was refused or has failed."""

    def worker_started(self, info: dict[str, str]) -> object:
        """A worker is ready with a model."""

    def worker_lost(self) -> object:
        """The worker ended by itself."""


class Gateway:
    """Lets requests through to the worker, and keeps one running.

    Attributes:
        settings: The service's settings.
        admission: What waits.
        failure: Why the model could not be loaded at the start, once that is known.
    """

    def __init__(self, settings: Settings, observer: Observer) -> None:
        self.settings = settings
        self._observer = observer
        self.admission = Admission(settings.max_queue_tokens, observer.queue_changed)
        self.failure: str | None = None
        self._worker: Worker | None = None
        self._information: ModelInformation | None = None
        self._switching = asyncio.Lock()
        self._lost = asyncio.Event()

    async def run(self, on_failure: Callable[[], object] | None = None) -> None:
        """Start a worker, and start another whenever it ends, until cancelled.

        Args:
            on_failure: Called if the model cannot be loaded to begin with.
        """
        try:
            await self._begin()
        except (ModelError, WorkerLostError) as error:
            self.failure = str(error)
            if on_failure is not None:
                on_failure()
            return
        try:
            await self._keep()
        finally:
            with anyio.CancelScope(shield=True):
                if self._worker is not None:
                    await self._worker.stop()

    @property
    def ready(self) -> bool:
        """Whether a worker can be asked."""
        return self._worker is not None and not self._worker.lost.is_set()

    @property
    def worker_pid(self) -> int | None:
        """Process id of the worker that answers."""
        return self._worker.pid if self._worker is not None and self.ready else None

    @property
    def information(self) -> ModelInformation:
        """What the model is.

        Raises:
            ProblemError: 503, no worker is ready.
        """
        self._require_worker()
        assert self._information is not None
        return self._information

    async def call(self, operation: str, body: bytes, request_id: str) -> bytes:
        """Have the worker do an operation, if the queue has room for it.

        Raises:
            ProblemError: 429 if too much waits, 503 if no worker is there or it ends, 504 past the deadline, and
                whatever is wrong with the body.
        """
        self._require_worker()
        try:
            reservation = self.admission.admit(len(body))
        except ProblemError:
            self._observer.rejected(ProblemType.OVERLOADED.slug)
            raise
        return await self.ask(operation, body, request_id, reservation)

    async def ask(self, operation: str, body: bytes, request_id: str, reservation: Reservation) -> bytes:
        """Have the worker do an operation that has its place in the queue, and give the place back.

        Raises:
            ProblemError: as for `call`, but for 429.
        """
        deadline = time.monotonic() + self.settings.deadline_seconds
        call = Call(operation, body, request_id, deadline)
        try:
            async with asyncio.timeout(self.settings.deadline_seconds + GRACE_SECONDS):
                worker = self._require_worker()
                usage, answer = await worker.call(call, lambda usage: reservation.adjust(usage.tokens))
        except TimeoutError:
            self._observer.rejected(ProblemType.DEADLINE.slug)
            detail = f"There was no answer within {self.settings.deadline_seconds:g} seconds."
            raise ProblemError(ProblemType.DEADLINE, detail) from None
        except ProblemError as problem:
            # What is wrong with a body is the client's affair; the rest is ours.
            if problem.type.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                self._observer.rejected(problem.type.slug)
            raise
        finally:
            reservation.release()
        self._note(usage)
        return answer

    async def switch(self, settings: Settings) -> ModelInformation:
        """Start a worker with other settings, ask it from now on, and let the present one finish what it has.

        Raises:
            ModelError: the new model cannot be loaded; the present one goes on.
        """
        async with self._switching:
            old = self._worker
            worker = await Worker.start(settings, self._lost.set)
            try:
                information = await worker.information()
            except WorkerLostError as error:
                await worker.stop()
                raise ModelError(str(error)) from None
            except BaseException:
                await worker.stop()
                raise
            self.settings = settings
            self._take_over(worker, information)
            if old is not None:
                await _finish(old, settings.deadline_seconds + GRACE_SECONDS)
            return information

    def _note(self, usage: Usage) -> None:
        self._observer.answered(usage.tokens, usage.sentences, usage.waited)
        for tokens in usage.batches:
            self._observer.batch(tokens)

    def _require_worker(self) -> Worker:
        if self._worker is not None and self.ready:
            return self._worker
        if self.failure is not None:
            raise ProblemError(ProblemType.MODEL_NOT_READY, f"The model could not be loaded: {self.failure}.")
        raise ProblemError(
            ProblemType.MODEL_NOT_READY,
            "The model is being loaded; try again in a moment.",
            headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
        )

    async def _begin(self) -> None:
        worker = await Worker.start(self.settings, self._lost.set)
        try:
            self._take_over(worker, await worker.information())
        except BaseException:
            with anyio.CancelScope(shield=True):
                await worker.stop()
            raise

    async def _keep(self) -> None:
        """Replace workers that end by themselves."""
        pause = 0.0
        while True:
            if self.ready:
                await self._lost.wait()
                self._lost.clear()
                continue  # It may be one that was switched for another.
            if self._worker is not None:
                logger.error("the model's process %d ended; it is started again", self._worker.pid)
                self._observer.worker_lost()
                await self._worker.stop()
                self._worker = None
            await asyncio.sleep(pause)
            try:
                await self._begin()
                pause = 0.0
            except (ModelError, WorkerLostError) as error:
                pause = min(LONGEST_PAUSE, max(FIRST_PAUSE, 2 * pause))
                logger.error("the model's process cannot be started, next try in %g s: %s", pause, error)

    def _take_over(self, worker: Worker, information: ModelInformation) -> None:
        self._worker, self._information = worker, information
        self._observer.worker_started(information.model.model_dump())
        logger.info("model %s is ready in process %d", information.model.name, worker.pid)


async def _finish(worker: Worker, seconds: float) -> None:
    """Stop a worker once its calls are answered, or after so many seconds."""
    until = time.monotonic() + seconds
    while worker.busy and time.monotonic() < until and not worker.lost.is_set():
        await asyncio.sleep(0.02)
    await worker.stop()
