"""One partition of the input to one part of the output."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import pyarrow as pa

from model.batching import Flow
from model.classifier import SENTENCES_AHEAD, PendingDocument, StanceClassifier
from model.documents import Document
from model.errors import ClosedError
from model.results import DocumentResult
from service.bulk.documents import RowError, make_document, usable_id
from service.bulk.manifest import Done, Job, Manifest, dead_name, part_name, write_done
from service.bulk.parts import PartWriter, part_schema
from service.bulk.places import Place
from service.bulk.planning import Unit
from service.bulk.reading import read_rows

OnDocument = Callable[[int], object]
"""Called with the number of sentences of every document that is answered."""


CHARACTERS_AHEAD = 500_000
"""Characters of the texts that wait for the network, but for one text."""


class UnitError(Exception):
    """A partition cannot be done; the message says why."""


@dataclass
class _Tally:
    documents: int = 0
    sentences: int = 0
    letters: list[bytes] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Answered:
    document: Document
    number: int
    pending: PendingDocument


@dataclass(frozen=True, slots=True)
class UnitRunner:
    """Does partitions of a run, one after the other.

    Attributes:
        classifier: What answers.
        manifest: The run.
        source: The input.
        output: The output.
        on_document: Called with the number of sentences of every document that is answered.
    """

    classifier: StanceClassifier
    manifest: Manifest
    source: Place
    output: Place
    on_document: OnDocument = lambda _: None

    def run(self, unit: Unit) -> Done:
        """Read a partition, classify it, and write its part, its dead letters and then its record.

        What is written depends on the run and the partition alone: to do one again writes the same once more.

        Raises:
            UnitError: its file has changed since the run began, or cannot be read or written.
        """
        try:
            return self._run(unit)
        except (OSError, RowError, pa.ArrowException) as error:
            raise UnitError(f"{self.source.name(unit.stretch.path)}: {' '.join(str(error).split())}") from error

    def _run(self, unit: Unit) -> Done:
        started = time.perf_counter()
        self._check_unchanged(unit)
        tally = _Tally()
        written: list[int] = []
        self.output.put_with(part_name(unit.number), lambda file: written.append(self._write(file, unit, tally)))
        if tally.letters:
            self.output.put(dead_name(unit.number), b"".join(tally.letters))
        seconds = round(time.perf_counter() - started, 3)
        done = Done(unit.number, tally.documents, tally.sentences, written[0], len(tally.letters), seconds)
        write_done(self.output, done)
        return done

    def _check_unchanged(self, unit: Unit) -> None:
        path = unit.stretch.path
        found = self.source.find(path)
        expected = self.manifest.files[path]
        if found is None or found.identity != expected:
            now = "it is gone" if found is None else f"now {found.identity}"
            raise UnitError(f"{self.source.name(path)} has changed since the run began: was {expected}, {now}")

    def _write(self, file: BinaryIO, unit: Unit, tally: _Tally) -> int:
        schema = part_schema(self.classifier.scheme.names, self.classifier.info)
        with PartWriter(file, schema, unit.number) as writer:
            if unit.fault is not None:
                self._reject(tally, unit, None, None, unit.fault)
            else:
                self._fill(writer, unit, tally)
        # Read ahead of the answers, so out of order by a few.
        tally.letters.sort(key=lambda letter: json.loads(letter)["line"] or 0)
        return writer.rows

    def _fill(self, writer: PartWriter, unit: Unit, tally: _Tally) -> None:
        for answered, result in self._results(unit, tally):
            writer.add(result, answered.document.date, answered.number)
            tally.documents += 1
            tally.sentences += len(result.sentences)
            self.on_document(len(result.sentences))

    def _results(self, unit: Unit, tally: _Tally) -> Iterator[tuple[_Answered, DocumentResult]]:
        """Yield the answers in the order of the rows; a document on which the classifier fails costs no other."""
        waiting: deque[_Answered] = deque()
        sentences = characters = 0
        try:
            for answered in self._submitted(unit, tally):
                waiting.append(answered)
                sentences += answered.pending.sentences
                characters += len(answered.document.text)
                # What is answered is not kept, so texts that name nobody do not pile up.
                while waiting and (
                    sentences > SENTENCES_AHEAD or characters > CHARACTERS_AHEAD or waiting[0].pending.future.done()
                ):
                    first = waiting.popleft()
                    sentences -= first.pending.sentences
                    characters -= len(first.document.text)
                    yield from self._result(first, unit, tally)
            while waiting:
                yield from self._result(waiting.popleft(), unit, tally)
        finally:
            for answered in waiting:
                answered.pending.cancel()

    def _submitted(self, unit: Unit, tally: _Tally) -> Iterator[_Answered]:
        flow, job = Flow(), self.manifest.job
        for document, number in self._documents(unit, tally):
            try:
                pending = self.classifier.submit(document, countries=job.countries, blocs=job.blocs, flow=flow)
            except Exception as error:
                self._reject(tally, unit, number, document.id, _failure(error))
                continue
            yield _Answered(document, number, pending)

    def _documents(self, unit: Unit, tally: _Tally) -> Iterator[tuple[Document, int]]:
        job: Job = self.manifest.job
        name = self.source.name(unit.stretch.path)
        for row, columns in read_rows(self.source, unit.stretch, job.columns):
            if isinstance(row.values, str):
                self._reject(tally, unit, row.number, None, row.values)
                continue
            try:
                yield make_document(row.values, columns, f"{name}:{row.number}", job.day), row.number
            except RowError as error:
                self._reject(tally, unit, row.number, usable_id(row.values, columns), str(error))

    def _result(self, answered: _Answered, unit: Unit, tally: _Tally) -> Iterator[tuple[_Answered, DocumentResult]]:
        try:
            result = answered.pending.result()
        except ClosedError:
            raise
        except Exception as error:
            self._reject(tally, unit, answered.number, answered.document.id, _failure(error))
            return
        yield answered, result

    def _reject(self, tally: _Tally, unit: Unit, number: int | None, id: str | None, reason: str) -> None:
        letter: dict[str, Any] = {"file": self.source.name(unit.stretch.path), "line": number, "id": id}
        tally.letters.append(json.dumps(letter | {"reason": reason}).encode() + b"\n")


def _failure(error: Exception) -> str:
    return f"could not be classified: {type(error).__name__}: {' '.join(str(error).split())}"
