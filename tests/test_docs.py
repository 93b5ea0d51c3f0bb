"""Documents say what is: the tests and commands that they name exist, and the promises are those of the code."""

from __future__ import annotations

import ast
import importlib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from pydantic.fields import FieldInfo

from service.cli.main import app
from service.problems import ProblemType
from service.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted((ROOT / "docs").glob("*.md"))
WITH_COMMANDS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PROMISES = ROOT / "docs" / "promises.md"

NAMED_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
SETTING = re.compile(r"`(\w+)` = ([\w.,]*\w)")
CONSTANT = re.compile(r"`(service(?:\.\w+)+)\.([A-Z_]+)` = ([\d.,]*\d)")
PROBLEM = re.compile(r"(\d{3}) `([\w-]+)`")
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = "entity-stance"
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


def commands(text: str) -> Iterator[list[str]]:
    """Yield the arguments of every ``entity-stance …`` in a document's blocks of shell, or in its sentences."""
    blocks = [block for language, block in FENCED.findall(text) if language == "sh"]
    inline = [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", FENCED.sub("", text))]
    for block in [*blocks, *(code for code in inline if code.startswith(f"{COMMAND} "))]:
        for line in block.replace("\\\n", " ").splitlines():
            if re.search(rf"\b{COMMAND}\b", line):
                yield from in_shell(line)


def in_shell(line: str) -> Iterator[list[str]]:
    """Yield the arguments of every ``entity-stance`` that a line of shell runs; brackets mark what may be left out."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="();<>|&")
    lexer.whitespace_split = True
    words = [word.strip("[]") or word for word in lexer]
    ends = [index for index, word in enumerate(words) if set(word) <= set("();<>|&")]
    for start, end in zip([-1, *ends], [*ends, len(words)], strict=True):
        called = words[start + 1 : end]
        while called and re.match(r"[A-Z_]+=", called[0]):
            called.pop(0)
        if called[:1] == [COMMAND]:
            yield called[1:]


def parse(command: Any, arguments: list[str]) -> None:
    """Parse arguments as the command does, without running anything; what it does not know raises its error."""
    context = typer.Context(command, info_name=command.name)
    _, rest, _ = command.make_parser(context).parse_args(list(arguments))
    if rest and hasattr(command, "resolve_command"):
        _, found, rest = command.resolve_command(context, rest)
        parse(found, rest)


@pytest.mark.parametrize("document", WITH_COMMANDS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_that_is_shown_exists_with_its_options(document: Path) -> None:
    entry = typer.main.get_command(app)
    for arguments in commands(document.read_text(encoding="utf-8")):
        try:
            parse(entry, arguments)
        except Exception as error:
            raise AssertionError(f"{COMMAND} {shlex.join(arguments)}: {getattr(error, 'message', error)}") from None


def test_commands_in_documents_are_found_wherever_they_stand() -> None:
    found = list(
        commands(
            "Call `entity-stance key`.\n```sh\nA_B=1 entity-stance serve --port 1  # a note\n"
            "echo x | entity-stance classify - \\\n  --format json > out; entity-stance data D [--strict]\n```\n"
        )
    )
    assert found == [
        ["serve", "--port", "1"],
        ["classify", "-", "--format", "json"],
        ["data", "D", "--strict"],
        ["key"],
    ]


@pytest.mark.parametrize("wrong", [["frobnicate"], ["train", "--epoch-count", "3"], ["models", "remove", "x"]])
def test_a_command_that_does_not_exist_is_refused(wrong: list[str]) -> None:
    with pytest.raises(Exception, match=r"[Nn]o such (option|command)"):
        parse(typer.main.get_command(app), wrong)
