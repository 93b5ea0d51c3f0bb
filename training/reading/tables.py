"""Tables with one row per sentence, entity and stance, as `training.interchange.tables` writes them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from training.interchange.occurrences import Occurrence, with_own_codes, with_places
from training.reading.lines import Complain
from training.reading.rows import Row

REQUIRED = frozenset({"id", "text", "code", "stance"})
"""Columns without which rows are no such table."""


def table_records(rows: Iterable[Row], complain: Complain) -> Iterator[tuple[str, dict[str, Any]]]:
    """Put the rows of each sentence together; a sentence with a faulty row is left out.

    Of the columns, ``starts`` and ``ends`` may be missing, or else ``mentions``. Offsets that leave out places where
    the mentions stand too are kept as exact ones.

    Returns:
        The place of each sentence's first row, and its record.
    """
    table = _Table(complain)
    for row in rows:
        table.add(row.place, row.values)
    return table.records()


class _Table:
    """Puts the rows of each sentence together."""

    def __init__(self, complain: Complain) -> None:
        self._complain = complain
        self._records: dict[str, dict[str, Any]] = {}
        self._places: dict[str, str] = {}
        self._faulty: set[str] = set()

    def add(self, place: str, row: Any) -> None:
        id = str(row.get("id") or "") if isinstance(row, Mapping) else ""
        try:
            self._add(place, id, row)
        except (ValueError, TypeError) as error:
            self._complain(place, str(error))
            self._faulty.add(id)

    def _add(self, place: str, id: str, row: Any) -> None:
        if not isinstance(row, Mapping):
            raise ValueError("not a JSON object")
        if not id:
            raise ValueError("id: missing or empty")
        text = row.get("text")
        record = self._records.setdefault(id, {"id": id, "text": text, "entities": {}})
        first = self._places.setdefault(id, place)
        if record["text"] != text:
            raise ValueError(f"text: not the one that the sentence {id!r} has at {first}")
        code = row.get("code")
        if not code:
            return
        entity = record["entities"].setdefault(code, {"code": code, "mentions": [], "stances": {}, "spans": []})
        forms, spans = _mentions(row, text)
        entity["mentions"] += (form for form in forms if form not in entity["mentions"])
        entity["spans"] += (span for span in spans if span not in entity["spans"])
        if row.get("stance"):
            targets = entity["stances"].setdefault(row["stance"], [])
            targets += (target for target in _list(row, "toward") if target not in targets)

    def records(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for id, record in self._records.items():
            if id not in self._faulty:
                entities = list(record["entities"].values())
                yield self._places[id], with_own_codes(_located(record | {"entities": entities}))


def _located(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record with the exact places of its mentions where the offsets say so."""
    places = [Occurrence(e["code"], start, end) for e in record["entities"] for start, end in e["spans"]]
    everywhere = all(entity["spans"] for entity in record["entities"])
    for entity in record["entities"]:
        del entity["spans"]
    forms = [form for entity in record["entities"] for form in entity["mentions"]]
    known = isinstance(record["text"], str) and all(isinstance(form, str) and form in record["text"] for form in forms)
    return with_places(record, places) if everywhere and known else record


def _mentions(row: Mapping[str, Any], text: Any) -> tuple[list[str], list[list[int]]]:
    """Return the forms of a row's mentions and their offsets, and see that these, if there are any, are theirs."""
    forms, starts, ends = (_list(row, name) for name in ("mentions", "starts", "ends"))
    if len(starts) != len(ends):
        raise ValueError(f"starts and ends: {len(starts)} of the one, {len(ends)} of the other")
    spans = [[int(start), int(end)] for start, end in zip(starts, ends, strict=True)]
    found = [str(text)[start:end] for start, end in spans]
    stray = [form for form in found if forms and form not in forms]
    if stray:
        raise ValueError(f"starts and ends: {stray[0]!r} stands there, which is none of the mentions")
    return forms or list(dict.fromkeys(found)), spans


def _list(row: Mapping[str, Any], name: str) -> list[Any]:
    """Return a list of a row, written as JSON if it comes from CSV."""
    value = row.get(name)
    if isinstance(value, str):
        try:
            value = json.loads(value) if value else None
        except ValueError as error:
            raise ValueError(f"{name}: not a list as JSON: {error}") from None
    if value is None:
        return []
    if not isinstance(value, list):
        raise ValueError(f"{name}: not a list")
    return value
