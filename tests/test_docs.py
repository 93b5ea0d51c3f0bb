"""Documents say what is: the tests that they name exist, and the promises are those of the code."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic.fields import FieldInfo

from service.problems import ProblemType
from service.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted((ROOT / "docs").glob("*.md"))
PROMISES = ROOT / "docs" / "promises.md"

NAMED_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
SETTING = re.compile(r"`(\w+)` = ([\w.,]*\w)")
CONSTANT = re.compile(r"`(service(?:\.\w+)+)\.([A-Z_]+)` = ([\d.,]*\d)")
PROBLEM = re.compile(r"(\d{3}) `([\w-]+)`")
NO_LIMIT_OF_REQUESTS = {"port"}


def rows() -> list[list[str]]:
    """Return the cells of all rows of the promises, without the heads of the tables."""
    lines = [line for line in PROMISES.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    return [cells for line in lines if (cells := [cell.strip() for cell in line.split("|")[1:-1]])[0] != "promise"]


def values() -> str:
    """Return the second column of the promises."""
    return "\n".join(row[1] for row in rows())


def definitions(path: Path) -> Iterator[str]:
    """Yield the names that a module defines: functions, classes, and what is assigned."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Assign(targets=[ast.Name(id=name)]):
                yield name


def is_limit(name: str, field: FieldInfo) -> bool:
    """Say whether a setting is a number that bounds something."""
    bounded = any(hasattr(mark, bound) for mark in field.metadata for bound in ("ge", "gt", "le", "lt"))
    return bounded and name not in NO_LIMIT_OF_REQUESTS


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_test_that_is_named_exists(document: Path) -> None:
    named = NAMED_TEST.findall(document.read_text(encoding="utf-8"))
    missing = [f"{file}::{name}" for file, name in named if name not in definitions(ROOT / file)]
    assert missing == []


def test_every_promise_has_a_value_and_a_test() -> None:
    assert len(rows()) > 30
    assert [row[0] for row in rows() if len(row) != 3 or not row[1] or not NAMED_TEST.search(row[2])] == []


def test_every_limit_of_the_settings_is_promised_as_it_is() -> None:
    written = {name: value.replace(",", "") for name, value in SETTING.findall(values())}
    limits = {name: field.default for name, field in Settings.model_fields.items() if is_limit(name, field)}
    assert set(written) == set(limits)
    wrong = {
        name: value
        for name, value in written.items()
        if limits[name] is not None and float(value) != float(limits[name])
    }
    assert wrong == {}


def test_every_type_of_problem_is_promised_with_its_status() -> None:
    written = {(int(status), slug) for status, slug in PROBLEM.findall(values())}
    assert written == {(kind.status, kind.slug) for kind in ProblemType}


def test_constants_have_the_promised_values() -> None:
    written = CONSTANT.findall(values())
    assert len(written) > 5
    actual = {(module, name): getattr(importlib.import_module(module), name) for module, name, _ in written}
    assert {(module, name): float(value.replace(",", "")) for module, name, value in written} == actual
