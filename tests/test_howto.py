"""The how-to pages and notebooks, run as their readers would, with a tiny encoder so that it is quick."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from howto_pages import Block, Workspace, parts
from warm_command import KERNEL, client

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "docs" / "howto"
NOTEBOOKS = ROOT / "docs" / "notebooks"
NAMES = ("own-scheme", "read-the-report", "correct-labels")
QUICK = {"epochs": 6, "batch_size": 8, "encoder_rate": 0.003, "head_rate": 0.004, "bf16": False, "threads": 1}

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


@pytest.fixture(scope="module")
def bin_folder(tmp_path_factory: pytest.TempPathFactory, tiny_bert: Path) -> Iterator[Path]:
    """A folder for PATH with the command; most of the time of these tests would else go into importing torch."""
    folder = tmp_path_factory.mktemp("bin")
    command, address = folder / "entity-stance", folder / "warm.socket"
    command.write_text(client(address), encoding="utf-8")
    command.chmod(0o755)
    # An ordinary kernel, but for the process that it starts in.
    kernel = {"argv": [str(command), KERNEL, "{connection_file}"], "display_name": "Python 3", "language": "python"}
    (folder / "kernels" / KERNEL).mkdir(parents=True)
    (folder / "kernels" / KERNEL / "kernel.json").write_text(json.dumps(kernel), encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")]), "OMP_NUM_THREADS": "1"}
    call = [sys.executable, "-m", "warm_command", str(address), str(tiny_bert)]
    with subprocess.Popen(call, stdout=subprocess.PIPE, text=True, env=environment, start_new_session=True) as warm:
        assert warm.stdout is not None
        try:
            assert warm.stdout.readline() == "warm\n"
            yield folder
        finally:
            os.killpg(warm.pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, tiny_bert: Path, bin_folder: Path) -> Workspace:
    """A folder with the examples, whose options name a tiny encoder; nothing else differs from the repository's."""
    folder = tmp_path_factory.mktemp("howto")
    shutil.copytree(ROOT / "examples", folder / "examples")
    shutil.copytree(NOTEBOOKS, folder / "docs" / "notebooks")
    options = folder / "examples" / "attitude" / "run.yaml"
    quick = yaml.safe_load(options.read_text(encoding="utf-8")) | QUICK | {"base": str(tiny_bert)}
    options.write_text(yaml.safe_dump(quick), encoding="utf-8")
    return Workspace(folder, bin_folder, ROOT)


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
    assert [label["name"] for label in info["labels"]] == ["positive", "negative"]
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
    assert [(item["user"], item["text"]) for item in saved] == [
        ("anna", "Halyard lent Brentmoor Mills a helping hand.")
    ]
    served = [answer["model"]["version"] for answer in answers if "labels" in answer]
    assert served == ["0.2.0"]
    surprising = [answer for answer in answers if "loss" in answer]
    assert [answer["loss"] for answer in surprising] == sorted((a["loss"] for a in surprising), reverse=True)
    assert len(surprising) == 5


@pytest.fixture
def jupyter(bin_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets Jupyter find the kernel of these tests."""
    monkeypatch.setenv("JUPYTER_PATH", str(bin_folder))


def executed(name: str, workspace: Workspace) -> str:
    """Execute a notebook where it lies, and return what its cells print; a cell that fails ends it."""
    import nbformat
    from nbclient import NotebookClient

    path = workspace.folder / "docs" / "notebooks" / f"{name}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(path.parent)}}
    NotebookClient(notebook, kernel_name=KERNEL, timeout=300, resources=resources).execute(
        env=workspace.environment() | {"IPYTHONDIR": str(workspace.folder / "ipython")}
    )
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return "".join(output["text"] for output in outputs if output["output_type"] == "stream")


NOTEBOOKS_PRINT = {
    "own-scheme": [
        "train 120 sentences []",
        "held-out 40 sentences []",
        "alike in two parts: ()",
        "macro F1 ",
        "ORION",
    ],
    "read-the-report": [
        "end to end: macro F1",
        "majority: macro F1",
        "seed-14: test",
        "macro F1 0",
        "wrote runs/attitude/",
    ],
    "correct-labels": ["saved 16 sentences", "wrote runs/notebook-corrections", "'train': 136", "fold-2: macro F1"],
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.usefixtures("jupyter")
def test_notebooks(name: str, workspace: Workspace) -> None:
    printed = executed(name, workspace)
    assert [words for words in NOTEBOOKS_PRINT[name] if words not in printed] == []


@pytest.mark.usefixtures("jupyter")
def test_a_notebook_that_fails_fails(workspace: Workspace) -> None:
    import nbformat
    from nbclient.exceptions import CellExecutionError

    cells = [nbformat.v4.new_code_cell("%%bash -e\nentity-stance check nowhere.jsonl\necho on")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), workspace.folder / "docs" / "notebooks" / "faulty.ipynb")
    with pytest.raises(CellExecutionError):
        executed("faulty", workspace)


def test_notebooks_hold_no_outputs() -> None:
    cells = [
        cell for path in NOTEBOOKS.glob("*.ipynb") for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
    ]
    assert [cell for cell in cells if cell.get("outputs") or cell.get("execution_count")] == []


def test_every_page_and_notebook_is_run() -> None:
    assert {page.stem for page in PAGES.glob("*.md")} == set(NAMES)
    assert {page.stem for page in NOTEBOOKS.glob("*.ipynb")} == set(NAMES) == set(NOTEBOOKS_PRINT)


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
        Block("Two `b`.\n```yaml\nc: 1\n```\n", is_shell=False),
        Block("d\n", is_shell=True),
    ]
