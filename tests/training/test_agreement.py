"""Agreement of two annotators, against an independent implementation of alpha."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import krippendorff
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from model.agreement import Alpha, _alpha, agreement, nominal_alpha
from model.errors import CorpusError
from model.scheme import STANCES
from service.cli.main import app
from training.agreement import disagreements, read_both

AGREEMENT = Path(__file__).resolve().parents[2] / "seeds" / "agreement"


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=60))
def test_alpha_is_that_of_the_reference_implementation(judged: list[tuple[int, int]]) -> None:
    first, second = np.array(judged).T
    own = nominal_alpha(first * 4 + second, np.ones(len(judged)), 4)
    if len(set(first) | set(second)) < 2:
        assert own is None
    else:
        reference = krippendorff.alpha(reliability_data=np.array([first, second]), level_of_measurement="nominal")
        assert own == pytest.approx(reference)


_JUDGED = st.lists(st.lists(st.none() | st.integers(0, 2), min_size=4, max_size=4), min_size=1, max_size=30)


@given(_JUDGED)
def test_any_number_of_annotators_and_gaps_are_as_in_the_reference_implementation(
    judged: list[list[int | None]],
) -> None:
    units = [tuple(str(value) for value in unit if value is not None) for unit in judged]
    own: Alpha = _alpha("any", [[unit for unit in units if len(unit) > 1]], resamples=0)
    if len({value for unit in units if len(unit) > 1 for value in unit}) < 2:
        assert own.alpha is None
    else:
        data = np.array([[np.nan if value is None else value for value in unit] for unit in judged], float).T
        assert own.alpha == pytest.approx(krippendorff.alpha(reliability_data=data, level_of_measurement="nominal"))


def _write(path: Path, stances: list[dict[str, Any]], forms: tuple[str, str] = ("Norway", "Iceland")) -> Path:
    records = [
        {
            "id": f"s-{number}",
            "text": f"Norway spoke of Iceland {number} times.",
            "entities": [
                {"code": "NO", "mentions": [forms[0]], "stances": taken},
                {"code": "IS", "mentions": [forms[1]], "stances": {}},
            ],
        }
        for number, taken in enumerate(stances)
    ]
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def test_every_question_is_measured_on_its_own_units(tmp_path: Path) -> None:
    first = _write(tmp_path / "a.jsonl", [{"support": ["IS"]}, {"support": []}, {"denial": ["IS"]}, {}])
    second = _write(tmp_path / "b.jsonl", [{"support": ["IS"]}, {"support": ["IS"]}, {"warning": ["IS"]}, {}])
    found = {item.name: item for item in agreement(read_both(first, second), STANCES)}
    assert [(name, item.units, item.differing) for name, item in found.items()] == [
        ("entities", 24, 0),
        ("support", 8, 0),
        ("deterrence", 8, 0),
        ("denial", 8, 1),
        ("warning", 8, 1),
        ("direction", 2, 1),
    ]
    assert found["entities"].alpha == found["support"].alpha == 1
    assert found["deterrence"].alpha is None
    assert found["denial"].alpha == pytest.approx(0)


def test_disagreements_are_told_in_words(tmp_path: Path) -> None:
    first = _write(tmp_path / "a.jsonl", [{"support": ["IS"]}, {"denial": []}])
    second = _write(tmp_path / "b.jsonl", [{"support": []}, {"denial": []}])
    found = disagreements(read_both(first, second), STANCES)
    assert [(item.id, item.question, item.first, item.second) for item in found] == [
        ("s-0", "NO support", "toward IS", "toward nobody")
    ]


def test_different_texts_under_one_id_are_refused(tmp_path: Path) -> None:
    first, second = _write(tmp_path / "a.jsonl", [{}]), tmp_path / "b.jsonl"
    second.write_text(first.read_text().replace("spoke of", "wrote to"))
    with pytest.raises(CorpusError, match="s-0: the text is not the same"):
        read_both(first, second)


def test_the_command_reports_what_the_datasheet_says() -> None:
    done = CliRunner().invoke(app, ["agreement", str(AGREEMENT / "first.jsonl"), str(AGREEMENT / "second.jsonl")])
    assert done.exit_code == 0
    rows = [line.split() for line in done.output.splitlines()]
    alphas = {row[0]: row[3] for row in rows if len(row) > 4 and row[1].replace(",", "").isdigit()}
    datasheet = (AGREEMENT.parent / "DATASHEET.md").read_text()
    assert set(alphas) == {"entities", *STANCES.names, "direction"}
    for name, alpha in alphas.items():
        assert f"| {name} | {alpha} |" in datasheet


def test_a_file_that_is_missing_is_one_line(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["agreement", str(tmp_path / "a.jsonl"), str(tmp_path / "b.jsonl")])
    assert done.exit_code == 2
    assert "no such file" in done.output
