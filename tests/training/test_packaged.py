"""Base encoders from packages, one of them cut in pieces."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from model.config import file_sha256
from model.errors import ModelError
from training.packaged import PACKAGED, PackagedBase, packaged_base

NAME = "somebody/tiny"


@pytest.fixture
def pieces(tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PackagedBase:
    """The tiny encoder as installed packages that hold the pieces of a zip file."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for path in tiny_bert.iterdir():
            archive.write(path, f"tiny/{path.name}")
        archive.writestr("tiny/1_Pooling/config.json", "{}")
        archive.writestr("../escaped.json", "{}")
    content = whole.getvalue()
    site = tmp_path / "site"
    third = len(content) // 3
    for number, piece in enumerate((content[:third], content[third : 2 * third], content[2 * third :]), 1):
        path = site / f"tiny-part_{number}" / f"tiny.zip.00{number}"
        path.parent.mkdir(parents=True)
        path.write_bytes(piece)
        info = site / f"tiny_part_{number}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: tiny-part-{number}\nVersion: 1.0\n")
        (info / "RECORD").write_text(f"{path.relative_to(site)},,\n")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setattr("training.packaged.CACHE", tmp_path / "cache")
    base = PackagedBase(file_sha256(tiny_bert / "model.safetensors"), parts=tuple(f"tiny-part-{n}" for n in (1, 2, 3)))
    monkeypatch.setitem(PACKAGED, NAME, base)
    return base


@pytest.mark.usefixtures("pieces")
def test_pieces_are_put_together_once(tiny_bert: Path, tmp_path: Path) -> None:
    folder = packaged_base(NAME)
    assert folder == tmp_path / "cache" / "tiny"
    assert {path.name for path in folder.iterdir()} == {path.name for path in tiny_bert.iterdir()}
    assert not list(tmp_path.rglob("escaped.json"))
    changed = (folder / "model.safetensors").stat().st_mtime_ns
    assert packaged_base(NAME) == folder
    assert (folder / "model.safetensors").stat().st_mtime_ns == changed


def test_other_weights_are_refused(pieces: PackagedBase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PACKAGED, NAME, replace(pieces, sha256="0" * 64))
    with pytest.raises(ModelError, match="has sha256"):
        packaged_base(NAME)


def test_a_missing_package_leaves_the_hub(pieces: PackagedBase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PACKAGED, NAME, replace(pieces, parts=(*pieces.parts, "tiny-part-4")))
    assert packaged_base(NAME) is None
    assert packaged_base("somebody/else") is None
