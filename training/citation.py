"""How to cite a model of this project, as BibTeX; `CITATION.cff` says it of the project itself."""

from __future__ import annotations

import re

AUTHORS = "The entity-stance authors"
_SPECIAL = re.compile(r"([&%$#_{}])")


def bibtex(name: str, version: str, sha256: str) -> str:
    """Return a BibTeX entry of a model; the hash of its network says which one it is, whatever it is called.

    Args:
        name: Name of the model.
        version: Its version.
        sha256: Hash of its network, as hexadecimal.
    """
    key = re.sub(r"[^a-z0-9]+", "-", f"{name}-{version}".casefold()).strip("-") or "entity-stance"
    fields = {
        "author": f"{{{AUTHORS}}}",
        "title": f"{{{_escape(name)}}}: which stance each country takes, and toward whom",
        "version": _escape(version),
        "note": f"Model trained with entity-stance; SHA-256 of its network {sha256[:16]}",
    }
    return "\n".join([f"@software{{{key},", *(f"  {field} = {{{value}}}," for field, value in fields.items()), "}"])


def _escape(text: str) -> str:
    """Escape what LaTeX would take for commands; a backslash or a circumflex has no place in a name."""
    return _SPECIAL.sub(r"\\\1", re.sub(r"[\\^~\s]+", " ", text))
