"""What the tests of `entity-stance batch` share: tables of composed sentences, runs, and what these leave."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from typer.testing import CliRunner, Result

from service.cli.main import app

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "service.cli.main", "batch"]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "RAY_USAGE_STATS_ENABLED": "0"}
PEOPLE = ["Norway", "Iceland", "Chile", "Peru", "Oman", "Mali", "Kenya", "Rwanda"]
DEEDS = [
    "warned {} of severe costs on day {}",
    "backs {} with {} ships",
    "denied {} times that it had misled {}",
    "met envoys of {} on day {}",
]


def document(number: int) -> dict[str, Any]:
    """Compose a document that no other number gives."""
    first, second = PEOPLE[number % 8], PEOPLE[(number + 1 + number // 8 % 7) % 8]
    deed = DEEDS[number % 4]
    text = f"{first} {deed.format(*((number, second) if 'times' in deed else (second, number)))}. It rained."
    return {"id": f"d{number}", "text": text, "date": (date(2022, 1, 1) + timedelta(days=number % 90)).isoformat()}


def write_lines(path: Path, documents: int, *, broken: int = 0) -> Path:
    """Write documents as JSON Lines; behind each ``broken`` of them stand three lines that are none."""
    with path.open("w", encoding="utf-8") as file:
        for number in range(documents):
            file.write(json.dumps(document(number)) + "\n")
            if broken and number % broken == broken - 1:
                file.write('{"id": "b", "text": 5}\n\nnot json\n{"id": "e", "text": " "}\n')
    return path


def write_table(path: Path, documents: list[dict[str, Any]]) -> Path:
    """Write documents as CSV or Parquet, by the name of the file."""
    if path.suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, documents[0].keys())
            writer.writeheader()
            writer.writerows(documents)
    else:
        pq.write_table(pa.Table.from_pylist(documents), path, row_group_size=37)
    return path


def run(*arguments: str | Path, code: int = 0, command: str = "batch") -> Result:
    """Run a command in this process."""
    result = CliRunner().invoke(app, [command, *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


def run_apart(*arguments: str | Path, code: int = 0) -> str:
    """Run the command in a process of its own, and return what it wrote."""
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def rows(output: Path) -> list[dict[str, Any]]:
    """Return the rows of all parts in their order."""
    return [row for part in sorted(output.glob("part-*.parquet")) for row in pq.read_table(part).to_pylist()]


def parts(output: Path) -> dict[str, bytes]:
    """Return the bytes of what a run leaves for good, but for times and what tells runs apart."""
    kept = [*output.glob("part-*.parquet"), *output.glob("_dead*"), *output.glob("_dead/*")]
    return {str(path.relative_to(output)): path.read_bytes() for path in kept if path.is_file()}


def letters(output: Path) -> list[dict[str, Any]]:
    """Return the dead letters."""
    text = (output / "_dead-letters.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def summary(output: Path) -> dict[str, Any]:
    """Return what a run came to."""
    found: dict[str, Any] = json.loads((output / "_summary.json").read_text(encoding="utf-8"))
    return found
