"""The report on annotated data: making it, and writing it as JSON, Markdown and HTML."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from model.classifier import StanceClassifier, default_directory
from model.config import TOKENIZER_FILE, ModelConfig
from model.encoding import Encoder
from model.errors import CorpusError
from model.scheme import STANCES, LabelScheme
from training.corpus import corpus_files, count_rows, data_sha256, read_corpus
from training.datareport.measure import (
    RARE,
    Contradiction,
    Parts,
    PartSummary,
    RareLabel,
    contradictions,
    rare_labels,
    summary,
)
from training.datareport.suspicious import Suspicion, suspicious_labels
from training.evaluation.rendering import escape_markdown, make_environment
from training.leakage import Leak, leaks_among
from training.reading.columns import Columns
from training.splits import SPLITS, assign_splits, kept_splits, linked, near_duplicates

SCHEMA = "entity-stance/data-report"
SCHEMA_VERSION = 1
AGAINST, UNASSIGNED = "against", "unassigned"
SHOWN = 100
"""Rows of a list that the readable reports show; ``data.json`` has all."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file that was read: its path, the SHA-256 of it and its number of rows."""

    path: str
    sha256: str
    rows: int


@dataclass(frozen=True, slots=True)
class DataReport:
    """What is known of annotated data.

    Attributes:
        scheme: Name of the label scheme.
        labels: Its labels.
        files: The files.
        parts: Each part in figures: the splits, and the data to compare with.
        leaks: Like sentences in different parts.
        contradictions: The same words with different labels.
        rare: Labels with few cases.
        suspicious: Labels that are likely to be wrong, worst first.
        judge: What found these suspicious.
        texts: Whether sentences are shown, or named by id only.
    """

    scheme: str
    labels: tuple[str, ...]
    files: tuple[DataFile, ...]
    parts: dict[str, PartSummary]
    leaks: tuple[Leak, ...]
    contradictions: tuple[Contradiction, ...]
    rare: tuple[RareLabel, ...]
    suspicious: tuple[Suspicion, ...]
    judge: str
    texts: bool

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return {"schema": SCHEMA, "schema_version": SCHEMA_VERSION, **asdict(self)}


def data_report(
    data: Sequence[Path],
    against: Sequence[Path] = (),
    *,
    scheme: LabelScheme | None = None,
    columns: Columns | None = None,
    model: str | None = None,
    top: int = 50,
    texts: bool = True,
) -> DataReport:
    """Examine annotated data.

    Args:
        data: Annotated files, folders of them or data sets of the hub.
        against: Data that must be kept apart from them, such as a test set.
        scheme: The labels; None for the model's, and the four stances without one.
        columns: Names of the columns of pair rows; None for the common ones.
        model: Model directory or name that judges the labels and whose tokens are counted; None for a linear model
            and the tokens of the embedded one.
        top: Suspicious labels to list, at most; 0 for none.
        texts: Whether suspicious sentences are shown.

    Raises:
        CorpusError: the data are faulty.
        ModelError: the model is missing or corrupted.
        ValueError: the model has other labels than the scheme.
    """
    classifier = StanceClassifier.from_pretrained(model) if model else None
    scheme = scheme or (classifier.scheme if classifier else STANCES)
    parts = read_parts(data, against, scheme, columns)
    if classifier and classifier.scheme.names != scheme.names:
        raise ValueError(f"the model has the labels {', '.join(classifier.scheme.names)}")
    encoder = _encoder(Path(model) if model and Path(model).is_dir() else default_directory())
    members = [(part, sentence) for part, sentences in parts.items() for sentence in sentences]
    alike = list(near_duplicates([sentence for _, sentence in members]))
    parts_in_figures = {}
    for part, sentences in parts.items():
        inside = [pair for pair in alike if members[pair.first][0] == members[pair.second][0] == part]
        parts_in_figures[part] = summary(sentences, inside, scheme, encoder)
    groups = linked(alike, len(members))
    suspicious = suspicious_labels(members, groups, scheme, top, classifier) if top else []
    return DataReport(
        scheme=scheme.name,
        labels=scheme.names,
        files=tuple(DataFile(str(f), data_sha256(f), count_rows(f)) for f in corpus_files([*data, *against])),
        parts=parts_in_figures,
        leaks=tuple(leaks_among(members, alike)),
        contradictions=tuple(contradictions(parts, scheme)),
        rare=tuple(rare_labels(parts_in_figures, scheme)),
        suspicious=tuple(suspicious if texts else [replace(item, text="") for item in suspicious]),
        judge=f"the model {classifier.info.name} {classifier.info.version}"
        if classifier
        else "TF-IDF and logistic regression, cross-validated",
        texts=texts,
    )


def read_parts(data: Sequence[Path], against: Sequence[Path], scheme: LabelScheme, columns: Columns | None) -> Parts:
    """Read data and divide them into their splits; what would lie between two of these is a part of its own."""
    sentences = read_corpus(data, scheme, columns)
    kept = kept_splits(data)
    try:
        splits = assign_splits([(sentence.file, sentence) for sentence in sentences], kept)
    except CorpusError:  # a new sentence is like sentences of several splits, which the report lists as leakage
        splits = kept
    parts = {
        name: [sentence for sentence in sentences if splits.get(sentence.id, UNASSIGNED) == name]
        for name in [*SPLITS, UNASSIGNED]
    }
    if against:
        parts[AGAINST] = read_corpus(against, scheme, columns)
    return {name: found for name, found in parts.items() if found}


def write_data_report(report: DataReport, folder: Path) -> None:
    """Write ``data.json``, ``data.md`` and ``data.html`` into a folder, which is made if it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    data = json.dumps(report.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)
    (folder / "data.json").write_text(data + "\n", encoding="utf-8")
    for name in ("data.md", "data.html"):
        environment = make_environment("training.datareport", escape_html=name.endswith("html"))
        environment.filters["md"] = escape_markdown
        page = environment.get_template(name).render(report=report, shown=SHOWN, rare=RARE)
        (folder / name).write_text(page, encoding="utf-8")


def _encoder(directory: Path) -> Encoder:
    config = ModelConfig.load(directory)
    return Encoder(Tokenizer.from_file(str(directory / TOKENIZER_FILE)), config.max_tokens)
