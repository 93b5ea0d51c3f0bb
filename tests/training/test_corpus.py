"""Reading and checking annotated files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from model.annotation import AnnotatedEntity, AnnotatedSentence, mention_spans
from model.documents import Span
from model.errors import CorpusError
from service.cli.main import app
from training.corpus import check_corpus, read_corpus

SEEDS = Path(__file__).resolve().parents[2] / "seeds"


def record(**changes: object) -> str:
    """Return one faultless record, or one with faults."""
    good = {
        "id": "a",
        "text": "Norway warned Chile.",
        "entities": [
            {"code": "NO", "mentions": ["Norway"], "stances": {"warning": ["CL"]}},
            {"code": "CL", "mentions": ["Chile"], "stances": {}},
        ],
    }
    return json.dumps(good | changes)


def entity(**changes: object) -> list[dict[str, object]]:
    chile: dict[str, object] = {"code": "CL", "mentions": ["Chile"], "stances": {}}
    return [{"code": "NO", "mentions": ["Norway"], "stances": {}} | changes, chile]


FAULTS = [
    ("{", "not JSON"),
    ("[]", "not a JSON object"),
    (record(text=""), "text: missing or empty"),
    (record(text=5), "text: missing or empty"),
    (record(id=None), "id: missing"),
    (record(entities=None), "entities: missing"),
    (record(entities=[3]), "entities: missing"),
    (record(entities=entity(code="XX")), "unknown code 'XX'"),
    (record(entities=entity(code="CL")), "CL stands 2 times"),
    (record(entities=entity(code=["NO"])), "unknown code ['NO']"),
    (record(entities=entity(mentions=[])), "NO: no mentions"),
    (record(entities=entity(mentions=["Norwegian"])), "NO: mention 'Norwegian' is not in the text"),
    (record(entities=entity(mentions=["Norway", "Norway"])), "NO: mention 'Norway' stands twice"),
    (record(entities=entity(stances={"warning": ["CL", "CL"]})), "NO: warning toward 'CL' twice"),
    (record(custom="NSC"), "custom: not a list of codes"),
    (record(entities=entity(stances=["warning"])), "stances: missing or not an object"),
    (record(entities=entity(stances={"anger": []})), "unknown stance 'anger'"),
    (record(entities=entity(stances={"warning": "CL"})), "targets are not a list"),
    (record(entities=entity(stances={"warning": ["PE"]})), "toward 'PE', which is no entity"),
    (record(entities=entity(stances={"warning": ["NO"]})), "warning toward itself"),
    (record(text="Norway warned\0 Chile."), "NUL"),
    ('{"id": "a", "text": "Norway \\ud800 Chile", "entities": []}', "surrogate"),
]


@pytest.mark.parametrize(("line", "fault"), FAULTS, ids=[fault for _, fault in FAULTS])
def test_a_fault_is_told_with_its_file_and_line(tmp_path: Path, line: str, fault: str) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text(record(id="first", text="Chile met Norway.") + "\n\n" + line + "\n")
    faults = check_corpus([path]).faults
    assert any(found.startswith(f"{path}:3: ") and fault in found for found in faults), faults
    with pytest.raises(CorpusError, match=r"mine\.jsonl:3: "):
        read_corpus([path])


def test_a_code_of_ones_own_is_declared(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    own: dict[str, object] = {"code": "NSC", "mentions": ["Straits Council"], "stances": {"warning": ["NO"]}}
    line = {"text": "The Straits Council warned Norway.", "entities": [own, entity()[0]]}
    path.write_text(record(**line) + "\n")
    assert check_corpus([path]).faults == [f"{path}:1: code: unknown code 'NSC'"]
    path.write_text(record(**line, custom=["NSC"]) + "\n")
    assert check_corpus([path]).faults == []


def test_the_other_lines_are_still_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_bytes(b"\xff\xfe\n" + record().encode() + b"\n{\n")
    check = check_corpus([path])
    assert [fault.split(": ")[0] for fault in check.faults] == [f"{path}:1", f"{path}:3"]
    assert [sentence.id for sentence in check.sentences] == ["a"]
    assert check.counts["warning"] == 1


def test_an_id_or_a_text_that_stands_twice_is_a_fault(tmp_path: Path) -> None:
    one, two = tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    one.write_text(record() + "\n")
    two.write_text(
        record(text="Norway met Chile, at last.") + "\n" + record(id="b", text="NORWAY warned, Chile") + "\n"
    )
    faults = check_corpus([one, two]).faults
    assert faults[0] == f"{two}:1: id 'a' stands at {one}:1 already"
    assert "mention 'Norway'" in faults[1]


@pytest.mark.parametrize("path", ["nowhere.jsonl", "."])
def test_a_path_without_data_is_told(tmp_path: Path, path: str) -> None:
    with pytest.raises(CorpusError, match=r"no such file|no \.jsonl, \.csv, \.tsv, \.parquet file"):
        check_corpus([tmp_path / path])


def test_the_check_command_lists_faults_and_fails(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text(record() + "\n{\n")
    result = CliRunner().invoke(app, ["check", str(path)])
    assert result.exit_code == 1
    assert f"{path}:2: not JSON" in result.output
    assert "Traceback" not in result.output


def test_the_seeds_have_no_fault() -> None:
    check = check_corpus([SEEDS])
    assert check.faults == []
    assert check.counts["sentences"] >= 1_695


def test_mentions_are_found_as_whole_words_longest_first() -> None:
    sentence = AnnotatedSentence(
        "x",
        "Guinea met Guinea-Bissau; Guineans and Guinea agreed.",
        (AnnotatedEntity("GN", ("Guinea", "Guineans"), {}), AnnotatedEntity("GW", ("Guinea-Bissau",), {})),
    )
    assert mention_spans(sentence) == [[Span(0, 6), Span(26, 34), Span(39, 45)], [Span(11, 24)]]


def test_a_mention_inside_a_word_is_still_found() -> None:
    sentence = AnnotatedSentence("x", "The Irans of this world.", (AnnotatedEntity("IR", ("Iran",), {}),))
    assert mention_spans(sentence) == [[Span(4, 8)]]
