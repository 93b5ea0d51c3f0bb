"""Annotated sentences: reading and checking files.

One JSON object a line; `seeds/annotation-guidelines.md` says what each field means. Standard library only, so that
`entity-stance check` works without the extra ``train``.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from model.countries.registry import is_known_code
from model.documents import Span
from model.errors import CorpusError
from model.scheme import STANCES, LabelScheme

FAULTS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class AnnotatedEntity:
    """A country of an annotated sentence: its surface forms and the targets of each stance that it takes."""

    code: str
    mentions: tuple[str, ...]
    stances: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class AnnotatedSentence:
    """One annotated sentence; ``file`` is the name of the file that it was read from."""

    id: str
    text: str
    entities: tuple[AnnotatedEntity, ...]
    file: str = field(default="", compare=False)


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


def mention_spans(sentence: AnnotatedSentence) -> list[list[Span]]:
    """Find every whole-word place of each entity's forms: one list per entity, longest forms first, no overlaps."""
    owner = {form: index for index, entity in enumerate(sentence.entities) for form in entity.mentions}
    spans: list[list[Span]] = [[] for _ in sentence.entities]
    if owner:
        for match in _form_pattern(owner).finditer(sentence.text):
            spans[owner[match.group()]].append(Span(*match.span()))
    # A form that only stands inside another entity's longer form, or inside a word, still is where it is.
    for index, entity in enumerate(sentence.entities):
        if not spans[index]:
            start = sentence.text.index(entity.mentions[0])
            spans[index].append(Span(start, start + len(entity.mentions[0])))
    return spans


def _form_pattern(forms: Mapping[str, int]) -> re.Pattern[str]:
    longest_first = sorted(forms, key=len, reverse=True)
    return re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, longest_first)) + r")(?!\w)")


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
    text = record.get("text")
    if not isinstance(text, str) or not text.strip():
        yield "text: missing or empty"
        return
    if not isinstance(record.get("id"), str) or not record["id"]:
        yield "id: missing or not a text"
    if "\0" in text or not _encodable(text):
        yield "text: holds a NUL or a lone surrogate"
    entities = record.get("entities")
    if not isinstance(entities, list) or not all(isinstance(entity, dict) for entity in entities):
        yield "entities: missing or not a list of objects"
        return
    codes = [entity.get("code") for entity in entities]
    for code, times in Counter(map(str, codes)).items():
        if times > 1:
            yield f"entities: {code} stands {times} times"
    for entity in entities:
        yield from _entity_faults(entity, text, codes, scheme)


def _entity_faults(entity: dict[str, Any], text: str, codes: list[Any], scheme: LabelScheme) -> Iterator[str]:
    code = entity.get("code")
    if not isinstance(code, str) or not is_known_code(code):
        yield f"code: unknown code {code!r}"
    mentions = entity.get("mentions")
    if not isinstance(mentions, list) or not mentions:
        yield f"{code}: no mentions"
        mentions = []
    for mention in mentions:
        if not isinstance(mention, str) or not mention.strip() or mention not in text:
            yield f"{code}: mention {mention!r} is not in the text"
    stances = entity.get("stances")
    if not isinstance(stances, dict):
        yield f"{code}: stances: missing or not an object"
        return
    if not scheme.multi_label and len(stances) > 1:
        yield f"{code}: several labels, but the scheme {scheme.name!r} allows one"
    for stance, toward in stances.items():
        if stance not in scheme.names:
            yield f"{code}: unknown stance {stance!r} (known: {', '.join(scheme.names)})"
        if not isinstance(toward, list):
            yield f"{code}: {stance}: targets are not a list"
            continue
        for target in toward:
            if target not in codes:
                yield f"{code}: {stance} toward {target!r}, which is no entity of this sentence"
            elif target == code:
                yield f"{code}: {stance} toward itself"


def _repeats(record: dict[str, Any], place: str, ids: dict[str, str], texts: dict[str, str]) -> list[str]:
    faults = []
    key = re.sub(r"\W+", " ", record["text"]).casefold().strip()
    if (first := ids.setdefault(record["id"], place)) != place:
        faults.append(f"id {record['id']!r} stands at {first} already")
    if (first := texts.setdefault(key, place)) != place:
        faults.append(f"the text of {first} again")
    return faults


def _encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def sentence_of(record: Mapping[str, Any], file: str) -> AnnotatedSentence:
    """Return a record without faults as a sentence."""
    entities = tuple(
        AnnotatedEntity(
            entity["code"],
            tuple(entity["mentions"]),
            {stance: tuple(toward) for stance, toward in entity["stances"].items()},
        )
        for entity in record["entities"]
    )
    return AnnotatedSentence(record["id"], record["text"], entities, file)


def _count(sentence: AnnotatedSentence, counts: Counter[str]) -> None:
    stances = [stance for entity in sentence.entities for stance in entity.stances]
    counts["sentences"] += 1
    counts["entities"] += len(sentence.entities)
    counts["sentences without a stance"] += not stances
    counts.update(stances)
