"""Annotated sentences: reading and checking files.

One JSON object a line; `seeds/annotation-guidelines.md` says what each field means. Standard library only, so that
`entity-stance check` works without the extra ``train``.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from model.annotation import AnnotatedSentence, annotation_faults, read_entities, text_key
from model.errors import CorpusError
from model.scheme import STANCES, LabelScheme

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
    """List the ``.jsonl`` files of files and folders, in order; folders are not searched deeper.

    Raises:
        CorpusError: a path does not exist, or a folder holds no such file.
    """
    files: list[Path] = []
    for path in paths:
        found = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
        if not found:
            raise CorpusError(f"{path}: no .jsonl file in this folder")
        if not path.exists():
            raise CorpusError(f"{path}: no such file or folder")
        files.extend(found)
    return files


def check_corpus(paths: Sequence[Path], scheme: LabelScheme = STANCES) -> CorpusCheck:
    """Check annotated files and folders of them against the guidelines' record format.

    Raises:
        CorpusError: a path does not exist, or a folder holds no ``.jsonl`` file.
    """
    check = CorpusCheck()
    seen_ids: dict[str, str] = {}
    seen_texts: dict[str, str] = {}
    for path in corpus_files(paths):
        for number, line in numbered_lines(path, check.faults):
            place = f"{path}:{number}"
            try:
                record = json.loads(line)
            except ValueError as error:
                check.faults.append(f"{place}: not JSON: {error}")
                continue
            faults = list(record_faults(record, scheme))
            if not faults:
                faults += _repeats(record, place, seen_ids, seen_texts)
            check.faults += [f"{place}: {fault}" for fault in faults]
            if not faults:
                sentence = sentence_of(record, path.name)
                check.sentences.append(sentence)
                _count(sentence, check.counts)
    return check


def read_corpus(paths: Sequence[Path], scheme: LabelScheme = STANCES) -> list[AnnotatedSentence]:
    """Read annotated files and folders of them.

    Raises:
        CorpusError: a path does not exist, there is no sentence, or any record has a fault; the message lists the
            faults as ``file:line: fault``.
    """
    check = check_corpus(paths, scheme)
    if check.faults:
        shown = check.faults[:FAULTS_SHOWN]
        more = len(check.faults) - len(shown)
        raise CorpusError("\n".join(shown + ([f"… and {more} more faults"] if more else [])))
    if not check.sentences:
        raise CorpusError(f"no sentence in {', '.join(map(str, paths))}")
    return check.sentences


def numbered_lines(path: Path, faults: list[str]) -> Iterator[tuple[int, str]]:
    """Yield the numbered lines that hold something; a line that is not UTF-8 is a fault of its own.

    Raises:
        CorpusError: the file cannot be read.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise CorpusError(f"{path}: {error.strerror}") from None
    for number, line in enumerate(raw.split(b"\n"), 1):
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
        except UnicodeDecodeError as error:
            faults.append(f"{path}:{number}: not UTF-8 at byte {error.start}")
            continue
        if text:
            yield number, text


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


def _repeats(record: dict[str, Any], place: str, ids: dict[str, str], texts: dict[str, str]) -> list[str]:
    faults = []
    key = text_key(record["text"])
    if (first := ids.setdefault(record["id"], place)) != place:
        faults.append(f"id {record['id']!r} stands at {first} already")
    if (first := texts.setdefault(key, place)) != place:
        faults.append(f"the text of {first} again")
    return faults


def sentence_of(record: Mapping[str, Any], file: str) -> AnnotatedSentence:
    """Return a record without faults as a sentence."""
    return AnnotatedSentence(record["id"], record["text"], read_entities(record["entities"]), file)


def _count(sentence: AnnotatedSentence, counts: Counter[str]) -> None:
    stances = [stance for entity in sentence.entities for stance in entity.stances]
    counts["sentences"] += 1
    counts["entities"] += len(sentence.entities)
    counts["sentences without a stance"] += not stances
    counts.update(stances)
