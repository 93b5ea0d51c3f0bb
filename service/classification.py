"""Answers validated requests with a classifier."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from model.batching import Flow
from model.classifier import PendingDocument, StanceClassifier
from model.documents import Document
from model.errors import DocumentError
from model.results import DocumentResult
from service.problems import Fault, ProblemError, ProblemType, common_type, describe, printable
from service.validation import ClassificationRequest, Rejected, document_fault

logger = logging.getLogger(__name__)


class Classification:
    """A request whose documents wait for the network, together with those of other requests.

    Each document has an outcome of its own: what goes wrong with one never costs the others their answer.
    """

    def __init__(self, classifier: StanceClassifier, request: ClassificationRequest, deadline: float) -> None:
        """Read the good documents of a request and queue their sentences.

        Args:
            classifier: Who answers.
            request: What is asked.
            deadline: Time of the monotonic clock, in seconds, after which documents fail that have no answer yet.
        """
        self._classifier = classifier
        self._request = request
        self._deadline = deadline
        flow = Flow(deadline)
        self._pending = [
            self._submit(index, item, flow) if isinstance(item, Document) else item
            for index, item in enumerate(request.documents)
        ]

    @property
    def tokens(self) -> int:
        """How many token ids the network reads for it."""
        return sum(item.tokens for item in self._pending if isinstance(item, PendingDocument))

    @property
    def sentences(self) -> int:
        """How many sentences go through the network."""
        return sum(item.sentences for item in self._pending if isinstance(item, PendingDocument))

    async def wait(self) -> None:
        """Wait until the network has read all sentences, or the deadline has passed."""
        futures = [asyncio.wrap_future(item.future) for item in self._pending if isinstance(item, PendingDocument)]
        if futures:
            await asyncio.wait(futures, timeout=max(0, self._deadline - time.monotonic()))

    def cancel(self) -> None:
        """Spare the network whatever nobody waits for any more."""
        for item in self._pending:
            if isinstance(item, PendingDocument):
                item.cancel()

    def answer(self) -> dict[str, Any]:
        """Return the ``POST /classify`` answer.

        Raises:
            ProblemError: no document could be classified.
        """
        outcomes = [self._outcome(index, item) for index, item in enumerate(self._pending)]
        if not any(isinstance(outcome, DocumentResult) for outcome in outcomes):
            raise rejection(outcomes)
        return {"model": asdict(self._classifier.info), "documents": [_document(outcome) for outcome in outcomes]}

    def only_document(self) -> dict[str, Any]:
        """Return what ``documents`` of the answer holds for a request of one document, be it an error."""
        return _document(self._outcome(0, self._pending[0]))

    def _submit(self, index: int, document: Document, flow: Flow) -> PendingDocument | Rejected:
        request = self._request
        try:
            return self._classifier.submit(document, countries=request.countries, blocs=request.blocs, flow=flow)
        except Exception as error:
            return self._failed(index, error)

    def _outcome(self, index: int, item: PendingDocument | Rejected) -> DocumentResult | Rejected:
        if isinstance(item, Rejected):
            return item
        try:
            return item.result(timeout=0)
        except Exception as error:
            return self._failed(index, error)

    def _failed(self, index: int, error: Exception) -> Rejected:
        path = self._request.path(index)
        match error:
            case DocumentError():
                fault = document_fault(error, path)
            case TimeoutError():
                fault = Fault(path or "text", "was not classified in time", type=ProblemType.DEADLINE)
            case _:
                logger.error("document %d of %d failed", index, len(self._request.documents), exc_info=error)
                reason = "could not be classified: the service failed on it"
                fault = Fault(path or "text", reason, type=ProblemType.INTERNAL)
        return Rejected(self._request.documents[index].id, (fault,))


def rejection(outcomes: Sequence[object]) -> ProblemError:
    """Return the problem of a request none of whose documents could be classified."""
    return ProblemError.from_faults(
        [fault for outcome in outcomes if isinstance(outcome, Rejected) for fault in outcome.faults]
    )


def _document(outcome: DocumentResult | Rejected) -> dict[str, Any]:
    return outcome.to_dict() if isinstance(outcome, DocumentResult) else _rejected(outcome)


def _rejected(document: Rejected) -> dict[str, Any]:
    kind, first = common_type(document.faults), document.faults[0]
    error = {
        "type": kind.uri,
        "title": kind.title,
        "status": kind.status,
        "detail": printable(describe(document.faults)),
        "field": printable(first.field),
    }
    if first.limit is not None:
        error["limit"] = first.limit
    return {"id": document.id, "error": error}
