"""Answers as Parquet: one row per sentence, entity and stance. Needs the extra ``parquet``.

A Parquet file is readable only once its end is written, so rows first go to a file of Arrow record batches that can be
cut off behind any of them, and at the end from there into the Parquet file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from model.classifier import ModelInfo
from model.results import DocumentResult
from service.cli.formats import Encoder
from service.rows import ROWS_IN_BATCH, ROWS_IN_GROUP, document_rows, model_metadata, stance_columns


def parquet_schema(labels: Sequence[str], info: ModelInfo) -> pa.Schema:
    """Return the columns of a file, see `service.rows.stance_columns`. Its metadata name the model."""
    return pa.schema(stance_columns(labels), metadata=model_metadata(info))


class ArrowEncoder(Encoder):
    """Rows as a stream of Arrow record batches."""

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._rows: list[dict[str, Any]] = []

    def head(self) -> bytes:  # noqa: D102
        return bytes(self._schema.serialize())

    def encode(self, result: DocumentResult, *, first: bool) -> bytes:  # noqa: D102
        self._rows.extend(document_rows(result))
        return self.drain() if len(self._rows) >= ROWS_IN_BATCH else b""

    def drain(self) -> bytes:  # noqa: D102
        if not self._rows:
            return b""
        batch = pa.RecordBatch.from_pylist(self._rows, schema=self._schema)
        self._rows.clear()
        return bytes(batch.serialize())


def write_parquet(rows: Path, schema: pa.Schema, output: Path) -> None:
    """Make a Parquet file of a file of record batches, one row group after the other.

    Raises:
        OSError: it cannot be written.
    """
    with pa.OSFile(str(rows), "rb") as source, pq.ParquetWriter(str(output), schema, compression="zstd") as writer:
        for group in _groups(pa.ipc.open_stream(source), schema):
            writer.write_table(group, row_group_size=ROWS_IN_GROUP)


def _groups(batches: pa.RecordBatchStreamReader, schema: pa.Schema) -> Iterator[pa.Table]:
    """Yield tables of `ROWS_IN_GROUP` rows; where batches end makes no difference to what is written."""
    waiting: list[pa.RecordBatch] = []
    count = 0
    for batch in batches:
        waiting.append(batch)
        count += len(batch)
        while count >= ROWS_IN_GROUP:
            table = pa.Table.from_batches(waiting, schema)
            yield table.slice(0, ROWS_IN_GROUP)
            waiting = table.slice(ROWS_IN_GROUP).to_batches()
            count -= ROWS_IN_GROUP
    if count:
        yield pa.Table.from_batches(waiting, schema)
