"""Errors that callers are meant to catch; each message says what to change."""

from __future__ import annotations


class EntityStanceError(Exception):
    """Base of all errors that this project raises on purpose."""


class DocumentError(EntityStanceError):
    """A document cannot be read.

    Attributes:
        field: Name of the faulty field, for instance ``text``.
        reason: What is wrong with it and, where there is one, the limit.
    """

    def __init__(self, field: str, reason: str) -> None:
        """Keep the field and the reason apart, so that an answer can name both."""
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class ModelError(EntityStanceError):
    """A model directory is missing, incomplete or corrupted."""


class CorpusError(EntityStanceError):
    """An annotated file has faults; the message lists them as ``file:line: fault``."""


class DeadlineError(EntityStanceError, TimeoutError):
    """An answer was not there in time."""


class ClosedError(EntityStanceError):
    """The classifier was closed before it had read the text."""


class SchemeError(EntityStanceError):
    """A scheme file has faults; the message lists them as ``file: field: fault``."""
