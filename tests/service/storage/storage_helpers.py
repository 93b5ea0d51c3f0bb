"""Databases that last for a test, and corrections to put into them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

POSTGRES = "postgresql+psycopg://postgres@127.0.0.1:5432"
MODEL = {"name": "composed", "version": "1", "sha256": "ab" * 32}
PLACES = [("NO", "Norway"), ("IS", "Iceland"), ("CL", "Chile"), ("PE", "Peru"), ("OM", "Oman"), ("ML", "Mali")]


def on_postgres(statement: str) -> None:
    """Run a statement as the administrator of the server."""
    engine = create_engine(f"{POSTGRES}/postgres", isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 5})
    try:
        with engine.connect() as connection:
            connection.execute(text(statement))
    finally:
        engine.dispose()


@contextmanager
def new_database(backend: str, folder: Path) -> Iterator[str]:
    """Make an empty database, yield its URL and remove it in the end."""
    if backend == "sqlite":
        yield f"sqlite:///{folder / 'stance.db'}"
        return
    name = f"stance_test_{uuid.uuid4().hex}"
    try:
        on_postgres(f"CREATE DATABASE {name}")
    except OperationalError:
        pytest.skip("no PostgreSQL answers on 127.0.0.1:5432 for the user postgres")
    try:
        yield f"{POSTGRES}/{name}"
    finally:
        on_postgres(f"DROP DATABASE {name} WITH (FORCE)")


def entities(first: str, second: str, **stances: list[str]) -> list[dict[str, Any]]:
    names = dict(PLACES)
    return [
        {"code": first, "mentions": [names[first]], "stances": stances},
        {"code": second, "mentions": [names[second]], "stances": {}},
    ]


def correction(number: int = 0, **changes: Any) -> dict[str, Any]:
    """Compose the body of POST /corrections: who denied what to whom, which the model took for a warning."""
    (one, first), (two, second) = PLACES[number % 6], PLACES[(number + 1 + number // 6 % 5) % 6]
    return {
        "text": f"{first} denied {number} times that it owed {second} a ferry.",
        "document": {"id": f"d-{number}", "date": "2024-03-05"},
        "model": MODEL,
        "predicted": entities(one, two, warning=[two]),
        "entities": entities(one, two, denial=[two]),
        "user": "anna",
        "note": None,
    } | changes


def answered(score: float, number: int = 0) -> dict[str, Any]:
    """Compose a sentence of POST /review whose least certain score is given."""
    body = correction(number)
    found = []
    for entity in body["predicted"]:
        (form,) = entity["mentions"]
        start = body["text"].index(form)
        found.append(
            {
                "code": entity["code"],
                "alpha3": None,
                "name": form,
                "kind": "country",
                "mentions": [{"text": form, "start": start, "end": start + len(form), "source": "name"}],
                "stances": [],
                "scores": {"support": 0.01, "denial": score, "warning": 0.01, "deterrence": 0.0},
            }
        )
    return {"text": body["text"], "document": {"id": "d", "date": None}, "entities": found}
