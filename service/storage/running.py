"""The storage of a running application."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any, Concatenate, ParamSpec, TypeVar

import anyio
from anyio import to_thread
from anyio.abc import TaskStatus
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from model.errors import EntityStanceError
from service.problems import ProblemError, ProblemType
from service.settings import Settings
from service.storage.corrections import purge
from service.storage.database import Database, StorageDownError, StorageError
from service.storage.records import NewReviewItem, Origin, now
from service.storage.review import add_items

logger = logging.getLogger(__name__)

PURGE_SECONDS = 3600
RETRY_AFTER_SECONDS = 5

P = ParamSpec("P")
T = TypeVar("T")


class Storage:
    """Runs transactions in worker threads, as many at once as there are connections, so none waits for a connection.

    Attributes:
        database: The database.
        settings: The service's settings.
    """

    def __init__(self, settings: Settings) -> None:
        """Prepare; nothing is connected yet.

        Raises:
            StorageError: the database's URL is faulty, or its driver is not installed.
        """
        self.database = Database(settings.database_url, settings.database_pool_size)
        self.settings = settings
        self._threads: anyio.CapacityLimiter | None = None

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Check the tables and say that this has started; then delete what is too old from time to time.

        A database that does not answer yet is no reason not to classify: it is checked when it is first used.

        Raises:
            StorageError: the tables are not this version's.
        """
        try:
            await to_thread.run_sync(self.database.prepare, limiter=self._limiter())
        except StorageDownError as error:
            logger.warning("the database %s does not answer: %s", self.database.name, error)
        task_status.started()
        try:
            while self.settings.retention_days is not None:
                await self._purge(self.settings.retention_days)
                await anyio.sleep(PURGE_SECONDS)
            await anyio.sleep_forever()
        finally:
            self.database.close()

    async def read(self, do: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a query.

        Raises:
            ProblemError: 503, the database cannot be used.
        """

        def work() -> T:
            with self.database.read() as connection:
                return do(connection, *args, **kwargs)

        return await self._call(work)

    async def write(self, do: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a change; when this returns, it has been made for good.

        Raises:
            ProblemError: 503, the database cannot be used.
        """

        def work() -> T:
            with self.database.write() as connection:
                return do(connection, *args, **kwargs)

        return await self._call(work)

    def store_answer(self, answer: Mapping[str, Any], thresholds: Mapping[str, float] | None = None) -> None:
        """Offer the sentences of an answer of ``POST /classify`` to the review queue, if ``store_texts`` is on.

        It blocks, so call it in a worker thread, off the request's path. It never fails: what cannot be stored is
        logged, without its text.

        Args:
            answer: The answer, as plain JSON data.
            thresholds: Per label, the probability from which the model takes it; 0.5 when unknown.
        """
        if not self.settings.store_texts:
            return
        items = list(_sentences(answer))
        if not items:
            return
        try:
            with self.database.write() as connection:
                add_items(connection, items, {answer["model"]["sha256"]: thresholds or {}})
        except (EntityStanceError, SQLAlchemyError) as error:
            logger.warning("%d sentences could not be offered for review: %s", len(items), error)

    async def _purge(self, days: int) -> None:
        before = now() - timedelta(days=days)
        try:
            deleted, items = await self.write(purge, before)
        except ProblemError as error:
            logger.warning("what is older than %d days could not be deleted: %s", days, error.detail)
        else:
            if deleted or items:
                logger.info("deleted %d corrections and %d sentences older than %d days", deleted, items, days)

    async def _call(self, work: Callable[[], T]) -> T:
        try:
            return await to_thread.run_sync(work, limiter=self._limiter())
        except (StorageDownError, StorageError) as error:
            logger.warning("the database cannot be used: %s", error)
            outdated = isinstance(error, StorageError)
            detail = (
                "The database's tables are not those of this version." if outdated else "The database does not answer."
            )
            headers = {} if outdated else {"Retry-After": str(RETRY_AFTER_SECONDS)}
            raise ProblemError(ProblemType.STORAGE_DOWN, detail, headers=headers) from None

    def _limiter(self) -> anyio.CapacityLimiter:
        if self._threads is None:
            self._threads = anyio.CapacityLimiter(self.settings.database_pool_size)
        return self._threads


def check_storage(settings: Settings) -> None:
    """Check the database before a server starts: URL, driver and tables; one that does not answer passes.

    Raises:
        StorageError: it is not usable as it is set up.
    """
    if not settings.database_url:
        return
    database = Database(settings.database_url)
    try:
        database.prepare()
    except StorageDownError:
        pass  # It may come back; the running server says so whenever it is used.
    finally:
        database.close()


def _sentences(answer: Mapping[str, Any]) -> Iterator[NewReviewItem]:
    for document in answer["documents"]:
        origin = Origin(answer["model"], {"id": document["id"], "date": None})
        for sentence in document.get("sentences", ()):
            if sentence["entities"]:
                yield NewReviewItem(sentence["text"], origin, sentence["entities"])
