"""How far a command is, on the terminal only."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar


class Progress:
    """A line on standard error: documents, sentences a second, time left."""

    def __init__(self, total: int | None, done: int = 0, documents: int = 0, *, shown: bool = True) -> None:
        """Start at a number of bytes out of a total, if that is known, and at a number of documents."""
        self._documents = documents
        self._sentences = 0
        self._began = time.monotonic()
        self._bar = Bar(
            BarColumn(),
            TextColumn("{task.fields[documents]:,} documents, {task.fields[speed]:,.0f} sentences/s"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            disable=not (shown and sys.stderr.isatty()),
            transient=True,
        )
        self._task = self._bar.add_task("", total=total, completed=done, documents=documents, speed=0.0)

    def __enter__(self) -> Self:
        """Show it."""
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Remove it."""
        self._bar.stop()

    def advance(self, done: int, sentences: int) -> None:
        """Take note of one more document of so many sentences; ``done`` counts bytes of all input so far."""
        self._documents += 1
        self._sentences += sentences
        if not self._bar.disable:
            speed = self._sentences / max(time.monotonic() - self._began, 1e-3)
            self._bar.update(self._task, completed=done, documents=self._documents, speed=speed)
