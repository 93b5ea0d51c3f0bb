"""Scheme files: what is read, and what is refused with which words."""

from __future__ import annotations

from pathlib import Path

import pytest

from model.errors import SchemeError
from model.scheme import LabelScheme
from training.scheme_file import read_scheme

LABELS = "name: x\nlabels: [a, b]\n"
ONE = "{code: ORION, name: Orion, type: company}"


def write(folder: Path, text: str, name: str = "scheme.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def refused(folder: Path, text: str) -> list[str]:
    path = write(folder, text)
    with pytest.raises(SchemeError) as caught:
        read_scheme(path)
    return str(caught.value).replace(str(folder), "…").split("\n")


def test_a_scheme_in_yaml_and_in_toml_is_the_same(tmp_path: Path, attitude_scheme: Path) -> None:
    by_yaml = read_scheme(attitude_scheme)
    assert [entity.forms for entity in by_yaml.gazetteer][:2] == [("Orion Shipping", "Orion"), ("Halyard Lines",)]
    (tmp_path / "organisations.tsv").write_bytes((attitude_scheme.parent / "organisations.tsv").read_bytes())
    toml = """
        name = "attitude"
        description = "How organisations speak of each other."
        multi_label = false
        labels = [{name = "positive", description = "praises, helps or sides with another one"},
                  {name = "negative", description = "blames, rejects or threatens another one"}]
        [entities]
        countries = false
        gazetteer = "organisations.tsv"
    """
    assert read_scheme(write(tmp_path, toml, "attitude.toml")) == by_yaml
    assert LabelScheme.from_dict(by_yaml.to_dict()) == by_yaml


def test_what_is_left_out_is_as_with_the_four_stances(tmp_path: Path) -> None:
    scheme = read_scheme(write(tmp_path, LABELS))
    assert (scheme.multi_label, scheme.directed, scheme.none, scheme.countries) == (True, True, True, True)
    assert (scheme.names, scheme.gazetteer, scheme.description) == (("a", "b"), (), "")


def test_a_gazetteer_may_be_written_inline_or_in_tables(tmp_path: Path) -> None:
    inline = read_scheme(write(tmp_path, f"{LABELS}entities:\n  gazetteer: [{ONE}]\n"))
    for name, text in {
        "own.csv": 'code,name,type,forms\nORION,Orion,company,"Orion"\n',
        "own.tsv": "type\tcode\tname\ncompany\tORION\tOrion\n",
        "own.yml": f"- {ONE}\n",
    }.items():
        write(tmp_path, text, name)
        assert read_scheme(write(tmp_path, f"{LABELS}entities: {{gazetteer: {name}}}\n")) == inline


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("labels: [a]", "…/scheme.yaml: name: is required"),
        ("name: x", "…/scheme.yaml: labels: a list with at least one label is required"),
        ("- 1", "…/scheme.yaml: should be a mapping of fields, not a list"),
        ("name: x\nname: y", "…/scheme.yaml:2: name stands twice"),
        ("name: [", "…/scheme.yaml:1: not YAML: expected the node content, but found '<stream end>'"),
        (f"{LABELS}none: perhaps", "…/scheme.yaml: none: should be true or false, not 'perhaps'"),
        (f"{LABELS}multilabel: no", "…/scheme.yaml: multilabel: unknown field; did you mean multi_label?"),
        ("name: x\nlabels: [a, a]", "…/scheme.yaml: labels[1]: 'a' is a label already"),
        (
            "name: x\nlabels: [no]",
            "…/scheme.yaml: labels[0].name: should be text, not False; put it in quotes",
        ),
        (
            "name: x\nlabels: [none]",
            "…/scheme.yaml: labels[0].name: 'none' stands for taking no label: leave it out and set none: true",
        ),
        (
            "name: x\nlabels: [{name: a, colour: red}]",
            "…/scheme.yaml: labels[0].colour: unknown field; the fields are name, description",
        ),
        (
            f"{LABELS}entities: {{gazetteer: [{ONE}, {{code: O, name: ORION, type: union}}]}}",
            "…/scheme.yaml: entities.gazetteer[1]: form 'ORION' is one of 'ORION' already",
        ),
        (
            f"{LABELS}entities: {{gazetteer: [{ONE}, {ONE}]}}",
            "…/scheme.yaml: entities.gazetteer[1]: code 'ORION' stands at …/scheme.yaml: entities.gazetteer[0] already",
        ),
        (
            f"{LABELS}entities: {{gazetteer: [{{code: 'NO', name: N, type: company}}]}}",
            "…/scheme.yaml: entities.gazetteer[0]: code 'NO' is that of a country or bloc, which are looked for too; "
            "choose another one",
        ),
        (
            f"{LABELS}entities: {{types: [bank], gazetteer: [{ONE}]}}",
            "…/scheme.yaml: entities.gazetteer[0]: type 'company' is none of bank",
        ),
        (f"{LABELS}entities: {{gazetteer: own.tsv}}", "…/own.tsv: No such file or directory"),
    ],
)
def test_a_fault_is_named_with_its_file_and_field(tmp_path: Path, text: str, fault: str) -> None:
    assert refused(tmp_path, text) == [fault]


def test_faults_of_a_table_are_named_by_line(tmp_path: Path) -> None:
    write(tmp_path, "code\tname\ttype\tforms\nA\tAa\tx\tAa;?\n\nB\t\tx\taa\nC\tCc\n", "own.tsv")
    assert refused(tmp_path, f"{LABELS}entities: {{gazetteer: own.tsv}}") == [
        "…/own.tsv: line 2.forms[1]: should have a letter or digit and at most 256 characters",
        "…/own.tsv: line 4.name: is required",
        "…/own.tsv: line 5: has 2 cells, the header has 4",
        "…/own.tsv: line 4: form 'aa' is one of 'A' already",
    ]


def test_files_of_other_kinds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SchemeError, match=r"a scheme file ends in \.yaml, \.yml or \.toml"):
        read_scheme(write(tmp_path, "{}", "scheme.json"))
