"""Annotated sentences through annotation tools and tables, and back."""

from __future__ import annotations

import csv
import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from model.annotation import AnnotatedEntity, AnnotatedSentence
from model.countries.registry import all_entities
from model.scheme import STANCES
from service.cli import convert
from service.cli.main import app
from training.corpus import read_corpus, record_faults
from training.interchange.doccano import from_example, to_example
from training.interchange.formats import Interchange, read, to_record, write
from training.interchange.label_studio import from_task, to_task
from training.interchange.occurrences import assemble, occurrences, statements
from training.interchange.tables import to_rows

SEEDS = Path(__file__).resolve().parents[2] / "seeds"
CODES = ["NA", "NO", "CL", "EU", "SUHH"]
PIECES = [
    "Norway",
    "Norwegian",
    "Chile",
    "Chileans",
    "South Chile Sea",
    "EU",
    "💣",
    "N\u0303",
    ";",
    ",",
    '"',
    "\n",
    "\r\n",
    "it",
]
NAMIBIA = {
    "id": "2022-01-18",
    "text": "2022-01-18",
    "entities": [{"code": "NA", "mentions": ["2022"], "stances": {"denial": []}}],
}


@st.composite
def sentences(draw: st.DrawFn) -> AnnotatedSentence:
    """Compose a sentence whose forms may stand in several places, inside one another and inside words."""
    pieces = draw(st.lists(st.sampled_from(PIECES), min_size=1, max_size=12))
    text = draw(st.sampled_from([" ", ""])).join(pieces)
    assume(text.strip())
    codes = draw(st.lists(st.sampled_from(CODES), unique=True, max_size=3))
    forms = st.lists(
        st.sampled_from([piece for piece in pieces if piece.strip()] or ["it"]), unique=True, min_size=1, max_size=3
    )
    entities = []
    for code in codes:
        others = [other for other in codes if other != code]
        targets = st.lists(st.sampled_from(others), unique=True) if others else st.just([])
        stances = draw(st.dictionaries(st.sampled_from(STANCES.names), targets, max_size=2))
        entities.append({"code": code, "mentions": draw(forms), "stances": stances})
    record: dict[str, Any] = {"id": draw(st.sampled_from(["007", "a b", "ü"])), "text": text, "entities": entities}
    assume(not list(record_faults(record, STANCES)))
    entities.sort(key=lambda entity: min(map(text.index, entity["mentions"])))
    return as_sentence(record)


def as_sentence(record: dict[str, Any]) -> AnnotatedSentence:
    entities = tuple(
        AnnotatedEntity(e["code"], tuple(e["mentions"]), {name: tuple(t) for name, t in e["stances"].items()})
        for e in record["entities"]
    )
    return AnnotatedSentence(record["id"], record["text"], entities)


def unordered(sentence: AnnotatedSentence) -> AnnotatedSentence:
    """Return a sentence with its targets in alphabetical order, which says the same."""
    record: Any = to_record(sentence)
    for entity in record["entities"]:
        entity["stances"] = {stance: sorted(toward) for stance, toward in entity["stances"].items()}
    return as_sentence(record)


def run(*arguments: str | Path, code: int = 0) -> Result:
    result = CliRunner().invoke(app, ["convert", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


@given(sentences(), st.booleans())
@settings(max_examples=200)
def test_a_task_and_an_example_hold_everything(sentence: AnnotatedSentence, predictions: bool) -> None:
    task, example = to_task(sentence, predictions=predictions), to_example(sentence)
    assert unordered(as_sentence(from_task(json.loads(json.dumps(task)), ""))) == unordered(sentence)
    assert as_sentence(from_example(json.loads(json.dumps(example)), "")) == sentence
    places = [(place.code, place.start, place.end) for place in occurrences(sentence)]
    assert [(e["label"], e["start_offset"], e["end_offset"]) for e in example["entities"]] == places
    (annotation,) = task["predictions" if predictions else "annotations"]
    regions = [item["value"] for item in annotation["result"] if item["type"] == "labels"]
    assert [(value["labels"][0], value["start"], value["end"]) for value in regions] == places
    assert all(sentence.text[value["start"] : value["end"]] == value["text"] for value in regions)
    assert as_sentence(assemble(sentence.id, sentence.text, occurrences(sentence), statements(sentence))) == sentence


@pytest.mark.parametrize("format_", list(Interchange))
@given(sentence=sentences())
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_format_holds_everything(tmp_path: Path, format_: Interchange, sentence: AnnotatedSentence) -> None:
    path = tmp_path / "file"
    write([sentence], path, format_)
    reading = read(path, format_)
    assert reading.faults == []
    same = unordered if format_ is Interchange.LABEL_STUDIO else lambda whole: whole
    assert [same(found) for found in reading.sentences] == [same(sentence)]


@pytest.fixture(scope="module")
def seeds() -> list[AnnotatedSentence]:
    """Return every fourth: all of them take a minute and a half, and differ in nothing that matters here."""
    return read_corpus([SEEDS])[::4]


@pytest.mark.parametrize("format_", list(Interchange))
def test_seeds_come_back(tmp_path: Path, format_: Interchange, seeds: list[AnnotatedSentence]) -> None:
    path = tmp_path / "file"
    write(seeds, path, format_)
    reading = read(path, format_)
    assert reading.faults == []
    same = unordered if format_ is Interchange.LABEL_STUDIO else lambda whole: whole
    assert [same(found) for found in reading.sentences] == [same(sentence) for sentence in seeds]


@pytest.mark.parametrize("format_", ["csv", "jsonl", "parquet"])
def test_tables_are_what_datasets_load(tmp_path: Path, format_: str) -> None:
    """The rows of a country whose code is taken for nothing, and of texts that are taken for days, among them."""
    from datasets import Features, Value, load_dataset

    path = tmp_path / f"table.{format_}"
    kyiv = read_corpus([SEEDS / "kyiv-visit.jsonl"])
    write([as_sentence(NAMIBIA), *kyiv], path, Interchange(format_))
    assert read(path, Interchange(format_)).sentences == [as_sentence(NAMIBIA), *kyiv]
    builder = {"csv": "csv", "jsonl": "json", "parquet": "parquet"}[format_]
    loaded = load_dataset(builder, data_files=str(path), split="train", cache_dir=str(tmp_path / "cache"))
    assert loaded.column_names == ["id", "text", "code", "mentions", "starts", "ends", "stance", "toward"]
    assert len(loaded) == sum(
        max(1, len(entity.stances)) for s in [as_sentence(NAMIBIA), *kyiv] for entity in s.entities
    )
    if format_ == "csv":
        cache = str(tmp_path / "other")
        loaded = load_dataset("csv", data_files=str(path), split="train", cache_dir=cache, keep_default_na=False)
        assert loaded[0]["code"] == "NA"
    if format_ == "parquet":
        assert loaded.features["code"] == Value("string")
        assert loaded[0]["code"] == "NA"
        assert isinstance(loaded.features, Features)


def test_occurrences_are_all_places_and_reading_names_each_form_once(tmp_path: Path) -> None:
    record = {
        "id": "o-1",
        "text": "Chile warned Peru, and Chile meant it.",
        "entities": [
            {"code": "CL", "mentions": ["Chile"], "stances": {"warning": ["PE"]}},
            {"code": "PE", "mentions": ["Peru"], "stances": {}},
        ],
    }
    example = to_example(as_sentence(record))
    assert [(e["label"], e["start_offset"]) for e in example["entities"]] == [("CL", 0), ("CL", 23), ("PE", 13)]
    assert example["relations"] == [{"id": 0, "from_id": 0, "to_id": 2, "type": "warning"}]
    assert from_example(example, "") == record


def label_studio_export() -> list[dict[str, Any]]:
    """Compose tasks as Label Studio exports them after people have worked on them."""

    def region(id: str, start: int, end: int, code: str, text: str) -> dict[str, Any]:
        value = {"start": start, "end": end, "text": text, "labels": [code]}
        return {
            "id": id,
            "from_name": "mention",
            "to_name": "text",
            "type": "labels",
            "origin": "manual",
            "value": value,
        }

    def relation(source: str, target: str, direction: str, *labels: str) -> dict[str, Any]:
        return {"type": "relation", "from_id": source, "to_id": target, "direction": direction, "labels": [*labels]}

    text = "💣 Peru and Chile warned Peru's neighbours."
    result = [
        region("x", 34 - 9, 38 - 9, "PE", "Peru"),
        region("y", 11, 16, "CL", "Chile"),
        region("z", 2, 6, "PE", "Peru"),
    ]
    choice = {"id": "y", "type": "choices", "from_name": "stance", "to_name": "text"}
    choice |= {"value": {"start": 11, "end": 16, "text": "Chile", "choices": ["warning"]}}
    old = {"result": [], "updated_at": "2024-01-01T00:00:00Z"}
    new = {"result": [*result, choice, relation("x", "y", "left", "denial")], "updated_at": "2024-02-01T00:00:00Z"}
    cancelled = {"result": [], "was_cancelled": True, "updated_at": "2024-03-01T00:00:00Z"}
    javascript = [
        region("a", 3, 7, "PE", "Peru"),
        region("b", 12, 17, "CL", "Chile"),
        relation("a", "b", "bi", "support"),
    ]
    return [
        {"id": 41, "data": {"text": text}, "annotations": [old, new, cancelled], "predictions": []},
        {
            "id": 42,
            "data": {"text": text, "id": "mine"},
            "annotations": [{"result": javascript}, old | {"updated_at": ""}][:1],
        },
    ]


def test_what_people_made_in_label_studio_is_understood(tmp_path: Path) -> None:
    path, target = tmp_path / "export.json", tmp_path / "mine.jsonl"
    path.write_text(json.dumps(label_studio_export()), encoding="utf-8")
    run(path, target, "--from", "label-studio", "--to", "seeds")
    first, second = (json.loads(line) for line in target.read_text(encoding="utf-8").splitlines())
    assert first["id"] == "task-41"
    assert first["entities"] == [
        {"code": "PE", "mentions": ["Peru"], "stances": {}},
        {"code": "CL", "mentions": ["Chile"], "stances": {"warning": [], "denial": ["PE"]}},
    ]
    assert second["id"] == "mine"
    assert [entity["stances"] for entity in second["entities"]] == [{"support": ["CL"]}, {"support": ["PE"]}]


def test_faulty_tasks_are_named_and_the_rest_is_converted(tmp_path: Path) -> None:
    path, target = tmp_path / "export.json", tmp_path / "mine.jsonl"
    good = label_studio_export()[0]

    def broken(**changes: Any) -> dict[str, Any]:
        annotation = json.loads(json.dumps(good["annotations"][1]))
        annotation["result"][changes.pop("at", 0)].update(changes)
        return {"data": {"text": good["data"]["text"]}, "annotations": [annotation]}

    cases = [
        (
            broken(value={"start": 0, "end": 4, "text": "Oman", "labels": ["OM"]}),
            "'Oman' does not stand at its offsets 0",
        ),
        (broken(value={"start": 90, "end": 94, "labels": ["OM"]}), "offsets 90 to 94 do not lie in the text"),
        (broken(at=4, labels=[]), "names no stance"),
        (broken(at=4, to_id="nowhere"), "'nowhere', which is no mention"),
        (broken(at=4, labels=["praise"]), "unknown stance 'praise'"),
        (broken(value={"start": 2, "end": 6, "labels": ["Peru"]}), "unknown code 'Peru'"),
        ({"data": {"text": "Peru."}}, "neither an annotation nor a prediction"),
        ({"data": {}}, "the field 'text' is missing"),
        ("task", "not a task"),
        (good, "id 'task-41' stands at task 1 already"),
    ]
    path.write_text(json.dumps([good, *(case for case, _ in cases)]), encoding="utf-8")
    result = run(path, target, "--from", "label-studio", "--to", "seeds", code=1)
    errors = result.stderr.splitlines()
    assert len(errors) == len(cases)
    for number, (error, (_, reason)) in enumerate(zip(errors, cases, strict=True), 2):
        assert error.startswith(f"error: {path}:task {number}: ")
        assert reason in error
    assert len(target.read_text(encoding="utf-8").splitlines()) == 1


def test_faulty_lines_of_doccano_are_named(tmp_path: Path) -> None:
    path, target = tmp_path / "export.jsonl", tmp_path / "mine.jsonl"
    peru = {"id": 7, "label": "PE", "start_offset": 0, "end_offset": 4}
    itself = {"id": 1, "from_id": 7, "to_id": 7, "type": "warning"}
    lines = [
        json.dumps({"id": 5, "text": "Peru warned.", "Comments": [], "entities": [peru], "relations": [itself]}),
        json.dumps({"id": 6, "text": "Peru warned.", "label": [[0, 4, "PE"]]}),
        "nonsense",
        json.dumps({"id": 8, "text": "Peru.", "entities": [peru | {"end_offset": 50}], "relations": []}),
        json.dumps({"id": 9, "text": "Peru.", "entities": [peru], "relations": [itself | {"to_id": 8}]}),
        json.dumps({"id": 10, "entities": []}),
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    result = run(path, target, "--from", "doccano", "--to", "seeds", code=1)
    for number, reason in ((3, "not JSON"), (4, "do not lie"), (5, "to_id 8 is no entity"), (6, "'text' is missing")):
        assert f"{path}:{number}: " in result.stderr
        assert reason in result.stderr
    read_back = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    assert [record["id"] for record in read_back] == ["doccano-5", "doccano-6"]
    assert [record["entities"][0]["stances"] for record in read_back] == [{"warning": []}, {}]


def test_tables_of_ones_own(tmp_path: Path) -> None:
    """Columns that can be left out are, and each fault names its line and costs its sentence only."""
    path, target = tmp_path / "mine.csv", tmp_path / "mine.jsonl"
    rows = [
        ["id", "text", "code", "mentions", "stance", "toward"],
        ["1", "Peru warned\nChile.", "PE", '["Peru"]', "warning", '["CL"]'],
        ["1", "Peru warned\nChile.", "CL", '["Chile"]', "", ""],
        ["2", "It rained.", "", "", "", ""],
        ["3", "Peru.", "PE", "Peru", "", ""],
        ["4", "Peru.", "PE", '["Peru"]', "", ""],
        ["4", "Chile.", "CL", '["Chile"]', "", ""],
        ["", "Peru.", "", "", "", ""],
        ["5", "Peru.", "PE", '["Peru"]', "praise", ""],
    ]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    result = run(path, target, "--from", "csv", "--to", "seeds", code=1)
    for line, reason in (
        (7, "mentions: not a list as JSON"),
        (9, "text: not the one that the sentence '4' has at 8"),
        (10, "id: missing"),
        (11, "unknown stance 'praise'"),
    ):
        assert f"error: {path}:{line}: {reason}" in result.stderr or (line == 11 and reason in result.stderr)
    converted = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    assert [record["id"] for record in converted] == ["1", "2"]
    assert converted[0]["entities"][0] == {"code": "PE", "mentions": ["Peru"], "stances": {"warning": ["CL"]}}

    lines = tmp_path / "mine.ndjson"
    places = {"id": "1", "text": "Peru, oh Peru.", "code": "PE", "starts": [0, 9], "ends": [4, 13]}
    stray = places | {"id": "2", "mentions": ["Peru"], "ends": [4, 12]}
    lines.write_text(f"{json.dumps(places)}\n{json.dumps(stray)}\nnull\n", encoding="utf-8")
    result = run(lines, target, "--from", "jsonl", "--to", "seeds", code=1)
    assert f"{lines}:2: starts and ends: 'Per' stands there" in result.stderr
    assert f"{lines}:3: not a JSON object" in result.stderr
    assert json.loads(target.read_text(encoding="utf-8"))["entities"][0]["mentions"] == ["Peru"]


def test_files_that_are_something_else_are_one_line_each(tmp_path: Path) -> None:
    path, target = tmp_path / "file", tmp_path / "out"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    for format_, reason in (
        ("label-studio", "not JSON"),
        ("doccano", "not JSON"),
        ("csv", "columns are missing: code, id, stance, text"),
        ("parquet", "not Parquet"),
        ("seeds", "not JSON"),
    ):
        assert reason in run(path, target, "--from", format_, "--to", "seeds", code=1).stderr
        assert "No such file" in (
            missing := run(tmp_path / "x", target, "--from", format_, "--to", "csv", code=2)
        ).stderr or ("no such file" in missing.stderr)
        assert not target.exists()
    (tmp_path / "object.json").write_text("{}", encoding="utf-8")
    assert (
        "list of tasks" in run(tmp_path / "object.json", target, "--from", "label-studio", "--to", "csv", code=1).stderr
    )


def test_senseless_arguments_are_refused(tmp_path: Path) -> None:
    seeds = SEEDS / "kyiv-visit.jsonl"
    for arguments, reason in (
        ([seeds], "--labelling-config"),
        ([seeds, tmp_path / "out"], "--to"),
        ([seeds, tmp_path, "--to", "csv"], "existing directory"),
        ([seeds, tmp_path / "none" / "out", "--to", "csv"], "existing directory"),
        ([seeds, seeds, "--to", "csv"], "the file to read"),
    ):
        assert reason in run(*arguments, code=2).stderr
    assert [item.value for item in convert.Format] == [item.value for item in Interchange]


def test_the_labelling_configuration_names_what_tasks_use(tmp_path: Path) -> None:
    seeds, tasks = SEEDS / "kyiv-visit.jsonl", tmp_path / "tasks.json"
    view = ET.fromstring(run(seeds, "--labelling-config").stdout)
    run(seeds, tasks, "--to", "label-studio", "--predictions")
    labels = [label.attrib["value"] for label in view.findall("Labels/Label")]
    assert set(labels) == set(all_entities())
    assert len(labels) == len(set(labels))
    assert set(labels[:3]) == {"US", "RU", "UA"}
    assert [item.attrib["value"] for item in view.findall("Relations/Relation")] == list(STANCES.names)
    assert [item.attrib["value"] for item in view.findall("Choices/Choice")] == list(STANCES.names)
    assert view.find("Choices").attrib["perRegion"] == "true"  # type: ignore[union-attr]
    names = {element.attrib["name"] for element in view.iter() if "name" in element.attrib}
    for task in json.loads(tasks.read_text(encoding="utf-8")):
        assert "annotations" not in task
        for item in task["predictions"][0]["result"]:
            assert item["type"] == "relation" or {item["from_name"], item["to_name"]} <= names
    assert to_record(as_sentence(NAMIBIA)) == NAMIBIA


def test_the_page_on_formats_shows_what_is_written(tmp_path: Path) -> None:
    page = (SEEDS.parent / "docs" / "interchange.md").read_text(encoding="utf-8")
    blocks = [block.split("```")[0] for block in page.split("```json\n")[1:]]
    seed, task, example, rows = blocks[0], blocks[1], blocks[2], [json.loads(line) for line in blocks[3].splitlines()]
    sentence = as_sentence(json.loads(seed))
    assert json.loads(task) == to_task(sentence)
    assert json.loads(example) == to_example(sentence)
    assert rows == list(to_rows(sentence))
    write([sentence], tmp_path / "table.csv", Interchange.CSV)
    assert f"```csv\n{(tmp_path / 'table.csv').read_text(encoding='utf-8')}```" in page
