"""The how-to pages and notebooks, run as their readers would, with a tiny encoder so that it is quick."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from howto_pages import Block, Workspace, parts

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "docs" / "howto"
QUICK = {"epochs": 12, "batch_size": 8, "encoder_rate": 0.003, "head_rate": 0.004, "bf16": False, "threads": 1}

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, tiny_bert: Path) -> Workspace:
    """A folder with the examples, whose options name a tiny encoder; nothing else differs from the repository's."""
    folder = tmp_path_factory.mktemp("howto")
    shutil.copytree(ROOT / "examples", folder / "examples")
    options = folder / "examples" / "attitude" / "run.yaml"
    quick = yaml.safe_load(options.read_text(encoding="utf-8")) | QUICK | {"base": str(tiny_bert)}
    options.write_text(yaml.safe_dump(quick), encoding="utf-8")
    return Workspace(folder, tmp_path_factory.mktemp("bin"), ROOT)


@pytest.fixture(scope="module")
def first_page(workspace: Workspace) -> str:
    """What the commands of the first page wrote, whose model the others go on with."""
    return workspace.follow(PAGES / "own-scheme.md")


def json_lines(text: str) -> list[dict[str, Any]]:
    """Return the answers of a service among what commands wrote."""
    found = (line[line.index('{"') :] for line in text.splitlines() if '{"' in line)
    return [answer for line in found for answer in objects(line)]


def objects(line: str) -> list[dict[str, Any]]:
    """Return the JSON objects that stand one after the other at the start of a line."""
    decoder, found = json.JSONDecoder(), []
    while line.startswith("{"):
        value, end = decoder.raw_decode(line)
        found.append(value)
        line = line[end:]
    return found


def test_a_scheme_of_ones_own(first_page: str, workspace: Workspace) -> None:
    for told in ("sentences: 120", "sentences: 36", "sentences: 40", "leakage: 0", "wrote reports/attitude-data"):
        assert told in first_page
    assert "wrote runs/attitude: mean average precision" in first_page
    assert "Orion Shipping (ORION)" in first_page
    info, answer = json_lines(first_page)[-2:]
    assert (info["labels"], info["multi_label"]) == (["positive", "negative"], False)
    entities = answer["documents"][0]["sentences"][0]["entities"]
    assert [entity["code"] for entity in entities] == ["ORION", "WEAVERS"]
    report = workspace.folder / "reports" / "attitude"
    assert "40 sentences, 84 entities" in (report / "report.md").read_text(encoding="utf-8")


def test_the_report(first_page: str, workspace: Workspace) -> None:
    written = workspace.follow(PAGES / "read-the-report.md")
    assert "wrote runs/attitude-sweep/sweep.md" in written
    assert "seed-13" in written
    assert "seed-14" in written
    two = (workspace.folder / "reports" / "attitude-two" / "report.md").read_text(encoding="utf-8")
    assert "| other |" in two
    majority = (workspace.folder / "reports" / "attitude" / "report.md").read_text(encoding="utf-8")
    assert "majority" in majority
    card = (workspace.folder / "runs" / "attitude" / "README.md").read_text(encoding="utf-8")
    assert "the held-out sentences of the harbour town" in card


def test_corrections(first_page: str, workspace: Workspace) -> None:
    written = workspace.follow(PAGES / "correct-labels.md")
    assert "saved 16 sentences" in written
    assert "wrote runs/corrections.jsonl: 16 sentences" in written
    assert "wrote runs/attitude-2: mean average precision" in written
    answers = json_lines(written)
    saved = next(answer for answer in answers if "items" in answer)["items"]
    assert [(item["user"], item["text"]) for item in saved] == [("anna", "Halyard lent Brentmoor Mills a helping hand.")]
    served = [answer["model"]["version"] for answer in answers if "labels" in answer]
    assert served == ["0.2.0"]
    surprising = [answer for answer in answers if "loss" in answer]
    assert [answer["loss"] for answer in surprising] == sorted((a["loss"] for a in surprising), reverse=True)
    assert len(surprising) == 5


def test_every_page_is_followed() -> None:
    assert {page.name for page in PAGES.glob("*.md")} == {"own-scheme.md", "read-the-report.md", "correct-labels.md"}


def test_a_command_that_fails_ends_the_page(workspace: Workspace, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("Try:\n\n```sh\nentity-stance check nowhere.jsonl | cat\necho on\n```\n", encoding="utf-8")
    with pytest.raises(AssertionError, match=r"nowhere\.jsonl"):
        workspace.follow(page)


def test_a_server_that_does_not_start_ends_the_page(workspace: Workspace, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```sh\nentity-stance serve --model nowhere\n```\nCtrl-C\n", encoding="utf-8")
    with pytest.raises(AssertionError, match="did not start"):
        workspace.follow(page)


def test_pages_are_read_in_order(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("One.\n```sh\na\n```\nTwo `b`.\n```yaml\nc: 1\n```\n```sh\nd\n```\n", encoding="utf-8")
    assert list(parts(page)) == [
        Block("One.\n", is_shell=False),
        Block("a\n", is_shell=True),
        Block("\nTwo `b`.\n```yaml\nc: 1\n```\n", is_shell=False),
        Block("d\n", is_shell=True),
    ]
