"""Which column of somebody else's table means what."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields, replace

from model.errors import CorpusError

DEFAULTS = {
    "id": ("id",),
    "text": ("text", "sentence"),
    "marked": ("marked_sentence", "marked"),
    "source": ("source",),
    "target": ("target",),
    "label": ("label", "labels", "stance"),
}
"""Names that columns commonly have; the first one that there is counts."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Names of the columns of pair rows; None for the common names, empty for no such column.

    Attributes:
        id: A name of the row that no other row has.
        text: The sentence.
        marked: The sentence with ``<s>…</s>`` around the source and ``<t>…</t>`` around the target.
        source: The words of the text that name the source.
        target: The words of the text that name the target.
        label: The labels that the source takes toward the target, separated by ``|``.
    """

    id: str | None = None
    text: str | None = None
    marked: str | None = None
    source: str | None = None
    target: str | None = None
    label: str | None = None

    @classmethod
    def parse(cls, text: str) -> Columns:
        """Read ``role=name,role=name``.

        Raises:
            ValueError: a part is no such pair, or a role is unknown or stands twice.
        """
        columns, seen = cls(), set()
        for part in text.split(","):
            role, sign, name = (piece.strip() for piece in part.partition("="))
            if not sign or role not in DEFAULTS:
                raise ValueError(f"{part.strip()!r}: expected ROLE=NAME with one of {', '.join(DEFAULTS)}")
            if role in seen:
                raise ValueError(f"{role} stands twice")
            seen.add(role)
            columns = replace(columns, **{role: name})
        return columns

    @property
    def given(self) -> dict[str, str]:
        """The names that were given, by role."""
        found = {item.name: getattr(self, item.name) for item in fields(self)}
        return {role: name for role, name in found.items() if name}

    def resolve(self, present: Collection[str]) -> dict[str, str]:
        """Return the columns that there are, by role.

        Raises:
            CorpusError: a column that was named is not there.
        """
        for role, name in self.given.items():
            if name not in present:
                raise CorpusError(f"no column {name!r} for {role}; there are {', '.join(filter(None, present))}")
        common = {
            role: next((name for name in names if name in present), None)
            for role, names in DEFAULTS.items()
            if getattr(self, role) is None
        }
        return self.given | {role: name for role, name in common.items() if name}


def is_pairs(roles: Collection[str]) -> bool:
    """Tell whether columns with these roles are enough for pair rows."""
    return "label" in roles and ("marked" in roles or "text" in roles)
