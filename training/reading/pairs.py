"""Pair rows: one row is one sentence with a source, a target, and the labels that the one takes toward the other."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from model.annotation import AnnotatedEntity, AnnotatedSentence, mention_spans
from model.countries.finder import CountryFinder
from model.documents import Span
from model.scheme import LabelScheme
from model.sentences import split_sentences
from training.reading.marks import SOURCE, TARGET, Places, has_marks, read_marks

NONE = "none"
LABELS_SHOWN = 20


def pair_record(
    row: Any, columns: Mapping[str, str], scheme: LabelScheme, id: str
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Make an annotated record of a pair row.

    A side that a marked sentence does not mark has no entity. Without a target, the label is aimed at nobody; without a
    source, nobody takes it.

    Args:
        row: Its values by column.
        columns: The columns by role.
        scheme: The labels.
        id: What to call the record if the row has no name of its own.

    Returns:
        The record, and the code of the source if it has one.

    Raises:
        ValueError: what is wrong with the row.
    """
    if not isinstance(row, Mapping):
        raise ValueError("not a JSON object")
    cells = {role: row.get(column) for role, column in columns.items()}
    labels = _labels(cells["label"], scheme)
    marked = _text(cells.get("marked"))
    text = _text(cells.get("text"))
    places: Places
    if marked or has_marks(text):
        text, places = read_marks(marked or text)
        exact = True
    else:
        places, exact = _find(text, {side: _text(cells.get(side)).strip() for side in (SOURCE, TARGET)})
    if not places:
        raise ValueError("neither a source nor a target: mark them with <s>…</s> and <t>…</t>, or name their columns")
    codes = _codes(text, places)
    stances = dict.fromkeys(labels, [codes[TARGET]] if TARGET in places and scheme.directed else [])
    entities = [
        {
            "code": codes[side],
            "mentions": list(dict.fromkeys(text[span.start : span.end] for span in spans)),
            "stances": stances if side == SOURCE else {},
        }
        | ({"spans": [[span.start, span.end] for span in spans]} if exact else {})
        for side, spans in sorted(places.items(), key=lambda item: item[1][0].start)
    ]
    record = {"id": _id(cells.get("id")) or id, "text": text, "entities": entities, "custom": [SOURCE, TARGET]}
    return record, (codes[SOURCE],) if SOURCE in codes else ()


def _text(cell: Any) -> str:
    if cell is not None and not isinstance(cell, str):
        raise ValueError(f"{cell!r} is not a text")
    return cell or ""


def _id(cell: Any) -> str:
    return "" if cell is None else str(cell).strip()


def _labels(cell: Any, scheme: LabelScheme) -> list[str]:
    """Return the labels of a cell as the scheme writes them; an empty one and ``none`` are no label."""
    parts = cell if isinstance(cell, list) else [] if cell is None else str(cell).split("|")
    known = {name.casefold(): name for name in scheme.names} | {name: name for name in scheme.names}
    found = []
    for part in (str(part).strip() for part in parts):
        name = known.get(part) or known.get(part.casefold())
        if name is not None:
            found.append(name)
        elif part and part.casefold() != NONE:
            names = list(scheme.names[:LABELS_SHOWN]) + ["…"] * (len(scheme.names) > LABELS_SHOWN)
            raise ValueError(f"label: unknown {part!r} (known: {', '.join(names)})")
    return list(dict.fromkeys(found))


def _find(text: str, forms: Mapping[str, str]) -> tuple[Places, bool]:
    """Find the sides by their words; the places are exact only where one side's words stand inside the other's."""
    named = {side: form for side, form in forms.items() if form}
    for side, form in named.items():
        if form not in text:
            raise ValueError(f"{side}: {form!r} is not in the text")
    if len(named) > len(set(named.values())):
        raise ValueError("source and target are the same words: mark them with <s>…</s> and <t>…</t>")
    entities = tuple(AnnotatedEntity(side, (form,), {}) for side, form in named.items())
    places = dict(zip(named, mention_spans(AnnotatedSentence("", text, entities)), strict=True))
    outer, inner = sorted(places, key=lambda side: -len(named[side])) if len(places) == len(forms) else ("", "")
    if outer and any(_overlap(one, other) for one in places[inner] for other in places[outer]):
        return read_marks(_nested(text, places, outer, inner))[1], True
    return places, False


def _overlap(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end


def _nested(text: str, places: Places, outer: str, inner: str) -> str:
    """Return the text with marks around both."""
    ends = [(span.start, 1, f"<{outer[0]}>") for span in places[outer]]
    ends += [(span.end, 0, f"</{outer[0]}>") for span in places[outer]]
    ends += [(span.start, 2, f"<{inner[0]}>") for span in places[inner]]
    ends += [(span.end, -1, f"</{inner[0]}>") for span in places[inner]]
    for place, _, mark in sorted(ends, reverse=True):
        text = f"{text[:place]}{mark}{text[place:]}"
    return text


def _codes(text: str, places: Places) -> dict[str, str]:
    """Return the codes of the sides: that of a country or bloc if all it is called is one, else the side's name."""
    found = {(m.start, m.end): m.code for m in _finder().find(text, split_sentences(text))}
    codes = {side: {found.get(_without_article(text, span)) for span in spans} for side, spans in places.items()}
    known = {side: next(iter(found)) or side if len(found) == 1 else side for side, found in codes.items()}
    return known if len(set(known.values())) == len(known) else {side: side for side in known}


def _without_article(text: str, span: Span) -> tuple[int, int]:
    return span.start + 4 * text[span.start : span.end].lower().startswith("the "), span.end


@cache
def _finder() -> CountryFinder:
    return CountryFinder()
