"""Label schemes: which labels exist, what they allow, and which entities of one's own are looked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

NONE = "none"
"""What answers and reports call it when an entity takes no label; no label may have this name."""


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
class OwnEntity:
    """An entity of a scheme's own gazetteer.

    Attributes:
        code: Its code, as it stands in annotations and answers.
        name: Its name.
        type: What it is, for instance ``company``.
        forms: The forms in which texts mention it.
    """

    code: str
    name: str
    type: str
    forms: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the entity as plain JSON data."""
        return {"code": self.code, "name": self.name, "type": self.type, "forms": list(self.forms)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> OwnEntity:
        """Read an entity from plain JSON data.

        Raises:
            KeyError: a field is missing.
            ValueError: a field is no text, or there is no form.
        """
        forms = data["forms"]
        if not isinstance(forms, list) or not forms:
            raise ValueError(f"forms of the entity {data['code']!r} are no list with a form in it")
        for text in (data["code"], data["name"], data["type"], *forms):
            if not isinstance(text, str) or not text.strip():
                raise ValueError(f"an entity of the gazetteer has {text!r} where a text should stand")
        return cls(data["code"], data["name"], data["type"], tuple(forms))


@dataclass(frozen=True)
class LabelScheme:
    """The labels that an entity may take in a sentence, and the entities that are looked for.

    Attributes:
        name: Name of the scheme.
        labels: The labels, in the order of the model's outputs.
        multi_label: Whether an entity may take several labels at once.
        directed: Whether labels are taken toward other entities.
        none: Whether an entity may take no label at all. Where it may not, an annotated entity without a label is
            context: it is not asked.
        description: One sentence on what the scheme is for.
        countries: Whether countries and blocs are looked for.
        gazetteer: Entities of the scheme's own, which are looked for too.
    """

    name: str
    labels: tuple[Label, ...]
    multi_label: bool = True
    directed: bool = True
    none: bool = True
    description: str = ""
    countries: bool = True
    gazetteer: tuple[OwnEntity, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a scheme without labels, with a label twice, with a label ``none`` or with an entity twice."""
        if not self.labels:
            raise ValueError(f"scheme {self.name!r} has no labels")
        if len(set(self.names)) != len(self.labels):
            raise ValueError(f"scheme {self.name!r} names a label twice")
        if NONE in self.names:
            raise ValueError(f"scheme {self.name!r} has a label {NONE!r}, which stands for taking no label")
        if len(self.codes) != len(self.gazetteer):
            raise ValueError(f"the gazetteer of scheme {self.name!r} names an entity twice")

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the labels, in output order."""
        return tuple(label.name for label in self.labels)

    @cached_property
    def codes(self) -> frozenset[str]:
        """Codes of the gazetteer's entities."""
        return frozenset(entity.code for entity in self.gazetteer)

    @property
    def types(self) -> tuple[str, ...]:
        """Types of the gazetteer's entities, in the order of their first entity."""
        return tuple(dict.fromkeys(entity.type for entity in self.gazetteer))

    @property
    def finds_entities(self) -> bool:
        """Whether there is anything to look for in a raw text; otherwise entities are always given."""
        return self.countries or bool(self.gazetteer)

    def learns_like(self, other: LabelScheme) -> bool:
        """Tell whether the heads of a network for one scheme fit the other: same labels, read in the same way."""
        return self._heads() == other._heads()

    def _heads(self) -> tuple[Any, ...]:
        return self.names, self.multi_label, self.none, self.directed

    def to_dict(self, *, gazetteer: bool = True) -> dict[str, Any]:
        """Return the scheme as plain JSON data, with its gazetteer or without."""
        data: dict[str, Any] = {
            "name": self.name,
            "description": self.description,
            "labels": [{"name": label.name, "description": label.description} for label in self.labels],
            "multi_label": self.multi_label,
            "directed": self.directed,
            "none": self.none,
            "countries": self.countries,
        }
        return data | ({"gazetteer": gazetteer_data(self.gazetteer)} if gazetteer else {})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> LabelScheme:
        """Read a scheme from plain JSON data.

        Raises:
            KeyError: a required field is missing.
            ValueError: there are no labels, one stands twice, or a field is not what it should be.
        """
        switches = {key: data.get(key, True) for key in ("multi_label", "directed", "none", "countries")}
        for key, value in switches.items():
            if not isinstance(value, bool):
                raise ValueError(f"scheme: {key} is not true or false: {value!r}")
        return cls(
            name=data["name"],
            labels=tuple(Label(item["name"], item.get("description", "")) for item in data["labels"]),
            description=data.get("description", ""),
            gazetteer=read_gazetteer(data.get("gazetteer", [])),
            **switches,
        )


def gazetteer_data(entities: Sequence[OwnEntity]) -> list[dict[str, Any]]:
    """Return a gazetteer as plain JSON data."""
    return [entity.to_dict() for entity in entities]


def read_gazetteer(data: Any) -> tuple[OwnEntity, ...]:
    """Read a gazetteer from plain JSON data.

    Raises:
        KeyError: an entity lacks a field.
        ValueError: it is no list, or a field is not what it should be.
    """
    if not isinstance(data, list):
        raise ValueError("the gazetteer is no list of entities")
    return tuple(OwnEntity.from_dict(item) for item in data)


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
