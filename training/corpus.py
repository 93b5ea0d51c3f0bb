"""Annotated sentences: reading and checking files, and data sets of the hub.

Records are as `seeds/annotation-guidelines.md` says, or rows of the shapes in docs/data.md. JSON Lines, CSV and TSV
need nothing but the base, so that `entity-stance check` works without the extra ``train``.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from model.annotation import AnnotatedSentence, annotation_faults, read_entities, text_key
from model.config import file_sha256
from model.errors import CorpusError
from model.scheme import STANCES, LabelScheme
from training.reading.columns import Columns
from training.reading.hub import is_hub
from training.reading.records import SUFFIXES, Found, read_records, read_rows

SPLITS_FILE = "splits.tsv"
"""File beside annotated files that keeps their splits, and is none itself."""

FAULTS_SHOWN = 20


@dataclass(slots=True)
class CorpusCheck:
    """What checking files found.

    Attributes:
        sentences: The faultless records.
        faults: One ``file:line: fault`` text each.
        counts: Numbers of sentences, entities, sentences without a stance, and of each stance.
    """

    sentences: list[AnnotatedSentence] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


def corpus_files(paths: Sequence[Path]) -> list[Path]:
    """List the annotated files of files and folders, in order; folders are not searched deeper.

    Data sets of the hub, ``hf:NAME:SPLIT``, are listed as they are.

    Raises:
        CorpusError: a path does not exist, or a folder holds no such file.
    """
    files: list[Path] = []
    for path in paths:
        found = [path]
        if not is_hub(path) and path.is_dir():
            inside = (file for file in path.iterdir() if file.suffix.lower() in SUFFIXES and file.name != SPLITS_FILE)
            found = sorted(inside)
        if not found:
            raise CorpusError(f"{path}: no {', '.join(SUFFIXES)} file in this folder")
        if not is_hub(path) and not path.exists():
            raise CorpusError(f"{path}: no such file or folder")
        files.extend(found)
    return files


def check_corpus(paths: Sequence[Path], scheme: LabelScheme = STANCES, columns: Columns | None = None) -> CorpusCheck:
    """Check annotated files, folders of them and data sets of the hub.

    Args:
        paths: What to check, together.
        scheme: The labels.
        columns: Names of the columns of pair rows; None for the common ones.

    Raises:
        CorpusError: a path does not exist, or a folder holds no annotated file.
        ModuleNotFoundError: a package that reads such data is not installed.
    """
    check = CorpusCheck()
    seen_ids: dict[str, str] = {}
    seen_texts: dict[str, str] = {}
    files = corpus_files(paths)
    names = Counter(path.name for path in files)
    for path in files:
        name = path.name if names[path.name] == 1 else str(path)
        complain = partial(_complain, check.faults, path)
        for found in read_records(path, name, scheme, columns or Columns(), complain):
            faults = list(record_faults(found.record, scheme))
            if not faults:
                faults += _repeats(found, f"{path}:{found.place}", seen_ids, seen_texts)
            for fault in faults:
                complain(found.place, fault)
            if not faults:
                sentence = sentence_of(found.record, path.name, found.holders)
                check.sentences.append(sentence)
                _count(sentence, check.counts)
    return check


def _complain(faults: list[str], path: Path, place: str, fault: str) -> None:
    faults.append(f"{path}:{place}: {fault}")


def read_corpus(
    paths: Sequence[Path], scheme: LabelScheme = STANCES, columns: Columns | None = None
) -> list[AnnotatedSentence]:
    """Read annotated files, folders of them and data sets of the hub; see `check_corpus`.

    Raises:
        CorpusError: a path does not exist, there is no sentence, or any record has a fault; the message lists the
            faults as ``file:line: fault``.
        ModuleNotFoundError: a package that reads such data is not installed.
    """
    check = check_corpus(paths, scheme, columns)
    if check.faults:
        shown = check.faults[:FAULTS_SHOWN]
        more = len(check.faults) - len(shown)
        raise CorpusError("\n".join(shown + ([f"… and {more} more faults"] if more else [])))
    if not check.sentences:
        raise CorpusError(f"no sentence in {', '.join(map(str, paths))}")
    return check.sentences


def data_sha256(path: Path) -> str:
    """Return the SHA-256 of an annotated file, or of the rows of a data set of the hub as lines of JSON."""
    if not is_hub(path):
        return file_sha256(path)
    digest = hashlib.sha256()
    for row in read_rows(path, lambda *_: None):
        digest.update(json.dumps(row.values, sort_keys=True, default=str).encode() + b"\n")
    return digest.hexdigest()


def count_rows(path: Path) -> int:
    """Return the number of rows of an annotated file or of a data set of the hub, faultless or not."""
    faults: list[str] = []
    return sum(1 for _ in read_rows(path, partial(_complain, faults, path))) + len(faults)


def record_faults(record: Any, scheme: LabelScheme) -> Iterator[str]:
    """Yield what is wrong with one record (a line of a file, as parsed JSON), as short texts."""
    if not isinstance(record, dict):
        yield "not a JSON object"
        return
    if not isinstance(record.get("id"), str) or not record["id"]:
        yield "id: missing or not a text"
    custom = record.get("custom", [])
    if not isinstance(custom, list) or not all(isinstance(code, str) and code.strip() for code in custom):
        yield "custom: not a list of codes"
        custom = []
    yield from map(str, annotation_faults(record.get("text"), record.get("entities"), scheme, custom))


def _repeats(found: Found, place: str, ids: dict[str, str], texts: dict[str, str]) -> list[str]:
    record, faults = found.record, []
    key = text_key(record["text"])
    if found.holders is not None:  # The same text may stand again with another pair.
        key += repr(sorted((entity["mentions"], entity.get("spans")) for entity in record["entities"]))
    if (first := ids.setdefault(record["id"], place)) != place:
        faults.append(f"id {record['id']!r} stands at {first} already")
    if (first := texts.setdefault(key, place)) != place:
        faults.append(f"the text of {first} again" + ("" if found.holders is None else ", with the same pair"))
    return faults


def sentence_of(record: Mapping[str, Any], file: str, holders: tuple[str, ...] | None = None) -> AnnotatedSentence:
    """Return a record without faults as a sentence."""
    return AnnotatedSentence(record["id"], record["text"], read_entities(record["entities"]), file, holders)


def _count(sentence: AnnotatedSentence, counts: Counter[str]) -> None:
    stances = [stance for entity in sentence.entities for stance in entity.stances]
    counts["sentences"] += 1
    counts["entities"] += len(sentence.entities)
    counts["sentences without a stance"] += not stances
    counts.update(stances)
