"""Worker processes with a classifier each, on one thread, that read news at full speed when they are told to."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from benchmarks.texts import DISTINCT, SENTENCES_AN_ARTICLE, sentences
from model.classifier import StanceClassifier
from model.documents import Document

FIRST = "Norway warned Chile."


@dataclass(frozen=True, slots=True)
class Reading:
    """What a worker has read.

    Attributes:
        sentences: How many sentences, between its first and its last result.
        seconds: The time between these.
        processor_seconds: Processor time of all its threads meanwhile.
    """

    sentences: int
    seconds: float
    processor_seconds: float


class Workers:
    """Some processes, ready to read.

    Attributes:
        starts: Seconds that each took from nothing to its first answer, all starting at once.
    """

    def __init__(self, number: int) -> None:
        """Start them, and return when all have given an answer."""
        context = multiprocessing.get_context("spawn")
        began = time.monotonic()
        self._pipes: list[Connection[Any, Any]] = []
        self._processes = []
        for place in range(number):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, place, began))
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self._processes.append(process)
        self.starts: list[float] = [pipe.recv() for pipe in self._pipes]

    def read(self, number: int, without: float, seconds: float) -> list[Reading]:
        """Have the first few of them read at the same time.

        Args:
            number: How many.
            without: Share of sentences that name no country.
            seconds: For how long.
        """
        for pipe in self._pipes[:number]:
            pipe.send((without, seconds))
        return [pipe.recv() for pipe in self._pipes[:number]]

    def memory(self) -> list[float]:
        """Return what each takes in MB, where memory that several share counts once."""
        found = []
        for process in self._processes:
            rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text(encoding="ascii")
            found.append(int(rollup.partition("\nPss:")[2].split()[0]) * 1024 / 1e6)
        return found

    def stop(self) -> None:
        """End them."""
        for pipe in self._pipes:
            pipe.close()
        for process in self._processes:
            process.join()


def _serve(pipe: Connection[Any, Any], place: int, began: float) -> None:
    classifier = StanceClassifier.from_pretrained(threads=1)
    classifier.classify(FIRST)
    pipe.send(time.monotonic() - began)
    naming, silent = divided(classifier, sentences(DISTINCT * SENTENCES_AN_ARTICLE))
    try:
        while True:
            without, seconds = pipe.recv()
            pipe.send(read(classifier, articles(naming, silent, without, place), seconds))
    except EOFError:
        classifier.close()


def divided(classifier: StanceClassifier, texts: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the sentences that name a country or a bloc, and those that do not."""
    naming: list[str] = []
    silent: list[str] = []
    for text in texts:
        found = classifier._reader.read(Document(text))
        (naming if any(sentence.entities for sentence in found) else silent).append(text)
    return naming, silent


def articles(naming: Sequence[str], silent: Sequence[str], without: float, seed: int) -> Iterator[str]:
    """Yield articles without end, of which a share of the sentences names no country and no sentence stands twice."""
    drawn = random.Random(seed)
    for number in count():
        lines = [drawn.choice(silent if drawn.random() < without else naming) for _ in range(SENTENCES_AN_ARTICLE)]
        yield "\n".join(f"On day {number}-{place}, {line}" for place, line in enumerate(lines))


def read(classifier: StanceClassifier, texts: Iterator[str], seconds: float) -> Reading:
    """Read articles for some seconds; only what lies between the first result and the last counts.

    So neither the results that are not there yet at the beginning nor those that come too late are missed.
    """
    results = classifier.stream(Document(text) for text in texts)
    next(results)
    began, processor, done = time.perf_counter(), time.process_time(), 0
    for result in results:
        done += len(result.sentences)
        if time.perf_counter() - began >= seconds:
            break
    return Reading(done, time.perf_counter() - began, time.process_time() - processor)
