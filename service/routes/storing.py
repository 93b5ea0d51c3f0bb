"""What the routes of the storage have in common."""

from __future__ import annotations

from fastapi import Request

from service.storage.running import Storage


def storage_of(request: Request) -> Storage:
    """Return the storage of the application that a request came to; these routes are there only if it has one."""
    storage: Storage = request.app.state.storage
    return storage
