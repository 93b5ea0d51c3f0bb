"""The formats between which annotated sentences are converted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from model.annotation import AnnotatedEntity, AnnotatedSentence
from model.countries.registry import is_known_code
from model.scheme import STANCES, LabelScheme
from training.corpus import check_corpus
from training.interchange.collector import Reading
from training.interchange.doccano import read_doccano, write_doccano
from training.interchange.label_studio import read_label_studio, write_label_studio
from training.interchange.tables import TableFormat, read_table, write_table


class Interchange(StrEnum):
    """A format of annotated sentences."""

    SEEDS = "seeds"
    LABEL_STUDIO = "label-studio"
    DOCCANO = "doccano"
    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


def read(path: Path, format: Interchange, scheme: LabelScheme = STANCES) -> Reading:
    """Read annotated sentences; what is faulty is left out and listed.

    Args:
        path: A file; for seeds also a folder of them.
        format: Its format.
        scheme: The labels that are known.

    Raises:
        CorpusError: the path does not exist or cannot be read.
        OSError: the same.
    """
    if format is not Interchange.SEEDS:
        with path.open("rb"):
            pass  # Whoever reads it says in words of their own what the system says of it.
    match format:
        case Interchange.SEEDS:
            check = check_corpus([path], scheme)
            return Reading(check.sentences, check.faults)
        case Interchange.LABEL_STUDIO:
            return read_label_studio(path, scheme)
        case Interchange.DOCCANO:
            return read_doccano(path, scheme)
        case _:
            return read_table(path, TableFormat(format.value), scheme)


def write(
    sentences: Sequence[AnnotatedSentence], path: Path, format: Interchange, *, predictions: bool = False
) -> None:
    """Write annotated sentences.

    Args:
        sentences: What to write.
        path: File to write.
        format: Its format.
        predictions: For Label Studio: as predictions for people to correct, and not as annotations.

    Raises:
        OSError: the file cannot be written.
    """
    match format:
        case Interchange.SEEDS:
            write_seeds(sentences, path)
        case Interchange.LABEL_STUDIO:
            write_label_studio(sentences, path, predictions=predictions)
        case Interchange.DOCCANO:
            write_doccano(sentences, path)
        case _:
            write_table(sentences, path, TableFormat(format.value))


def write_seeds(sentences: Sequence[AnnotatedSentence], path: Path) -> None:
    """Write annotated sentences in the format of the guidelines, one a line.

    Raises:
        OSError: the file cannot be written.
    """
    with path.open("w", encoding="utf-8") as file:
        for sentence in sentences:
            file.write(json.dumps(to_record(sentence), ensure_ascii=False) + "\n")


def to_record(sentence: AnnotatedSentence) -> dict[str, object]:
    """Return a sentence as a line of an annotated file."""
    entities = [_entity_record(entity) for entity in sentence.entities]
    record: dict[str, object] = {"id": sentence.id, "text": sentence.text, "entities": entities}
    custom = [entity.code for entity in sentence.entities if not is_known_code(entity.code)]
    return record | {"custom": custom} if custom else record


def _entity_record(entity: AnnotatedEntity) -> dict[str, object]:
    record: dict[str, object] = {
        "code": entity.code,
        "mentions": list(entity.mentions),
        "stances": {stance: list(toward) for stance, toward in entity.stances.items()},
    }
    return record | {"spans": [[span.start, span.end] for span in entity.spans]} if entity.spans else record
