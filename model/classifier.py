"""The classifier: documents in, stances out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HFValidationError
from tokenizers import Tokenizer

from model.aggregation import relations, summary
from model.batching import Flow, Scored
from model.calibration import taken_labels
from model.config import CONFIG_FILE, GAZETTEER_FILE, NETWORK_FILE, TOKENIZER_FILE, ModelConfig
from model.documents import Document, Kind, check_document
from model.encoding import EncodableSentence, Encoder
from model.errors import ModelError
from model.explanation import Explanation
from model.occlusion import Explainer
from model.reading import FoundSentence, Reader
from model.results import SCORE_DIGITS, DocumentResult, EntityResult, SentenceResult, Stance, Target
from model.runtime import Runtime
from model.scoring import PendingScores, Scorer, SentenceScores

DOWNLOADED = [CONFIG_FILE, NETWORK_FILE, TOKENIZER_FILE, GAZETTEER_FILE, "*.md"]

SENTENCES_AHEAD = 1024
"""Sentences that `StanceClassifier.stream` keeps waiting for the network."""


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """Which model answers: its name, its version and the SHA-256 of its network."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class PendingDocument:
    """A document whose sentences wait for the network."""

    _scores: PendingScores
    _build: Callable[[float | None], DocumentResult]

    @property
    def sentences(self) -> int:
        """How many of its sentences mention an entity, and so go through the network."""
        return len(self._scores.sentences)

    @property
    def tokens(self) -> int:
        """How many token ids the network reads for it."""
        return sum(len(row.ids) for row in self._scores.rows)

    @property
    def future(self) -> Future[list[Scored]]:
        """Done when `result` need not wait any more."""
        return self._scores.ticket.future

    def result(self, timeout: float | None = None) -> DocumentResult:
        """Wait for the network, at most so many seconds, and return the document's stances.

        Raises:
            TimeoutError: the scores are not there in time.
        """
        return self._build(timeout)

    def cancel(self) -> None:
        """Spare the network whatever it has not yet read."""
        self.future.cancel()


class StanceClassifier:
    """Says for every country in every sentence which stance it takes, and toward whom."""

    def __init__(self, directory: Path, config: ModelConfig, threads: int | None = None) -> None:
        """Load what `from_pretrained` found; prefer that."""
        self.directory = directory
        self.config = config
        self.scheme = config.scheme
        self.info = ModelInfo(config.name, config.version, config.files[NETWORK_FILE])
        try:
            tokenizer = Tokenizer.from_file(str(directory / TOKENIZER_FILE))
            encoder = Encoder(tokenizer, config.max_tokens)
        except Exception as error:  # The library raises bare exceptions.
            raise ModelError(f"{directory / TOKENIZER_FILE}: cannot be loaded: {error}") from None
        runtime = Runtime(directory / NETWORK_FILE, threads)
        if isinstance(runtime.outputs, int) and runtime.outputs != len(self.scheme.labels):
            raise ModelError(
                f"{directory / CONFIG_FILE}: names {len(self.scheme.labels)} labels, the network has {runtime.outputs}"
            )
        self._scorer = Scorer(encoder, runtime, config)
        self._reader = Reader(self.scheme)
        names = self.scheme.names
        self._thresholds = np.array([config.thresholds[name] for name in names])
        self._toward_thresholds = np.array([config.toward_thresholds[name] for name in names])

    def close(self) -> None:
        """End the threads of the network; texts that still wait for it raise `ClosedError`."""
        self._scorer.runtime.close()

    def watch_batches(self, on_batch: Callable[[int], object]) -> None:
        """Have a function called with the token ids of every batch that the network has read, from its thread."""
        self._scorer.runtime.on_batch = on_batch

    @classmethod
    def from_pretrained(
        cls, path_or_name: str | Path | None = None, *, revision: str | None = None, threads: int | None = None
    ) -> StanceClassifier:
        """Load a model.

        Args:
            path_or_name: A model directory, or the name of one on the Hugging Face hub; without it, the embedded model.
            revision: Branch, tag or commit on the hub.
            threads: Processor threads for the network; by default all that this process may use.

        Raises:
            ModelError: there is no such model, or its directory is incomplete or damaged.
        """
        directory = _model_directory(path_or_name, revision)
        return cls(directory, ModelConfig.load(directory), threads)

    def classify(
        self, document: str | Document, *, countries: Collection[str] | None = None, blocs: bool = True
    ) -> DocumentResult:
        """Classify one document; see `classify_documents`."""
        if isinstance(document, str):
            document = Document(document)
        return self.classify_documents([document], countries=countries, blocs=blocs)[0]

    def classify_documents(
        self, documents: Sequence[Document], *, countries: Collection[str] | None = None, blocs: bool = True
    ) -> list[DocumentResult]:
        """Classify documents.

        Args:
            documents: What to classify.
            countries: Codes of the entities to answer for; by default all. Targets may still be others, and entities
                of the model's own gazetteer are answered for in any case.
            blocs: Whether to answer for blocs.

        Returns:
            One result a document, in the order given.

        Raises:
            DocumentError: a document cannot be read.
        """
        for document in documents:
            check_document(document)
        return list(self.stream(documents, countries=countries, blocs=blocs))

    def stream(
        self, documents: Iterable[Document], *, countries: Collection[str] | None = None, blocs: bool = True
    ) -> Iterator[DocumentResult]:
        """Classify documents as they come, in order; reads ahead so that the network always has work.

        Takes the arguments of `classify_documents`, and memory for some hundred sentences whatever the number of
        documents.

        Raises:
            DocumentError: a document cannot be read.
        """
        waiting: deque[PendingDocument] = deque()
        sentences = 0
        flow = Flow()
        try:
            for document in documents:
                waiting.append(self.submit(document, countries=countries, blocs=blocs, flow=flow))
                # A document that needs no network takes memory all the same.
                sentences += max(1, waiting[-1].sentences)
                while sentences > SENTENCES_AHEAD:
                    sentences -= max(1, waiting[0].sentences)
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for pending in waiting:
                pending.cancel()

    def submit(
        self,
        document: Document,
        *,
        countries: Collection[str] | None = None,
        blocs: bool = True,
        flow: Flow | None = None,
    ) -> PendingDocument:
        """Read a document and queue its sentences for the network, without waiting.

        Args:
            document: What to classify.
            countries: As for `classify_documents`.
            blocs: As for `classify_documents`.
            flow: What else the caller asks, and until when; by default nothing, and without end.

        Raises:
            DocumentError: the document cannot be read.
        """
        check_document(document)
        found = self._reader.read(document)
        scores = self._scorer.submit([item.encodable() for item in found if item.entities], flow)

        def build(timeout: float | None) -> DocumentResult:
            scored = iter(scores.result(timeout))
            sentences = [self._result(item, next(scored) if item.entities else None) for item in found]
            kept = tuple(_keep(sentence, countries, blocs) for sentence in sentences)
            return DocumentResult(document.id, kept, summary(kept), relations(kept))

        return PendingDocument(scores, build)

    def explain(
        self, document: str | Document, *, sentence: int, code: str, stance: str, flow: Flow | None = None
    ) -> Explanation:
        """Say which words of a sentence the probability of a stance hangs on; see `model.occlusion`.

        Args:
            document: The text.
            sentence: Index of the sentence, from 0.
            code: Code of an entity that the sentence mentions.
            stance: A label of the scheme.
            flow: As for `submit`.

        Raises:
            DocumentError: the document cannot be read; or it has no such sentence, the sentence has more than
                `model.occlusion.MAX_WORDS` words or does not mention the entity, or there is no such stance.
            DeadlineError: the flow's deadline has passed.
        """
        if isinstance(document, str):
            document = Document(document)
        explainer = Explainer(self._reader, self._scorer)
        return explainer.explain(document, sentence=sentence, code=code, stance=stance, flow=flow)

    def score(self, sentences: Sequence[EncodableSentence]) -> list[SentenceScores]:
        """Score the given entities of sentences.

        Returns:
            One score a sentence, in the order given.
        """
        return self._scorer.submit(sentences).result()

    def decide(self, scores: SentenceScores) -> list[dict[str, list[int]]]:
        """Decide: for each entity, its labels with the indices of the entities that they are aimed at."""
        taken = taken_labels(scores.labels, self._thresholds, self.scheme)
        aimed = scores.toward >= self._toward_thresholds if self.scheme.directed else scores.toward > 1
        return [
            {
                name: [int(target) for target in np.flatnonzero(aimed[holder, :, index])] if aimed.size else []
                for index, name in enumerate(self.scheme.names)
                if taken[holder, index]
            }
            for holder in range(len(taken))
        ]

    def _result(self, found: FoundSentence, scores: SentenceScores | None) -> SentenceResult:
        if scores is None:
            return SentenceResult(found.sentence.text, found.sentence.start, found.sentence.end, ())
        decisions = self.decide(scores)
        entities = tuple(
            EntityResult(
                entity,
                tuple(self._stance(found, scores, holder, name, targets) for name, targets in decision.items()),
                {name: _rounded(score) for name, score in zip(self.scheme.names, scores.labels[holder], strict=True)},
            )
            for holder, (entity, decision) in enumerate(zip(found.entities, decisions, strict=True))
        )
        return SentenceResult(found.sentence.text, found.sentence.start, found.sentence.end, entities)

    def _stance(
        self, found: FoundSentence, scores: SentenceScores, holder: int, name: str, targets: list[int]
    ) -> Stance:
        label = self.scheme.names.index(name)
        toward = tuple(
            Target(found.entities[target].code, _rounded(scores.toward[holder, target, label])) for target in targets
        )
        return Stance(name, _rounded(scores.labels[holder, label]), toward)


def default_directory() -> Path:
    """Return the directory of the embedded model."""
    return Path(str(files("model") / "default"))


def _model_directory(path_or_name: str | Path | None, revision: str | None) -> Path:
    """Return the directory of a model, downloaded from the hub if it is no path."""
    if path_or_name is None:
        return default_directory()
    path = Path(path_or_name)
    name = str(path_or_name)
    if path.exists() or path.is_absolute() or name.startswith(".") or name.count("/") != 1:
        return path
    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=DOWNLOADED))
    except (OSError, HFValidationError, ValueError) as error:
        raise ModelError(f"{name}: no such directory, and the hub does not give such a model: {error}") from None


def _keep(sentence: SentenceResult, countries: Collection[str] | None, blocs: bool) -> SentenceResult:
    """Leave out the entities that were not asked for."""
    entities = tuple(
        result
        for result in sentence.entities
        if (countries is None or result.entity.code in countries or result.entity.type is not None)
        and (blocs or result.entity.kind is not Kind.BLOC)
    )
    return SentenceResult(sentence.text, sentence.start, sentence.end, entities)


def _rounded(score: np.float32) -> float:
    return round(float(score), SCORE_DIGITS)
