"""Start to first answer, and memory over many articles; each in a process of its own."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from itertools import cycle, islice

from benchmarks.figures import Figure
from benchmarks.texts import articles

FIRST_ANSWER = (
    "from model.classifier import StanceClassifier as C; C.from_pretrained().classify('Norway warned Chile.')"
)
ARTICLES = 10_000
ARTICLE_LENGTH = 4
STEPS = (1_000, 5_000, ARTICLES)


def measure(count: int) -> list[Figure]:
    """Start the classifier so many times, then have one read 10,000 articles."""
    starts = []
    for _ in range(count):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", FIRST_ANSWER], check=True)
        starts.append(time.perf_counter() - started)
    texts = json.dumps(articles(ARTICLES // 5, ARTICLE_LENGTH)).encode()
    command = [sys.executable, "-m", "benchmarks.footprint"]
    resident = json.loads(subprocess.run(command, input=texts, check=True, capture_output=True).stdout)
    return [
        Figure("start of Python to first answer", statistics.median(starts), "s", "≤ 2"),
        *(Figure(f"resident after {n:,} articles", resident[str(n)], "MB", "≤ 350") for n in STEPS),
    ]


def read_many(texts: Sequence[str]) -> dict[int, float]:
    """Classify 10,000 articles in a stream, the given ones in turn, and return the resident memory in MB on the way."""
    # Only here, so that the process holds the classifier and what it needs.
    from model.classifier import StanceClassifier  # noqa: PLC0415
    from model.documents import Document  # noqa: PLC0415

    documents = (Document(text) for text in islice(cycle(texts), ARTICLES))
    seen = {}
    for number, _ in enumerate(StanceClassifier.from_pretrained().stream(documents), 1):
        if number in STEPS:
            seen[number] = _resident()
    return seen


def _resident() -> float:
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - no file on a disk
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    sys.stdout.write(json.dumps(read_many(json.load(sys.stdin))))
