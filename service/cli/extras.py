"""Commands that need the packages of an extra say so in one line when these are missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from service.cli.exits import USAGE, stop

TRAIN_PACKAGES = frozenset(
    [
        "accelerate",
        "datasets",
        "jinja2",
        "matplotlib",
        "onnx",
        "onnxscript",
        "pandas",
        "pyarrow",
        "safetensors",
        "scipy",
        "sklearn",
        "torch",
        "transformers",
        "yaml",
    ]
)


PARQUET_PACKAGES = frozenset(["pyarrow"])
RAY_PACKAGES = frozenset(["pandas", "pyarrow", "ray"])
TRENDS_PACKAGES = frozenset(["duckdb", "jinja2", "pyarrow"])
SETFIT_PACKAGES = frozenset(["evaluate", "sentence_transformers", "setfit"])


@contextmanager
def train_extra() -> Iterator[None]:
    """Wrap imports that need the extra ``train``; without it, end the command with how to install it."""
    with _extra("train", TRAIN_PACKAGES, "this command"):
        yield


@contextmanager
def setfit_extra() -> Iterator[None]:
    """Wrap imports that need the extra ``setfit``; without it, end the command with how to install it."""
    with _extra("setfit", SETFIT_PACKAGES, "the baseline setfit"):
        yield


@contextmanager
def parquet_extra() -> Iterator[None]:
    """Wrap imports that need the extra ``parquet``; without it, end the command with how to install it."""
    with _extra("parquet", PARQUET_PACKAGES, "Parquet"):
        yield


@contextmanager
def batch_extra() -> Iterator[None]:
    """Wrap imports that need the extra ``batch``; without it, end the command with how to install it."""
    with _extra("batch", PARQUET_PACKAGES, "this command"):
        yield


@contextmanager
def ray_extra() -> Iterator[None]:
    """Wrap imports that need the extra ``ray``; without it, end the command with how to install it."""
    with _extra("ray", RAY_PACKAGES, "--ray"):
        yield


@contextmanager
def trends_extra() -> Iterator[None]:
    """Wrap imports that need the extra ``trends``; without it, end the command with how to install it."""
    with _extra("trends", TRENDS_PACKAGES, "this command"):
        yield


@contextmanager
def _extra(name: str, packages: frozenset[str], what: str) -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in packages:
            raise
        stop(f"{what} needs more packages ({error.name}): pip install 'entity-stance[{name}]'", USAGE)
