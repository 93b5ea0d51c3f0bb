"""The whole loop: classify, correct, export, train, compare, switch the running server's model, see the change."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from service_helpers import served_process, wait_until
from storage_helpers import PLACES, new_database
from typer.testing import CliRunner

from service.cli.main import app

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")

QUICK = ["--epochs", "25", "--batch-size", "8", "--encoder-rate", "3e-3", "--head-rate", "3e-3", "--patience", "25"]


def command(*arguments: str | Path) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def train(base: Path, out: Path, *data: Path) -> Path:
    command("train", *data, "--base", base, "--out", out, "--name", out.name, "--no-bf16", *QUICK)
    return out


@pytest.fixture(scope="module")
def old(tiny_corpus: Path, tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that has never read of anybody who calls anything a lie."""
    return train(tiny_bert, tmp_path_factory.mktemp("models") / "old", tiny_corpus)


@pytest.fixture(scope="module")
def learned(tiny_corpus: Path, tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Path]:
    """Train on corrections beside the old data; what both databases give alike is learned once."""
    models: dict[bytes, Path] = {}

    def learn(exported: Path) -> Path:
        data = exported.read_bytes()
        if data not in models:
            models[data] = train(tiny_bert, tmp_path_factory.mktemp("learned") / "new", tiny_corpus, exported)
        return models[data]

    return learn


def disputing(number: int) -> tuple[str, list[dict[str, Any]]]:
    """Compose a denial in words that the old model does not know, and what is right for it."""
    (one, first), (two, second) = PLACES[number % 6], PLACES[(number + 1 + number // 6 % 5) % 6]
    text = f"{first} called the {number} charges of {second} against it a plain lie."
    entities = [{"code": one, "mentions": [first], "stances": {"denial": [two]}}]
    return text, [*entities, {"code": two, "mentions": [second], "stances": {}}]


def stances(client: httpx.Client, text: str) -> list[dict[str, list[str]]]:
    (document,) = client.post("/classify", json={"text": text}).json()["documents"]
    return [
        {stance["stance"]: [target["code"] for target in stance["toward"]] for stance in entity["stances"]}
        for entity in document["sentences"][0]["entities"]
    ]


def correct(client: httpx.Client, number: int) -> None:
    """Save what is right for a sentence, as the page does."""
    text, right = disputing(number)
    predicted = [entity | {"stances": found} for entity, found in zip(right, stances(client, text), strict=True)]
    body = {"text": text, "document": None, "model": client.get("/info").json()["model"], "predicted": predicted}
    saved = client.post("/corrections", json=body | {"entities": right, "user": "anna", "note": None})
    assert saved.status_code == 201, saved.text


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_ten_corrections_make_a_better_model_that_the_server_takes_over(
    backend: str, old: Path, learned: Callable[[Path], Path], tmp_path: Path
) -> None:
    current, exported, unseen = tmp_path / "current", tmp_path / "corrections.jsonl", tmp_path / "unseen.jsonl"
    current.symlink_to(old)
    with new_database(backend, tmp_path) as url:
        command("database", "upgrade", "--database", url)
        with (
            served_process(tmp_path / "log", "--model", str(current), database_url=url) as (process, address),
            httpx.Client(base_url=address, trust_env=False, timeout=60) as client,
        ):
            text, right = disputing(100)
            wanted = [entity["stances"] for entity in right]
            assert stances(client, text) != wanted
            for number in range(10):
                correct(client, number)
            command("corrections", "export", "--out", exported, "--database", url)
            command("check", exported)
            assert len(exported.read_text().splitlines()) == 10
            new = learned(exported)

            records = ((f"u-{number}", *disputing(number)) for number in range(30, 60))
            lines = [json.dumps({"id": name, "text": text, "entities": entities}) for name, text, entities in records]
            unseen.write_text("\n".join(lines) + "\n")
            assert json.loads(command("compare", old, new, unseen, "--json", "--require-better"))["verdict"] == "better"

            current.unlink()
            current.symlink_to(new)
            process.send_signal(signal.SIGHUP)
            wait_until(lambda: client.get("/info").json()["model"]["name"] == "new")
            assert stances(client, text) == wanted
