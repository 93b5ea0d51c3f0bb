"""Start to first answer, and memory over many articles; each in a process of its own."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time

from benchmarks.figures import Figure

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
    output = subprocess.run([sys.executable, "-m", "benchmarks.footprint"], check=True, capture_output=True).stdout
    resident = json.loads(output)
    return [
        Figure("start of Python to first answer", statistics.median(starts), "s", "≤ 2"),
        *(Figure(f"resident after {n:,} articles", resident[str(n)], "MB", "≤ 350") for n in STEPS),
    ]


def read_many() -> dict[int, float]:
    """Classify 10,000 articles in a stream, and return the resident memory in MB on the way."""
    from benchmarks.texts import articles  # noqa: PLC0415
    from model.classifier import StanceClassifier  # noqa: PLC0415
    from model.documents import Document  # noqa: PLC0415

    texts = articles(ARTICLES // 5, ARTICLE_LENGTH)
    documents = (Document(texts[number % len(texts)]) for number in range(ARTICLES))
    seen = {}
    for number, _ in enumerate(StanceClassifier.from_pretrained().stream(documents), 1):
        if number in STEPS:
            seen[number] = _resident()
    return seen


def _resident() -> float:
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - no file on a disk
        return int(file.read().split()[1]) * 4096 / 1e6


if __name__ == "__main__":
    sys.stdout.write(json.dumps(read_many()))
