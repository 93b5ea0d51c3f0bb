"""The Parquet files that trends are made of."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.dataset as pads

from service.bulk.manifest import DONE, part_name, read_manifest
from service.bulk.places import Place

_SCORE = "score_"
_REQUIRED = frozenset({"document", "sentence", "code", "name", "stance", "score", "toward"})


class SourceError(Exception):
    """There is nothing to make trends of; the message says why."""


@dataclass(frozen=True, slots=True)
class Source:
    """Rows of stances.

    Attributes:
        dataset: The rows, as a ``pyarrow.dataset.Dataset``.
        labels: The stances of the model.
        model: What the files say of the model, by name.
        parts: How many files there are.
        missing: Partitions of a batch that are not done yet.
    """

    dataset: pads.Dataset
    labels: tuple[str, ...]
    model: dict[str, str]
    parts: int
    missing: int = 0

    @property
    def dated(self) -> bool:
        """Whether the rows say when their documents were written."""
        return "date" in self.dataset.schema.names

    @property
    def placed(self) -> bool:
        """Whether the rows say where their documents stand in the input."""
        return {"partition", "row"} <= set(self.dataset.schema.names)


def open_source(place: Place) -> Source:
    """Find the rows: the complete parts of a batch, or all Parquet files of a folder, or one file.

    Raises:
        SourceError: there are none, or they hold something else.
        service.bulk.places.PlaceError: there is neither a file nor a folder.
        service.bulk.manifest.ManifestError: a batch's manifest cannot be read.
        OSError: they cannot be read.
    """
    paths, missing = _paths(place)
    if not paths:
        raise SourceError(f"{place}: holds no Parquet file" + (" of a complete partition" if missing else ""))
    try:
        dataset = pads.dataset(paths, filesystem=place.system, format="parquet")
    except pa.ArrowInvalid as error:
        raise SourceError(f"{place}: {' '.join(str(error).split())}") from None
    schema = dataset.schema
    if lacking := sorted(_REQUIRED - set(schema.names)):
        raise SourceError(f"{place}: no rows of stances; the columns {', '.join(lacking)} are missing")
    labels = tuple(name.removeprefix(_SCORE) for name in schema.names if name.startswith(_SCORE))
    known = {key.decode(): value.decode() for key, value in (schema.metadata or {}).items()}
    model = {key.removeprefix("model_"): value for key, value in known.items() if key.startswith("model_")}
    return Source(dataset, labels, model, len(paths), missing)


def _paths(place: Place) -> tuple[list[str], int]:
    """Return the files to read, and how many partitions have none yet."""
    manifest = read_manifest(place) if place.system.get_file_info(place.path).is_file is False else None
    if manifest is None:
        return [file.path for file in place.files(frozenset({".parquet"}))], 0
    done = sorted(int(name.partition(".")[0]) for name in place.names(DONE))
    return [f"{place.path}/{part_name(number)}" for number in done], len(manifest.units) - len(done)
