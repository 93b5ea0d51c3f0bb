"""JSON answers."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.responses import JSONResponse


class OrjsonResponse(JSONResponse):
    """A JSON answer that orjson serialises."""

    def render(self, content: Any) -> bytes:
        """Return the body."""
        return orjson.dumps(content)
