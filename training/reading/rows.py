"""Rows of data, whatever they are stored in."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.reading.lines import Complain, numbered_lines


@dataclass(frozen=True, slots=True)
class Row:
    """One row.

    Attributes:
        place: Where it stands, for messages: ``7`` for a line, ``row 7`` where there are none.
        number: The same as a number.
        values: Its values by the names of their columns; in JSON Lines whatever the line holds.
    """

    place: str
    number: int
    values: Any


def read_json_lines(path: Path, complain: Complain) -> Iterator[Row]:
    """Yield what each line holds; a line that is not JSON is a fault.

    Raises:
        CorpusError: the file cannot be read.
    """
    for number, line in numbered_lines(path, complain):
        try:
            yield Row(str(number), number, json.loads(line))
        except ValueError as error:
            complain(str(number), f"not JSON: {error}")


def read_parquet(path: Path, complain: Complain) -> Iterator[Row]:
    """Yield the rows of a Parquet file; numbers of a column of labels become their names.

    Raises:
        ModuleNotFoundError: pyarrow is not installed.
    """
    from pyarrow import ArrowException  # noqa: PLC0415
    from pyarrow.parquet import ParquetFile  # noqa: PLC0415

    try:
        with ParquetFile(path) as file:
            names = _label_names(file.schema_arrow.metadata or {})
            rows = (row for batch in file.iter_batches() for row in batch.to_pylist())
            for number, row in enumerate(rows, 1):
                yield Row(f"row {number}", number, named_labels(row, names))
    except ArrowException as error:
        complain("1", f"not Parquet: {error}")


def named_labels(row: Mapping[str, Any], names: Mapping[str, list[str]]) -> dict[str, Any]:
    """Return a row in which numbers of labels, as data sets of the hub hold them, are the labels' names."""
    return {
        column: names[column][value] if column in names and _indexes(value, names[column]) else value
        for column, value in row.items()
    }


def _indexes(value: Any, names: list[str]) -> bool:
    return type(value) is int and 0 <= value < len(names)


def _label_names(metadata: Mapping[bytes, bytes]) -> dict[str, list[str]]:
    """Return the names of labels that the library datasets writes into a Parquet file's metadata, by column."""
    try:
        features = json.loads(metadata[b"huggingface"])["info"]["features"]
        labels = {name: item for name, item in features.items() if item.get("_type") == "ClassLabel"}
        return {name: [str(label) for label in item["names"]] for name, item in labels.items()}
    except (KeyError, ValueError, AttributeError, TypeError):
        return {}
