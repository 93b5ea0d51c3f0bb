"""The gazetteer of a scheme: entities of one's own with the forms that mention them, inline or in a file."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from model.countries.folding import fold
from model.countries.registry import is_known_code
from model.errors import SchemeError
from model.scheme import OwnEntity
from training.plain_data import FaultList, Fields

COLUMNS = ("code", "name", "type", "forms")
SEPARATORS = {".csv": ",", ".tsv": "\t"}
CODE = re.compile(r"[^\s;,|]{1,64}")
LONGEST = 256

Located = list[tuple[str, OwnEntity]]
"""Entities with the files and places where they stand."""


def read_entities(items: Sequence[Any], place: str, faults: FaultList) -> Located:
    """Read entities from plain data: mappings of code, name, type and forms; without forms the name is the one form."""
    located: Located = []
    for index, item in enumerate(items):
        fields = Fields(item, f"{place}[{index}]", faults)
        code, name, kind = (fields.text(key) for key in COLUMNS[:3])
        given = fields.take("forms", [name])
        fields.refuse_unknown()
        forms = _forms(given, f"{place}[{index}]", faults)
        located.append((f"{faults.file}: {place}[{index}]", OwnEntity(code, name, kind, forms)))
    return located


def read_gazetteer_file(path: Path, read_plain: Callable[[Path], Any], faults: FaultList) -> Located:
    """Read a gazetteer from a CSV, TSV or YAML file.

    Tables have the columns code, name, type and forms, where several forms are parted by ``;``. A YAML file is a list
    of the same fields.

    Raises:
        SchemeError: the file cannot be read or is malformed as a whole.
    """
    own = FaultList(str(path))
    if path.suffix.lower() in SEPARATORS:
        located = _read_table(path, own)
    elif path.suffix.lower() in {".yaml", ".yml"}:
        items = read_plain(path)
        if not isinstance(items, list):
            raise SchemeError(f"{path}: should be a list of entities")
        located = read_entities(items, "", own)
    else:
        raise SchemeError(f"{path}: a gazetteer file ends in .csv, .tsv, .yaml or .yml")
    faults.faults += own.faults
    return located


def _read_table(path: Path, faults: FaultList) -> Located:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise SchemeError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise SchemeError(f"{path}: not UTF-8 at byte {error.start}") from None
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=SEPARATORS[path.suffix.lower()], strict=True)
    located: Located = []
    header: list[str] = []
    try:
        for row in reader:
            place = f"line {reader.line_num}"
            if not any(cell.strip() for cell in row):
                continue
            if not header:
                header = _header(path, row)
                continue
            if len(row) != len(header):
                faults.add(place, f"has {len(row)} cells, the header has {len(header)}")
                continue
            data: dict[str, Any] = {key: cell for key, cell in zip(header, row, strict=True) if cell.strip()}
            if "forms" in data:
                data["forms"] = [form for form in data["forms"].split(";") if form.strip()]
            fields = Fields(data, place, faults)
            code, name, kind = (fields.text(key) for key in COLUMNS[:3])
            forms = _forms(fields.take("forms", [name]), place, faults)
            located.append((f"{path}: {place}", OwnEntity(code, name, kind, forms)))
    except csv.Error as error:
        raise SchemeError(f"{path}:{reader.line_num}: {error}") from None
    return located


def _header(path: Path, row: Sequence[str]) -> list[str]:
    header = [cell.strip() for cell in row]
    missing = [name for name in COLUMNS[:3] if name not in header]
    unknown = [name for name in header if name not in COLUMNS]
    if missing or unknown or len(set(header)) < len(header):
        raise SchemeError(f"{path}:1: the header should be {', '.join(COLUMNS)}, not {', '.join(header)}")
    return header


def _forms(given: Any, place: str, faults: FaultList) -> tuple[str, ...]:
    if given == [""]:  # A name that is missing is a fault already.
        return ()
    if not isinstance(given, list) or not given:
        faults.add(f"{place}.forms", "should be a list with at least one form")
        return ()
    forms = []
    for index, form in enumerate(given):
        if not isinstance(form, str):
            faults.add(f"{place}.forms[{index}]", f"should be text, not {form!r}; put it in quotes")
        elif not any(map(str.isalnum, form)) or len(form) > LONGEST:
            faults.add(f"{place}.forms[{index}]", f"should have a letter or digit and at most {LONGEST} characters")
        else:
            forms.append(" ".join(form.split()))
    return tuple(dict.fromkeys(forms))


def find_faults(located: Located, types: Sequence[str], faults: FaultList, *, countries: bool) -> None:
    """Add what is wrong between entities: codes and forms twice, codes of countries, types that are not listed."""
    codes: dict[str, str] = {}
    forms: dict[str, str] = {}
    for place, entity in located:
        code = entity.code
        if code and not CODE.fullmatch(code):
            faults.at(place, f"code {code!r} has space or one of ; , | or is too long")
        if code and (first := codes.setdefault(code, place)) != place:
            faults.at(place, f"code {code!r} stands at {first} already")
        if countries and is_known_code(code):
            reason = f"code {code!r} is that of a country or bloc, which are looked for too; choose another one"
            faults.at(place, reason)
        if types and entity.type and entity.type not in types:
            faults.at(place, f"type {entity.type!r} is none of {', '.join(types)}")
        for form in entity.forms:
            if (owner := forms.setdefault(fold(form), code)) != code:
                faults.at(place, f"form {form!r} is one of {owner!r} already")
