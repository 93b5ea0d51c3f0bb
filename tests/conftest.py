"""What all tests share."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

pytest_plugins = ["tiny_encoders", "own_scheme"]

# Nothing that a test stores ends up among what the user of this machine has stored.
os.environ["XDG_DATA_HOME"] = tempfile.mkdtemp(prefix="entity-stance-tests-")
atexit.register(shutil.rmtree, os.environ["XDG_DATA_HOME"], ignore_errors=True)

# Shared machines pause at will; a slow example is no failure.
settings.register_profile("steady", deadline=None)
settings.load_profile("steady")


@pytest.fixture(scope="session")
def newswire_dev() -> Path:
    """Annotated newswire that may not be republished; set ENTITY_STANCE_NEWSWIRE to its folder to measure on it."""
    default = Path(__file__).resolve().parents[2] / "shared" / "newswire"
    path = Path(os.environ.get("ENTITY_STANCE_NEWSWIRE", default)) / "dev.jsonl"
    if not path.is_file():
        pytest.skip(f"no annotated newswire at {path}")
    return path
