"""Texts without annotation, cut into sentences in which entities are found: what teachers label for their students."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from model.annotation import text_key
from model.documents import Document
from model.encoding import EncodableSentence
from model.errors import CorpusError
from model.reading import Reader
from model.scheme import LabelScheme
from training.reading.lines import numbered_lines

FEWEST_ENTITIES = 2
"""Sentences with fewer say little: whom a label is aimed at is asked of pairs."""
LONGEST = 500
"""Characters of a sentence; what is longer is a table, or was cut badly."""


def unlabelled_sentences(
    paths: Sequence[Path], scheme: LabelScheme, known: Sequence[str] = ()
) -> list[EncodableSentence]:
    """Read the sentences of texts that mention several entities, each once.

    Args:
        paths: JSON Lines files whose objects have a ``text``; other members are not looked at.
        scheme: Says what is looked for.
        known: Texts of sentences that are left out, such as annotated ones.

    Raises:
        CorpusError: a line is no such object; its message names the place.
    """
    reader = Reader(scheme)
    seen = {text_key(text) for text in known}
    kept = []
    for text in (text for path in paths for text in _texts(path)):
        for found in reader.read(Document(text)):
            key = text_key(found.sentence.text)
            if len(found.entities) >= FEWEST_ENTITIES and len(key) <= LONGEST and key not in seen:
                seen.add(key)
                kept.append(found.encodable())
    return kept


def _texts(path: Path) -> Iterator[str]:
    def refuse(place: str, fault: str) -> None:
        raise CorpusError(f"{path}:{place}: {fault}")

    for number, line in numbered_lines(path, refuse):
        try:
            text = json.loads(line)["text"]
        except (ValueError, KeyError, TypeError):
            text = None
        if not isinstance(text, str):
            refuse(str(number), 'expected a JSON object with a "text"')
        yield text
