"""Reading of calendar days."""

from __future__ import annotations

import re
from datetime import date

_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def parse_day(value: str) -> date:
    """Read a day written as ``YYYY-MM-DD``; the other forms of ISO 8601 are refused.

    Raises:
        ValueError: it is written differently, or the calendar has no such day.
    """
    if not _ISO_DAY.fullmatch(value):
        raise ValueError("should be a day as YYYY-MM-DD")
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise ValueError(f"is no day of the calendar: {error}") from error
