"""Label schemes: which labels exist, and what they allow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Label:
    """One label of a scheme.

    Attributes:
        name: Short lower-case identifier, as it stands in annotations and answers.
        description: One sentence for people who read answers or annotate.
    """

    name: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class LabelScheme:
    """The labels that an entity may take in a sentence.

    Attributes:
        name: Name of the scheme.
        labels: The labels, in the order of the model's outputs.
        multi_label: Whether an entity may take several labels at once.
        directed: Whether labels are taken toward other entities.
    """

    name: str
    labels: tuple[Label, ...]
    multi_label: bool = True
    directed: bool = True

    def __post_init__(self) -> None:
        """Refuse a scheme without labels or with a label twice."""
        if not self.labels:
            raise ValueError(f"scheme {self.name!r} has no labels")
        if len(set(self.names)) != len(self.labels):
            raise ValueError(f"scheme {self.name!r} names a label twice")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the labels, in output order."""
        return tuple(label.name for label in self.labels)

    def to_dict(self) -> dict[str, Any]:
        """Return the scheme as plain JSON data."""
        return {
            "name": self.name,
            "labels": [{"name": label.name, "description": label.description} for label in self.labels],
            "multi_label": self.multi_label,
            "directed": self.directed,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> LabelScheme:
        """Read a scheme from plain JSON data.

        Raises:
            KeyError: a required field is missing.
            ValueError: there are no labels, or one stands twice.
        """
        labels = tuple(Label(item["name"], item.get("description", "")) for item in data["labels"])
        return cls(data["name"], labels, data.get("multi_label", True), data.get("directed", True))


STANCES = LabelScheme(
    name="stances",
    labels=(
        Label("support", "backs another actor or that actor's position, in words or in kind"),
        Label("deterrence", "signals or acts to dissuade an actor from doing something"),
        Label("denial", "disputes a claim or plan attributed to it, or refuses a demand or offer made of it"),
        Label("warning", "says that something bad will or may happen, or that its patience is running out"),
    ),
)
"""The default scheme; `seeds/annotation-guidelines.md` says what each label means."""
