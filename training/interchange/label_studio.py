"""Label Studio: a JSON list of tasks, and the labelling configuration that shows them.

Mentions are regions labelled with the entity's code. A stance toward another entity is a relation from the holder's
first region to the target's first region, labelled with the stance; a stance toward nobody is a choice on the holder's
first region. Label Studio keeps one relation from a region to another, so one carries all stances as labels, and the
order of targets may come back another. It counts offsets in code points, as annotated files do.
"""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from model.annotation import AnnotatedSentence
from model.countries.registry import all_entities
from model.scheme import STANCES, LabelScheme
from training.interchange.collector import Collector, Reading
from training.interchange.occurrences import (
    Occurrence,
    Statement,
    assemble,
    occurrences,
    statements,
    utf16_to_code_points,
)

TEXT, MENTION, STANCE = "text", "mention", "stance"
"""Names of the object and of the controls in the labelling configuration."""

MODEL_VERSION = "entity-stance"


def write_label_studio(sentences: Iterable[AnnotatedSentence], path: Path, *, predictions: bool = False) -> None:
    """Write tasks with annotations, or with predictions for people to correct.

    Raises:
        OSError: the file cannot be written.
    """
    with path.open("w", encoding="utf-8") as file:
        for number, sentence in enumerate(sentences):
            file.write(",\n" if number else "[\n")
            json.dump(to_task(sentence, predictions=predictions), file, ensure_ascii=False)
        file.write("\n]\n")


def to_task(sentence: AnnotatedSentence, *, predictions: bool = False) -> dict[str, Any]:
    """Return one task."""
    result = list(_result(sentence))
    task: dict[str, Any] = {"data": {"id": sentence.id, "text": sentence.text}}
    if predictions:
        return task | {"predictions": [{"model_version": MODEL_VERSION, "result": result}]}
    return task | {"annotations": [{"result": result}]}


def _result(sentence: AnnotatedSentence) -> Iterator[dict[str, Any]]:
    region_of: dict[str, str] = {}
    values: dict[str, dict[str, Any]] = {}
    for number, place in enumerate(occurrences(sentence), 1):
        region = f"mention-{number}"
        region_of.setdefault(place.code, region)
        values[region] = {
            "start": place.start,
            "end": place.end,
            "text": sentence.text[place.start : place.end],
        }
        yield _control(region, MENTION, "labels", values[region] | {"labels": [place.code]})
    # Label Studio drops a second relation between the same regions.
    stances: dict[tuple[str, str | None], list[str]] = {}
    for statement in statements(sentence):
        stances.setdefault((statement.holder, statement.target), []).append(statement.stance)
    for (holder, target), labels in stances.items():
        source = region_of[holder]
        if target is None:
            yield _control(source, STANCE, "choices", values[source] | {"choices": labels})
        else:
            ends = {"from_id": source, "to_id": region_of[target]}
            yield {"type": "relation", **ends, "direction": "right", "labels": labels}


def _control(region: str, name: str, kind: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"id": region, "from_name": name, "to_name": TEXT, "type": kind, "value": value}


def read_label_studio(path: Path, scheme: LabelScheme = STANCES) -> Reading:
    """Read an export in the format JSON; of several annotations of a task, the ground truth or else the latest counts.

    Raises:
        OSError: the file cannot be read.
    """
    collector = Collector(path, scheme)
    try:
        tasks = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        collector.fault("1", f"not JSON: {error}")
        return collector.reading
    if not isinstance(tasks, list):
        collector.fault("1", "not a list of tasks; export in the format JSON")
        return collector.reading
    for number, task in enumerate(tasks, 1):
        place = f"task {number}"
        try:
            record = from_task(task, f"task-{number}")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            collector.fault(place, _describe(error))
        else:
            collector.add(place, record)
    return collector.reading


def from_task(task: Mapping[str, Any], fallback: str) -> dict[str, Any]:
    """Return the record of a task; one whose data have no id gets that of the task, or else the one given.

    Raises:
        ValueError: the task has no annotation, or one that does not fit its text.
        KeyError, TypeError, AttributeError: it is no task.
    """
    text = task["data"][TEXT]
    id = task["data"].get("id") or (f"task-{task['id']}" if "id" in task else fallback)
    result = _annotation(task)["result"]
    codes: dict[str, list[str]] = {}
    places: list[Occurrence] = []
    for item in result:
        if item["type"] == "labels":
            start, end = _offsets(text, item["value"])
            codes.setdefault(item["id"], []).extend(item["value"]["labels"])
            places += (Occurrence(code, start, end) for code in item["value"]["labels"])
    return assemble(str(id), text, places, _statements(result, codes))


def _statements(result: Sequence[Mapping[str, Any]], codes: Mapping[str, Sequence[str]]) -> Iterator[Statement]:
    for item in result:
        if item["type"] == "choices":
            for holder in _codes(codes, item.get("id")):
                yield from (Statement(holder, stance, None) for stance in item["value"]["choices"])
        elif item["type"] == "relation":
            if not item.get("labels"):
                raise ValueError(f"the relation from {item['from_id']!r} to {item['to_id']!r} names no stance")
            for source, target in _ends(item):
                for holder in _codes(codes, source):
                    for other in _codes(codes, target):
                        yield from (Statement(holder, stance, other) for stance in item["labels"])


def _ends(relation: Mapping[str, Any]) -> list[tuple[str, str]]:
    source, target = relation["from_id"], relation["to_id"]
    match relation.get("direction", "right"):
        case "left":
            return [(target, source)]
        case "bi":
            return [(source, target), (target, source)]
        case _:
            return [(source, target)]


def _codes(codes: Mapping[str, Sequence[str]], region: Any) -> Sequence[str]:
    if region not in codes:
        raise ValueError(f"a stance belongs to {region!r}, which is no mention of an entity")
    return codes[region]


def _annotation(task: Mapping[str, Any]) -> Mapping[str, Any]:
    done: list[Mapping[str, Any]] = [item for item in task.get("annotations") or [] if not item.get("was_cancelled")]
    if done:
        # The sort is stable: of those without a time, the last one counts.
        return sorted(done, key=lambda a: (bool(a.get("ground_truth")), str(a.get("updated_at") or "")))[-1]
    predicted = task.get("predictions") or []
    if not predicted:
        raise ValueError("has neither an annotation nor a prediction")
    latest: Mapping[str, Any] = predicted[-1]
    return latest


def _offsets(text: str, value: Mapping[str, Any]) -> tuple[int, int]:
    start, end = int(value["start"]), int(value["end"])
    shown = value.get("text")
    if shown is None or text[start:end] == shown:
        return start, end
    # An export that counts as JavaScript does differs only behind characters such as emoji.
    start, end = utf16_to_code_points(text, start, end)
    if text[start:end] != shown:
        raise ValueError(f"the mention {shown!r} does not stand at its offsets {value['start']} to {value['end']}")
    return start, end


def _describe(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"the field {error.args[0]!r} is missing"
    return str(error) if isinstance(error, ValueError) else f"not a task as Label Studio exports it: {error}"


def labelling_config(sentences: Iterable[AnnotatedSentence], scheme: LabelScheme = STANCES) -> str:
    """Return the labelling configuration of a project: all codes, those of the sentences first, and all labels."""
    counts = Counter(entity.code for sentence in sentences for entity in sentence.entities)
    used = [code for code, _ in counts.most_common()]
    view = ET.Element("View")
    # Without it, the display drops white space, and offsets with it.
    ET.SubElement(view, "Style").text = ".htx-text { white-space: pre-wrap; }"
    if scheme.directed:
        relations = ET.SubElement(view, "Relations", choice="multiple")
        for name in scheme.names:
            ET.SubElement(relations, "Relation", value=name)
    ET.SubElement(view, "Filter", name="filter", toName=MENTION, minlength="0", placeholder="Find a country")
    labels = ET.SubElement(view, "Labels", name=MENTION, toName=TEXT)
    names = {entity.code: entity.name for entity in scheme.gazetteer}
    names |= {code: info.name for code, info in all_entities().items() if scheme.countries or code in used}
    for code in dict.fromkeys([*used, *names]):
        ET.SubElement(labels, "Label", value=code, hint=names.get(code, code))
    ET.SubElement(view, "Text", name=TEXT, value="$text")
    choice = "multiple" if scheme.multi_label else "single"
    choices = ET.SubElement(view, "Choices", name=STANCE, toName=TEXT, choice=choice, perRegion="true")
    for label in scheme.labels:
        ET.SubElement(choices, "Choice", value=label.name, hint=label.description)
    ET.indent(view)
    return ET.tostring(view, encoding="unicode") + "\n"
