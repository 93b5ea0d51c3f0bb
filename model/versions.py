"""Models by name and version: ``DIR/NAME/VERSION``, and a link ``DIR/NAME/current`` to the one that is served.

A server that was started with ``--model DIR/NAME/current`` takes over another version on SIGHUP, or when it starts.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from model.config import CONFIG_FILE, ModelConfig
from model.errors import ModelError
from model.sharing import BESIDE
from model.verification import verify

CURRENT = "current"
_PLAIN = re.compile(r"[\w][\w.+-]*")


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A version of a model.

    Attributes:
        name: Name of the model.
        version: Its version.
        directory: Where it lies.
        current: Whether it is the one that is served.
        fault: What is wrong with its directory; None if its hashes are right.
    """

    name: str
    version: str
    directory: Path
    current: bool
    fault: str | None


def add_model(store: Path, directory: Path) -> Path:
    """Copy a model without a fault into a store, under its own name and version, and return where.

    It appears at once or not at all, and never takes the place of another. The first version of a name is current.

    Raises:
        ModelError: the model has a fault, or its name or version is no plain file name.
        FileExistsError: there is such a version already.
    """
    verified = verify(directory)
    config = verified.config
    for part in (config.name, config.version):
        if not _PLAIN.fullmatch(part) or part == CURRENT:
            raise ModelError(f"{directory / CONFIG_FILE}: {part!r} cannot be the name of a folder")
    home = store / config.name
    place = home / config.version
    if place.exists():
        raise FileExistsError(f"{place} exists already; give the model another version")
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home, prefix=".adding-") as folder:
        building = Path(folder) / config.version
        building.mkdir()
        for name in (CONFIG_FILE, *verified.files, *BESIDE):
            if (directory / name).is_file():
                shutil.copyfile(directory / name, building / name)
        building.rename(place)
    if not (home / CURRENT).is_symlink():
        use_model(store, config.name, config.version)
    return place


def use_model(store: Path, name: str, version: str) -> Path:
    """Make a version the current one, in one step, and return the link.

    Raises:
        ModelError: there is no such version, or its directory has a fault.
    """
    ModelConfig.load(store / name / version)
    link = store / name / CURRENT
    with tempfile.TemporaryDirectory(dir=link.parent, prefix=".using-") as folder:
        (Path(folder) / CURRENT).symlink_to(version)
        os.replace(Path(folder) / CURRENT, link)  # noqa: PTH105 - Path.replace would do the same
    return link


def list_models(store: Path) -> list[StoredModel]:
    """List the versions of all models of a store, by name and age.

    Raises:
        ModelError: there is no such folder.
    """
    if not store.is_dir():
        raise ModelError(f"{store}: no such folder")
    found = []
    for home in sorted(path for path in store.iterdir() if path.is_dir()):
        link = home / CURRENT
        now = os.readlink(link) if link.is_symlink() else None  # noqa: PTH115
        versions = [path for path in home.iterdir() if (path / CONFIG_FILE).exists() and not path.is_symlink()]
        for place in sorted(versions, key=lambda path: (path / CONFIG_FILE).stat().st_mtime):
            found.append(StoredModel(home.name, place.name, place, place.name == now, _fault(place)))
    return found


def _fault(directory: Path) -> str | None:
    try:
        ModelConfig.load(directory)
    except ModelError as error:
        return str(error)
    return None
