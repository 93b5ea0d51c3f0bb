"""Sentences a second from raw text to results, against the bare runtime on ready token ids in the same run."""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path

SEEDS = Path(__file__).resolve().parents[1] / "seeds"
SENTENCES_AN_ARTICLE = 20


def main() -> None:
    """Measure and print, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="rounds, of which the medians are taken")
    parser.add_argument("--articles", type=int, default=50, help=f"articles of {SENTENCES_AN_ARTICLE} sentences")
    options = parser.parse_args()

    started = time.perf_counter()
    from model.classifier import StanceClassifier  # noqa: PLC0415 - importing is part of the start
    from model.documents import Document  # noqa: PLC0415

    classifier = StanceClassifier.from_pretrained()
    classifier.classify("Norway warned Iceland.")
    first_answer = time.perf_counter() - started

    documents = [Document(text) for text in articles(options.articles)]
    found = [item for document in documents for item in classifier._reader.read(document)]
    rows = classifier._scorer.encoder.encode([item.encodable() for item in found])
    whole, bare = [], []
    for _ in range(options.rounds):
        whole.append(seconds(lambda: classifier.classify_documents(documents)))
        bare.append(seconds(lambda: classifier._scorer.runtime.run(rows)))
    figures = {
        "sentences": len(found),
        "sentences_with_entities": len(rows),
        "sentences_per_second": round(len(found) / statistics.median(whole), 1),
        "share_of_the_bare_runtime": round(statistics.median(bare) / statistics.median(whole), 3),
        "seconds_to_first_answer": round(first_answer, 2),
        "peak_memory_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    print(json.dumps(figures, indent=2))  # noqa: T201 - the result


def articles(count: int) -> list[str]:
    """Make articles of the corpus's sentences."""
    lines = [line for path in sorted(SEEDS.glob("*.jsonl")) for line in path.read_text(encoding="utf-8").splitlines()]
    texts = [json.loads(line)["text"] for line in lines]
    return [
        "\n".join(texts[(start + offset) % len(texts)] for offset in range(SENTENCES_AN_ARTICLE))
        for start in range(0, count * SENTENCES_AN_ARTICLE, SENTENCES_AN_ARTICLE)
    ]


def seconds(work: Callable[[], object]) -> float:
    """Return how long some work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
