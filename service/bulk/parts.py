"""The rows of a partition as a Parquet file, in the memory of one row group."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from types import TracebackType
from typing import Any, BinaryIO, Self

import pyarrow as pa
import pyarrow.parquet as pq

from model.classifier import ModelInfo
from model.results import DocumentResult
from service.rows import ROWS_IN_BATCH, ROWS_IN_GROUP, document_rows, model_metadata, stance_columns


def part_schema(labels: Sequence[str], info: ModelInfo) -> pa.Schema:
    """Return the columns of a part.

    They are those of `service.rows.stance_columns`, and the document's day of writing, if it has one, the number of the
    partition, and the document's line in its file (in Parquet its row).
    """
    columns = [*stance_columns(labels), ("date", pa.date32()), ("partition", pa.int32()), ("row", pa.int64())]
    return pa.schema(columns, metadata=model_metadata(info))


class PartWriter:
    """Writes the rows of a partition; the same rows give the same bytes.

    Attributes:
        rows: How many were written.
    """

    def __init__(self, file: BinaryIO, schema: pa.Schema, partition: int) -> None:
        self.rows = 0
        self._schema = schema
        self._partition = partition
        self._writer = pq.ParquetWriter(file, schema, compression="zstd")
        self._rows: list[dict[str, Any]] = []
        self._batches: list[pa.RecordBatch] = []
        self._held = 0

    def add(self, result: DocumentResult, day: date | None, number: int) -> None:
        """Write the rows of a document, which stands at a line or row of its file."""
        place = {"date": day, "partition": self._partition, "row": number}
        self._rows.extend(row | place for row in document_rows(result))
        if len(self._rows) >= ROWS_IN_BATCH:
            self._gather()
        if self._held >= ROWS_IN_GROUP:
            self._flush()

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Write the end of the file; after an error too, while the file is still open, though nobody will read it."""
        if error is None:
            self._close()
            return
        with suppress(OSError, pa.ArrowException):
            self._writer.close()

    def _close(self) -> None:
        self._gather()
        self._flush()
        self._writer.close()

    def _gather(self) -> None:
        if self._rows:
            self._batches.append(pa.RecordBatch.from_pylist(self._rows, schema=self._schema))
            self._held += len(self._rows)
            self.rows += len(self._rows)
            self._rows.clear()

    def _flush(self) -> None:
        if self._batches:
            self._writer.write_table(pa.Table.from_batches(self._batches, self._schema))
            self._batches.clear()
            self._held = 0
