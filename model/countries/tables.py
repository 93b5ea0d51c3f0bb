"""Reading the data files of the country finder."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable


def _lines(resource: Traversable) -> Iterator[str]:
    for line in resource.read_text(encoding="utf-8").split("\n"):
        stripped = line.rstrip("\r")
        if stripped.strip() and not stripped.startswith("#"):
            yield stripped


def read_rows(name: str) -> list[dict[str, str]]:
    """Return the rows of a tab-separated data file with a header line."""
    return _rows(files("model.countries.data").joinpath(name))


def read_folder(name: str) -> list[dict[str, str]]:
    """Return the rows of all tab-separated files in a data folder, in the order of the file names."""
    folder = files("model.countries.data").joinpath(name)
    tables = sorted((item for item in folder.iterdir() if item.name.endswith(".tsv")), key=lambda item: item.name)
    return [row for table in tables for row in _rows(table)]


def _rows(resource: Traversable) -> list[dict[str, str]]:
    lines = _lines(resource)
    header = next(lines).split("\t")
    return [dict(zip(header, line.split("\t"), strict=True)) for line in lines]


def _read_toml(name: str) -> dict[str, str]:
    data: dict[str, str] = tomllib.loads(files("model.countries.data").joinpath(name).read_text(encoding="utf-8"))
    return data


def split_list(cell: str) -> list[str]:
    """Return the items of a cell that holds a list."""
    return [item.strip() for item in cell.split(";") if item.strip()]


WORDS = {key: frozenset(words.split()) for key, words in _read_toml("words.toml").items()}
"""The small word lists of the rules by name."""
PHRASES = {key: tuple(lines.strip().split("\n")) for key, lines in _read_toml("phrases.toml").items()}
"""The phrase lists of the rules by name."""
