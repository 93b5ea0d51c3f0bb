"""The files of a model directory: which of them may be opened, and from where.

A model may come from anybody. Nothing in its directory can make the process open a file elsewhere or run code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from model.errors import ModelError

PICKLES = frozenset({".bin", ".ckpt", ".joblib", ".pickle", ".pkl", ".pt", ".pth"})
"""Suffixes of files that run code when they are loaded; none is ever opened."""

_SHA256 = re.compile(r"[0-9a-f]{64}")

_EXTERNAL_DATA = re.compile(rb"[\x08\x00]location")
"""The key under which a network names a file that holds its weights, behind its length as protobuf writes it."""


def read_hashes(files: Mapping[str, Any]) -> dict[str, str]:
    """Return the hashes of a configuration's ``files`` by file name.

    Raises:
        ValueError: a name is no plain file name or that of a pickle, or a hash is none.
    """
    for name, digest in files.items():
        if name in {"", ".", ".."} or name != PurePosixPath(name).name or name != PureWindowsPath(name).name:
            raise ValueError(f"files: {name!r} is no plain file name")
        if Path(name).suffix.lower() in PICKLES:
            raise ValueError(f"files: {name!r} would run code when it is loaded; weights are model.safetensors")
        if not isinstance(digest, str) or not _SHA256.fullmatch(digest):
            raise ValueError(f"files: the hash of {name!r} is no SHA-256 in lower-case hexadecimal")
    return dict(files)


def find_file(directory: Path, name: str) -> Path:
    """Return the path of a directory's file, links resolved.

    The hub client keeps a model's files in ``blobs`` beside ``snapshots`` and links to them, so a link may lead to
    anywhere within the folder of the same repository.

    Raises:
        ModelError: there is no such file, or a link leads elsewhere.
    """
    path = directory / name
    home = directory.resolve()
    root = home.parent.parent if home.parent.name == "snapshots" else home
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):  # Links in a circle are a RuntimeError before Python 3.13.
        raise ModelError(f"{path}: missing{_instead(directory)}") from None
    if not target.is_relative_to(root):
        raise ModelError(f"{path}: is a link that leads out of the model directory")
    if not target.is_file():
        raise ModelError(f"{path}: missing{_instead(directory)}")
    return target


def refuse_external_data(path: Path, network: bytes) -> None:
    """Refuse a network that reads its weights from other files, wherever they are.

    Raises:
        ModelError: it does.
    """
    if _EXTERNAL_DATA.search(network):
        raise ModelError(f"{path}: refers to data in other files, which are not read; export it as one file")


def _instead(directory: Path) -> str:
    """Say that a pickle, which may lie in the place of what is missing, does not count."""
    found = sorted(path.name for path in directory.glob("*") if path.suffix.lower() in PICKLES)
    return f"; {found[0]} is never opened, since loading it could run code" if found else ""
