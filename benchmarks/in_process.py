"""Raw articles to results within one process, against the limits and against what a user would pick instead."""

from __future__ import annotations

import statistics
from functools import partial

from benchmarks.figures import Figure
from benchmarks.limits import BareRuntime, int8_operations, operations
from benchmarks.texts import articles, sentences_naming
from benchmarks.timing import Work, fastest, median_ratio, rounds
from model.classifier import StanceClassifier
from model.config import NETWORK_FILE
from model.documents import Document

LINEAR = (100, 1000)
SHORT_ARTICLE = 8
MEGABYTE = 1_000_000


class Bench:
    """The classifier with articles that are read, encoded and ready."""

    def __init__(self, count: int) -> None:
        self.classifier = StanceClassifier.from_pretrained()
        self.texts = articles(count)
        self.documents = [Document(text) for text in self.texts]
        read = [item for document in self.documents for item in self.classifier._reader.read(document)]
        self.sentences = len(read)
        self.found = [item for item in read if item.entities]
        self.rows = self.classifier._scorer.encoder.encode([item.encodable() for item in self.found])
        self.network = self.classifier.directory / NETWORK_FILE

    def classify(self) -> None:
        """Classify all articles."""
        self.classifier.classify_documents(self.documents)

    def bare(self) -> tuple[str, Work]:
        """Return the fastest way to run the bare runtime on the articles' rows."""
        runtime = BareRuntime(self.network, self.rows)
        way = fastest({way: partial(runtime.run, way) for way in BareRuntime.WAYS})
        return way, partial(runtime.run, way)


def share_of_the_limit(count: int, articles_: int) -> float:
    """Return the median share of the bare runtime's speed that the whole path reaches."""
    bench = Bench(articles_)
    taken = rounds({"classify": bench.classify, "bare": bench.bare()[1]}, count)
    return median_ratio(taken["classify"], taken["bare"])


def compare(count: int, *, articles_: int = 40, few: int = 8) -> list[Figure]:
    """Compare with the limits and the rivals.

    Args:
        count: Rounds.
        articles_: Articles of a round; the two slow rivals read a few sentences of them, as ratios allow.
        few: Sentences for zero-shot entailment; one pass a country reads eight times as many.
    """
    from benchmarks.rivals import OnePassACountry, PlainTorch, ZeroShot  # noqa: PLC0415 - torch takes its time

    bench = Bench(articles_)
    way, bare = bench.bare()
    zero_shot, by_country, plain = ZeroShot(), OnePassACountry(), PlainTorch()
    some, more = bench.found[:: len(bench.found) // few][:few], bench.found[:: len(bench.found) // (8 * few)][: 8 * few]
    large = fastest({str(size): partial(zero_shot.read, some[:2], size) for size in (1, 8)})
    base = fastest({str(size): partial(by_country.read, more[:32], size) for size in (1, 8, 32)})
    contenders: dict[str, Work] = {
        "ours": bench.classify,
        "bare": bare,
        "zero-shot": partial(zero_shot.read, some, int(large)),
        "by country": partial(by_country.read, more, int(base)),
        "torch": partial(plain.classify, bench.texts),
    }
    taken = rounds(contenders, count)
    sizes = {"zero-shot": len(some), "by country": len(more)}
    scaled = {name: [time * len(bench.found) / size for time in taken[name]] for name, size in sizes.items()}
    ours = taken["ours"]
    physical = int8_operations() / operations(bench.network, bench.rows) * bench.sentences

    def rate(times: list[float]) -> float:
        return bench.sentences / statistics.median(times)

    return [
        Figure("share of (d), the bare ONNX runtime", median_ratio(ours, taken["bare"]), "", "≥ 0.80"),
        Figure("times (a), zero-shot entailment", median_ratio(ours, scaled["zero-shot"]), "×", "≥ 100"),
        Figure("times (b), one pass a country", median_ratio(ours, scaled["by country"]), "×", "≥ 8"),
        Figure("times (c), plain torch, batches of 32", median_ratio(ours, taken["torch"]), "×", "≥ 3"),
        Figure("share of (e), int8 products alone", rate(ours) / physical, ""),
        Figure("ours, raw articles to results", rate(ours), "sentences/s", "≥ 500 where (d) allows"),
        Figure(f"(d) bare ONNX runtime, {way}", rate(taken["bare"]), "sentences/s"),
        Figure(f"(a) zero-shot, batches of {large}", rate(scaled["zero-shot"]), "sentences/s"),
        Figure(f"(b) one pass a country, batches of {base}", rate(scaled["by country"]), "sentences/s"),
        Figure("(c) plain torch", rate(taken["torch"]), "sentences/s"),
        Figure("(e) int8 products alone", physical, "sentences/s"),
    ]


def scaling(count: int) -> list[Figure]:
    """Measure how the cost grows with countries and with text."""
    classifier = StanceClassifier.from_pretrained()

    def reads(texts: list[str]) -> Work:
        documents = [Document(text) for text in texts]
        return lambda: sum(1 for _ in classifier.stream(documents))

    countries = rounds({str(n): reads(["\n".join(sentences_naming(n, 500))]) for n in (1, 8)}, count)
    small, large = LINEAR
    corpus = articles(large, SHORT_ARTICLE)
    long = "\n".join(corpus)[:MEGABYTE]
    length = rounds({"few": reads(corpus[:small]), "many": reads(corpus), "long": reads([long])}, count)
    sentences = sum(len(classifier._reader.read(Document(text))) for text in corpus)
    per_sentence = [time / sentences for time in length["many"]]
    in_one = len(classifier._reader.read(Document(long)))
    return [
        Figure("a sentence with 8 countries, against 1", median_ratio(countries["1"], countries["8"]), "×", "≤ 1.15"),
        Figure("1,000 articles, against 100", median_ratio(length["few"], length["many"]), "×", "≤ 10.5"),
        Figure(
            f"a sentence of a document of {len(long.encode()) / 1e6:.2f} MB, against one of an article",
            median_ratio(per_sentence, [time / in_one for time in length["long"]]),
            "×",
        ),
    ]
