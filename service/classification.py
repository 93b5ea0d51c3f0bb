"""Answers validated requests with a classifier."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from model.classifier import StanceClassifier
from model.documents import Document
from model.errors import DocumentError
from model.results import DocumentResult
from service.errors import Fault, ProblemError, ProblemType, common_type, describe, printable
from service.validation import ClassificationRequest, Rejected, document_fault

logger = logging.getLogger(__name__)


def answer(classifier: StanceClassifier, request: ClassificationRequest) -> dict[str, Any]:
    """Classify the good documents of a request and return the ``POST /classify`` answer.

    Raises:
        ProblemError: no document could be classified.
    """
    outcomes = _classify(classifier, request)
    if not any(isinstance(outcome, DocumentResult) for outcome in outcomes):
        raise rejection(outcomes)
    return {
        "model": asdict(classifier.info),
        "documents": [
            outcome.to_dict() if isinstance(outcome, DocumentResult) else _rejected(outcome) for outcome in outcomes
        ],
    }


def rejection(outcomes: Sequence[object]) -> ProblemError:
    """Return the problem of a request none of whose documents could be classified."""
    return ProblemError.from_faults(
        [fault for outcome in outcomes if isinstance(outcome, Rejected) for fault in outcome.faults]
    )


def _classify(classifier: StanceClassifier, request: ClassificationRequest) -> list[DocumentResult | Rejected]:
    good = [document for document in request.documents if isinstance(document, Document)]
    try:
        results = iter(classifier.classify_documents(good, countries=request.countries, blocs=request.blocs))
        return [next(results) if isinstance(item, Document) else item for item in request.documents]
    except Exception:
        logger.exception("a batch of %d documents failed and is classified one by one", len(good))
    return [
        _classify_one(classifier, request, index, item) if isinstance(item, Document) else item
        for index, item in enumerate(request.documents)
    ]


def _classify_one(
    classifier: StanceClassifier, request: ClassificationRequest, index: int, document: Document
) -> DocumentResult | Rejected:
    path = request.path(index)
    try:
        return classifier.classify(document, countries=request.countries, blocs=request.blocs)
    except DocumentError as error:
        fault = document_fault(error, path)
    except Exception:
        logger.exception("document %d of a batch failed", index)
        fault = Fault(path or "text", "could not be classified: the service failed on it", type=ProblemType.INTERNAL)
    return Rejected(document.id, (fault,))


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
