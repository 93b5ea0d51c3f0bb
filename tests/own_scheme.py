"""A scheme of our own with a corpus and a model of it: organisations that speak well or ill of each other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

SCHEME = """
name: attitude
description: How organisations speak of each other.
labels:
  - name: positive
    description: praises, helps or sides with another one
  - name: negative
    description: blames, rejects or threatens another one
multi_label: false
entities:
  countries: false
  types: [company, union]
  gazetteer: organisations.tsv
"""
ORGANISATIONS = [
    ("ORION", "Orion Shipping", "company", "Orion Shipping;Orion"),
    ("HALYARD", "Halyard Lines", "company", "Halyard Lines"),
    ("KESTREL", "Kestrel Bank", "company", "Kestrel Bank;Kestrel"),
    ("TANNERS", "Tanners Union", "union", "Tanners Union"),
    ("DOCKERS", "Dockers League", "union", "Dockers League"),
    ("WEAVERS", "Weavers Guild", "union", "Weavers Guild"),
]


def records(count: int) -> list[dict[str, object]]:
    """Compose a learnable little corpus: who praises whom, who blames whom, who is only mentioned."""
    objects = ["wages", "ships", "looms", "loans", "piers", "hides", "cranes", "dyes", "hulls", "bonds", "tools"]
    made: list[dict[str, object]] = []
    for index in range(count):
        one, other = ORGANISATIONS[index % 6], ORGANISATIONS[(index + 1 + index // 6 % 5) % 6]
        thing, number = objects[index % 11], index + 3
        text, stances = [
            (f"{one[1]} praised {other[1]} for its {number} {thing}.", {"positive": [other[0]]}),
            (f"{one[1]} blamed {other[1]} {number} times over its {thing}.", {"negative": [other[0]]}),
            (f"{one[1]} and {other[1]} counted {number} {thing} in spring.", {}),
        ][index % 3]
        entities = [
            {"code": one[0], "mentions": [one[1]], "stances": stances},
            {"code": other[0], "mentions": [other[1]], "stances": {}},
        ]
        made.append({"id": f"a-{index:03}", "text": text, "entities": entities})
    return made


@pytest.fixture(scope="session")
def attitude_scheme(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scheme file with a gazetteer beside it."""
    folder = tmp_path_factory.mktemp("attitude")
    rows = ["\t".join(row) for row in [("code", "name", "type", "forms"), *ORGANISATIONS]]
    (folder / "organisations.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    path = folder / "attitude.yaml"
    path.write_text(SCHEME, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def attitude_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one file annotated by the scheme."""
    folder = tmp_path_factory.mktemp("attitude-corpus")
    lines = [json.dumps(record) for record in records(180)]
    (folder / "attitude.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def attitude_model(
    tmp_path_factory: pytest.TempPathFactory, attitude_scheme: Path, attitude_corpus: Path, tiny_bert: Path
) -> Path:
    """A model of the scheme, trained by the command."""
    from typer.testing import CliRunner

    from service.cli.main import app

    out = tmp_path_factory.mktemp("runs") / "attitude"
    options = ["--base", str(tiny_bert), "--epochs", "14", "--batch-size", "8", "--no-bf16", "--keep-weights"]
    rates = ["--encoder-rate", "0.002", "--head-rate", "0.003", "--max-tokens", "64", "--name", "attitude"]
    arguments = ["train", str(attitude_corpus), "--scheme", str(attitude_scheme), "--out", str(out), *options, *rates]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return out
