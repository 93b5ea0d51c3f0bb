"""The version of the installed package."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

DISTRIBUTION = "entity-stance"


def package_version() -> str:
    """Return the version of the installed distribution, or ``unknown`` in a source tree that is not installed."""
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return "unknown"
