"""Documents of any number through the classifier and to an output, in constant memory."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from service.cli.faults import FaultLog
from service.cli.formats import Encoder
from service.cli.journal import Checkpoint, Journal
from service.cli.outputs import Output
from service.cli.progress import Progress
from service.cli.reading import DocumentReader

if TYPE_CHECKING:
    from model.classifier import StanceClassifier
    from model.documents import Document
    from model.results import DocumentResult

SECONDS_BETWEEN_CHECKPOINTS = 0.5


class Batch:
    """Classifies what a reader gives; reads ahead, but only as far as the classifier does.

    Attributes:
        done: The state behind the last document that was answered.
    """

    def __init__(
        self,
        classifier: StanceClassifier,
        reader: DocumentReader,
        faults: FaultLog,
        progress: Progress,
        *,
        countries: frozenset[str] | None = None,
        blocs: bool = True,
        start: Checkpoint | None = None,
    ) -> None:
        """Classify documents behind a checkpoint; by default all of them."""
        self.done = start or Checkpoint()
        self._classifier = classifier
        self._reader = reader
        self._faults = faults
        self._progress = progress
        self._countries = None if countries is None else set(countries)
        self._blocs = blocs
        self._ahead: deque[Checkpoint] = deque()

    def results(self) -> Iterator[DocumentResult]:
        """Yield the answers in the order of reading."""
        stream = self._classifier.stream(self._documents(), countries=self._countries, blocs=self._blocs)
        for result in stream:
            self.done = replace(self._ahead.popleft(), documents=self.done.documents + 1)
            yield result
            self._progress.advance(self.done.place.done, len(result.sentences))

    def _documents(self) -> Iterator[Document]:
        from model.countries.registry import is_known_code  # noqa: PLC0415

        for document, place in self._reader.read(self.done.place):
            # Faults behind this document are no part of the state that its answer leads to.
            self._ahead.append(Checkpoint(place, errors=self._faults.size, faults=self._faults.count))
            if self._countries is not None:
                # Whoever gives an entity of their own wants it answered; its code names it in this document only.
                self._countries.update(e.code for e in document.entities if not is_known_code(e.code))
            yield document


@dataclass(frozen=True, slots=True)
class Recorder:
    """Writes answers so that what is written can be relied on after a crash.

    Attributes:
        encoder: How to write.
        output: Where to.
        faults: What else must be on the disk when a checkpoint is.
        journal: Keeps the checkpoints; None where the run cannot be continued.
    """

    encoder: Encoder
    output: Output
    faults: FaultLog
    journal: Journal | None

    def write(self, batch: Batch) -> None:
        """Write all answers of a batch; without any, nothing is written.

        Raises:
            OSError: the output, the errors or the journal cannot be written.
        """
        due = time.monotonic() + SECONDS_BETWEEN_CHECKPOINTS
        for result in batch.results():
            if not self.output.size:
                self.output.write(self.encoder.head())
            self.output.write(self.encoder.encode(result, first=batch.done.documents == 1))
            if time.monotonic() >= due:
                self._checkpoint(batch.done)
                due = time.monotonic() + SECONDS_BETWEEN_CHECKPOINTS
        if batch.done.documents:
            self._finish(batch.done)
        else:
            self._remove_journal()

    def _finish(self, done: Checkpoint) -> None:
        self._checkpoint(done)
        self.output.write(self.encoder.tail())
        self.output.complete()
        self._remove_journal()
        self.output.clear()

    def _checkpoint(self, done: Checkpoint) -> None:
        self.output.write(self.encoder.drain())
        if self.journal is not None:
            self.output.sync()
            self.faults.sync()
            self.journal.add(replace(done, output=self.output.size))

    def _remove_journal(self) -> None:
        if self.journal is not None:
            self.journal.remove()
