"""Opaque cursors: where the next page of a listing begins, and of which listing."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from hashlib import sha256

import orjson

_CURSOR = re.compile(r"1:([1-9][0-9]{0,18}):([0-9a-f]{8})")


class CursorError(ValueError):
    """A cursor was not made here, or not for this listing."""


def encode_cursor(last_id: int, filters: Mapping[str, str | None]) -> str:
    """Return the cursor of the page after a row."""
    return base64.urlsafe_b64encode(f"1:{last_id}:{_digest(filters)}".encode()).decode().rstrip("=")


def decode_cursor(cursor: str, filters: Mapping[str, str | None]) -> int:
    """Return the id of the row that the page comes after.

    Raises:
        CursorError: it is malformed, or belongs to a listing with other filters.
    """
    try:
        plain = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        plain = ""
    match = _CURSOR.fullmatch(plain)
    if match is None or int(match[1]) >= 2**63:
        raise CursorError("is no cursor of this service; use the value of next as it was answered")
    if match[2] != _digest(filters):
        raise CursorError("belongs to a listing with other filters; keep them from page to page")
    return int(match[1])


def _digest(filters: Mapping[str, str | None]) -> str:
    return sha256(orjson.dumps(filters, option=orjson.OPT_SORT_KEYS)).hexdigest()[:8]
