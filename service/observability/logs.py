"""The log: a line of text or of JSON for each event, and nothing in it that a client sent."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from traceback import extract_tb
from types import TracebackType
from typing import Any, TextIO

import orjson

_LOGGERS = ("service", "model", "uvicorn")

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def configure_logging(format: str, level: str, stream: TextIO | None = None) -> None:
    """Write the log of this process to a stream, standard error by default.

    Args:
        format: ``text`` or ``json``.
        level: Of the service's and the server's own loggers; of those of libraries, warnings and worse are written.
        stream: Where to.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if format == "json" else TextFormatter())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(level.upper())


class _DiscreetFormatter(logging.Formatter):
    """Writes errors with their types and places but without their messages.

    The message of an error that nothing foresaw may quote whatever it stumbled over, and that may be somebody's text.
    """

    def formatException(self, ei: ExcInfo) -> str:
        """Return where an error came from, the outermost call first, and what led to it."""
        lines: list[str] = []
        error, seen = ei[1], set[int]()
        while error is not None and id(error) not in seen:
            seen.add(id(error))
            lines.append(f"{type(error).__module__}.{type(error).__qualname__}")
            lines += [f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in extract_tb(error.__traceback__)]
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "\n".join(lines)

    def message(self, record: logging.LogRecord) -> str:
        """Return what happened, on one line."""
        message = " ".join(record.getMessage().split())
        # asyncio adds the arguments of calls and the words of errors, after a bracket or on further lines.
        return message.partition("(")[0] if record.name == "asyncio" else message


class TextFormatter(_DiscreetFormatter):
    """``INFO: message name=value …``, one line, then the places of an error."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as text."""
        fields = "".join(f" {name}={value}" for name, value in _fields(record).items())
        line = f"{record.levelname + ':':<9} {self.message(record)}{fields}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class JsonFormatter(_DiscreetFormatter):
    """An object a line, with ``time``, ``level``, ``logger``, ``message``, a request's fields and ``error``."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as JSON."""
        data: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self.message(record),
            **_fields(record),
        }
        if record.exc_info:
            data["error"] = self.formatException(record.exc_info)
        return orjson.dumps(data, default=str).decode()


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    fields: dict[str, Any] = getattr(record, "fields", {})
    return fields
