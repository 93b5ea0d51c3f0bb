"""What reading a file of another tool gives: faultless sentences, and faults."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from model.annotation import AnnotatedSentence
from model.scheme import STANCES, LabelScheme
from training.corpus import record_faults, sentence_of


@dataclass(slots=True)
class Reading:
    """What reading a file gave.

    Attributes:
        sentences: The faultless sentences.
        faults: One text each, with file and line, task or row.
    """

    sentences: list[AnnotatedSentence] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


class Collector:
    """Checks sentences one by one; a faulty one does not cost the others."""

    def __init__(self, path: Path, scheme: LabelScheme = STANCES) -> None:
        """Collect the sentences of a file."""
        self.reading = Reading()
        self._path = path
        self._scheme = scheme
        self._seen: dict[str, str] = {}

    def add(self, place: str, record: dict[str, Any]) -> None:
        """Take a record in the form of annotated files, or its faults; ``place`` says where in the file it stands."""
        faults = list(record_faults(record, self._scheme))
        if not faults and (first := self._seen.setdefault(record["id"], place)) != place:
            faults.append(f"id {record['id']!r} stands at {first} already")
        for fault in faults:
            self.fault(place, fault)
        if not faults:
            self.reading.sentences.append(sentence_of(record, self._path.name))

    def fault(self, place: str, fault: str) -> None:
        """Take note that something cannot be read."""
        self.reading.faults.append(f"{self._path}:{place}: {fault}")
