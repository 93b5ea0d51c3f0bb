"""Data sets by their name on the Hugging Face hub, or by the folder that holds one: ``hf:owner/name:split``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from model.errors import CorpusError
from training.reading.rows import Row, named_labels

PREFIX = "hf:"


def is_hub(path: Path) -> bool:
    """Tell whether data are named as a data set of the hub."""
    return str(path).startswith(PREFIX)


def hub_name(path: Path) -> tuple[str, str | None]:
    """Return the name of a data set, and of its split if one is given."""
    name = str(path).removeprefix(PREFIX)
    head, colon, split = name.rpartition(":")
    return (head, split) if colon and "/" not in split else (name, None)


def read_hub(path: Path) -> Iterator[Row]:
    """Yield the rows of one split.

    Raises:
        CorpusError: there is no such data set or split, or it has several and none is named.
        ModuleNotFoundError: the library datasets is not installed.
    """
    from datasets import ClassLabel  # noqa: PLC0415

    dataset = load(path)
    names = {name: item.names for name, item in dataset.features.items() if isinstance(item, ClassLabel)}
    for number, row in enumerate(dataset, 1):
        yield Row(f"row {number}", number, named_labels(row, names))


def load(path: Path) -> Any:
    """Return one split as a ``datasets.Dataset``; errors as of `read_hub`."""
    from datasets import load_dataset  # noqa: PLC0415
    from datasets.utils import disable_progress_bars  # noqa: PLC0415

    disable_progress_bars()
    name, split = hub_name(path)
    try:
        found = load_dataset(name)
    except Exception as error:  # the library raises whatever its parts raise
        raise CorpusError(f"{path}: {' '.join(str(error).split())}") from None
    if split is None and len(found) == 1:
        split = next(iter(found))
    if split not in found:
        raise CorpusError(
            f"{path}: name one of its splits, as in {PREFIX}{name}:{next(iter(found))} ({', '.join(found)})"
        )
    return found[split]
