"""The classifier: documents in, stances out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HFValidationError
from numpy.typing import NDArray
from tokenizers import Tokenizer

from model.aggregation import relations, summary
from model.calibration import Calibrator
from model.config import CONFIG_FILE, NETWORK_FILE, TOKENIZER_FILE, ModelConfig
from model.countries.finder import CountryFinder
from model.countries.registry import entity_info
from model.documents import Document, Entity, Kind, Mention, Span, check_document
from model.encoding import EncodableSentence, Encoder, Row
from model.errors import ModelError
from model.results import SCORE_DIGITS, DocumentResult, EntityResult, SentenceResult, Stance, Target
from model.runtime import Runtime
from model.sentences import Sentence, split_sentences

Floats = NDArray[np.float32]

DOWNLOADED = [CONFIG_FILE, NETWORK_FILE, TOKENIZER_FILE, "*.md"]


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """Which model answers: its name, its version and the SHA-256 of its network."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class SentenceScores:
    """Probabilities for the entities of one sentence.

    Attributes:
        labels: That an entity takes a label, ``[entities, labels]``.
        toward: That, if it does, the label is aimed at another entity, ``[entities, entities, labels]``, the holder
            first; 0 on the diagonal, and no labels at all if the scheme is undirected.
    """

    labels: Floats
    toward: Floats


@dataclass(frozen=True, slots=True)
class _Found:
    """A sentence of a document with the entities found in it."""

    sentence: Sentence
    entities: tuple[Entity, ...]

    def encodable(self) -> EncodableSentence:
        spans = tuple(
            tuple(Span(m.start - self.sentence.start, m.end - self.sentence.start) for m in entity.mentions)
            for entity in self.entities
        )
        return EncodableSentence(self.sentence.text, spans)


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
            self._encoder = Encoder(tokenizer, config.max_tokens)
        except Exception as error:  # The library raises bare exceptions.
            raise ModelError(f"{directory / TOKENIZER_FILE}: cannot be loaded: {error}") from None
        self._runtime = Runtime(directory / NETWORK_FILE, threads)
        self._finder = CountryFinder()
        names = self.scheme.names
        self._calibrate_labels = Calibrator(config.calibration, names)
        self._calibrate_toward = Calibrator(config.toward_calibration, names)
        self._thresholds = np.array([config.thresholds[name] for name in names])
        self._toward_thresholds = np.array([config.toward_thresholds[name] for name in names])

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
            countries: Codes of the entities to answer for; by default all. Targets may still be others.
            blocs: Whether to answer for blocs.

        Returns:
            One result a document, in the order given.

        Raises:
            DocumentError: a document cannot be read.
        """
        for document in documents:
            check_document(document)
        found = [self._find(document) for document in documents]
        scores = iter(self.score([item.encodable() for items in found for item in items]))
        results = []
        for document, items in zip(documents, found, strict=True):
            sentences = [self._result(item, next(scores)) for item in items]
            kept = tuple(_keep(sentence, countries, blocs) for sentence in sentences)
            results.append(DocumentResult(document.id, kept, summary(kept), relations(kept)))
        return results

    def score(self, sentences: Sequence[EncodableSentence]) -> list[SentenceScores]:
        """Score the given entities of sentences.

        Returns:
            One score a sentence, in the order given.
        """
        rows = self._encoder.encode(sentences)
        logits = self._runtime.run(rows)
        labels = [np.full((len(s.entities), len(self.scheme.labels)), -np.inf, np.float32) for s in sentences]
        toward = [np.full((len(array), *array.shape), -np.inf, np.float32) for array in labels]
        for row, scored in zip(rows, logits, strict=True):
            merge_window(row, scored, labels[row.sentence], toward[row.sentence])
        return [self._probabilities(*arrays) for arrays in zip(labels, toward, strict=True)]

    def decide(self, scores: SentenceScores) -> list[dict[str, list[int]]]:
        """Apply the thresholds: for each entity, its labels with the indices of the entities that they are aimed at."""
        taken = scores.labels >= self._thresholds
        if not self.scheme.multi_label:
            taken &= scores.labels == scores.labels.max(axis=1, keepdims=True)
        aimed = scores.toward >= self._toward_thresholds if self.scheme.directed else scores.toward > 1
        return [
            {
                name: [int(target) for target in np.flatnonzero(aimed[holder, :, index])] if aimed.size else []
                for index, name in enumerate(self.scheme.names)
                if taken[holder, index]
            }
            for holder in range(len(taken))
        ]

    def _find(self, document: Document) -> list[_Found]:
        sentences = split_sentences(document.text)
        mentions = self._finder.find(document.text, sentences, date=document.date, given=document.entities)
        names = {entity.code: entity.name for entity in document.entities}
        found = []
        position = 0
        for sentence in sentences:
            inside = []
            while position < len(mentions) and mentions[position].start < sentence.end:
                inside.append(mentions[position])
                position += 1
            found.append(_Found(sentence, _entities(inside, names)))
        return found

    def _probabilities(self, labels: Floats, toward: Floats) -> SentenceScores:
        aimed = self._calibrate_toward(toward)
        aimed[np.arange(len(aimed)), np.arange(len(aimed))] = 0
        if not self.scheme.directed:
            aimed = aimed[..., :0]
        return SentenceScores(self._calibrate_labels(labels), aimed)

    def _result(self, found: _Found, scores: SentenceScores) -> SentenceResult:
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

    def _stance(self, found: _Found, scores: SentenceScores, holder: int, name: str, targets: list[int]) -> Stance:
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


def _entities(mentions: Sequence[Mention], names: dict[str, str]) -> tuple[Entity, ...]:
    """Group the mentions of one sentence by entity, in the order of first mention."""
    groups: dict[str, list[Mention]] = {}
    for mention in mentions:
        groups.setdefault(mention.code, []).append(mention)
    entities = []
    for code, group in groups.items():
        if code in names:
            entities.append(Entity(code, None, names[code], Kind.CUSTOM, tuple(group)))
        else:
            info = entity_info(code)
            entities.append(Entity(code, info.alpha3, info.name, info.kind, tuple(group)))
    return tuple(entities)


def merge_window(row: Row, scored: tuple[Floats, Floats], labels: Floats, toward: Floats) -> None:
    """Write the scores of a window into those of its sentence, where the highest of several windows counts."""
    members = np.array(row.entities)
    labels[members] = np.maximum(labels[members], scored[0])
    pairs = np.ix_(members, members)
    toward[pairs] = np.maximum(toward[pairs], scored[1])


def _keep(sentence: SentenceResult, countries: Collection[str] | None, blocs: bool) -> SentenceResult:
    """Leave out the entities that were not asked for."""
    entities = tuple(
        result
        for result in sentence.entities
        if (countries is None or result.entity.code in countries) and (blocs or result.entity.kind is not Kind.BLOC)
    )
    return SentenceResult(sentence.text, sentence.start, sentence.end, entities)


def _rounded(score: np.float32) -> float:
    return round(float(score), SCORE_DIGITS)
