"""doccano: JSON Lines of a sequence labelling project with relations.

Mentions are entities labelled with the code. A stance is a relation from the holder's first mention to the target's
first mention; a stance toward nobody is a relation from the holder's first mention to itself. Other fields come back as
they were sent, but for ``id``, which is doccano's own: a sentence keeps its id in ``sentence_id``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from model.annotation import AnnotatedSentence
from model.scheme import STANCES, LabelScheme
from training.interchange.collector import Collector, Reading
from training.interchange.occurrences import (
    Occurrence,
    Statement,
    assemble,
    occurrences,
    statements,
)
from training.reading.lines import numbered_lines


def write_doccano(sentences: Iterable[AnnotatedSentence], path: Path) -> None:
    """Write one sentence a line.

    Raises:
        OSError: the file cannot be written.
    """
    with path.open("w", encoding="utf-8") as file:
        for sentence in sentences:
            file.write(json.dumps(to_example(sentence), ensure_ascii=False) + "\n")


def to_example(sentence: AnnotatedSentence) -> dict[str, Any]:
    """Return one line."""
    places = occurrences(sentence)
    first = {place.code: number for number, place in reversed(list(enumerate(places)))}
    entities = [
        {"id": number, "label": place.code, "start_offset": place.start, "end_offset": place.end}
        for number, place in enumerate(places)
    ]
    relations = [
        {
            "id": number,
            "from_id": first[statement.holder],
            "to_id": first[statement.holder if statement.target is None else statement.target],
            "type": statement.stance,
        }
        for number, statement in enumerate(statements(sentence))
    ]
    return {"text": sentence.text, "sentence_id": sentence.id, "entities": entities, "relations": relations}


def read_doccano(path: Path, scheme: LabelScheme = STANCES) -> Reading:
    """Read an export, with relations or without (``label``: start, end, code).

    Raises:
        CorpusError: the file cannot be read.
    """
    collector = Collector(path, scheme)
    for number, line in numbered_lines(path, collector.fault):
        place = str(number)
        try:
            record = from_example(json.loads(line), f"line-{number}")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            collector.fault(place, _describe(error))
        else:
            collector.add(place, record)
    return collector.reading


def from_example(example: Mapping[str, Any], fallback: str) -> dict[str, Any]:
    """Return the record of a line; one without a sentence id gets doccano's id, or else the one given.

    Raises:
        ValueError: an offset lies outside the text, or a relation leads nowhere.
        KeyError, TypeError, AttributeError: it is no example.
    """
    text = example["text"]
    id = example.get("sentence_id") or (f"doccano-{example['id']}" if "id" in example else fallback)
    if "entities" not in example:
        places = [Occurrence(code, int(start), int(end)) for start, end, code in example["label"]]
        return assemble(str(id), text, places, ())
    codes = {item["id"]: item["label"] for item in example["entities"]}
    places = [
        Occurrence(item["label"], int(item["start_offset"]), int(item["end_offset"])) for item in example["entities"]
    ]
    return assemble(str(id), text, places, _statements(example.get("relations") or [], codes))


def _statements(relations: Iterable[Mapping[str, Any]], codes: Mapping[Any, str]) -> Iterator[Statement]:
    for relation in relations:
        for end in ("from_id", "to_id"):
            if relation[end] not in codes:
                raise ValueError(f"relation {relation.get('id')}: {end} {relation[end]!r} is no entity of this line")
        yield Statement(codes[relation["from_id"]], relation["type"], codes[relation["to_id"]])


def _describe(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON: {error}"
    if isinstance(error, KeyError):
        return f"the field {error.args[0]!r} is missing"
    return str(error) if isinstance(error, ValueError) else f"not an example as doccano exports it: {error}"
