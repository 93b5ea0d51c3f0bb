"""What goes into a classifier: documents, sentences, mentions and entities."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from model.errors import DocumentError


class Source(StrEnum):
    """How a mention was found."""

    NAME = "name"
    ADJECTIVE = "adjective"
    CAPITAL = "capital"
    SEAT = "seat"
    BODY = "body"
    TITLE = "title"
    BLOC = "bloc"
    OFFICE_HOLDER = "office_holder"
    INTRODUCED = "introduced"
    GAZETTEER = "gazetteer"
    GIVEN = "given"


class Kind(StrEnum):
    """What an entity is."""

    COUNTRY = "country"
    FORMER_COUNTRY = "former_country"
    BLOC = "bloc"
    CUSTOM = "custom"


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of text; offsets count Unicode code points, the end is exclusive."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Mention:
    """A place where an entity is mentioned.

    Attributes:
        code: Code of the entity.
        text: The mention as it stands in the document: ``document.text[start:end]``.
        start: First code point of the mention in the document.
        end: One past the last code point.
        source: How the mention was found.
    """

    code: str
    text: str
    start: int
    end: int
    source: Source


@dataclass(frozen=True, slots=True)
class Entity:
    """A country, a bloc or an actor of the caller's or the model's own, with its mentions in one sentence.

    Attributes:
        code: ISO 3166-1 alpha-2 (3166-3 alpha-4 for states that are gone), a bloc's code, or the caller's.
        alpha3: ISO 3166-1 alpha-3, where there is one.
        name: Short English name.
        kind: What the entity is.
        mentions: Its mentions, in the order of the text; never empty.
        type: What an entity of the model's own gazetteer is; None for all others.
    """

    code: str
    alpha3: str | None
    name: str
    kind: Kind
    mentions: tuple[Mention, ...]
    type: str | None = None


@dataclass(frozen=True, slots=True)
class GivenEntity:
    """An entity that the caller names: its code, its name and the forms in which the text mentions it."""

    code: str
    name: str
    mentions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A text to classify.

    Attributes:
        text: The text as sent; all offsets count its code points.
        id: The caller's name for the document.
        date: Day of writing, which picks the office-holders of that day.
        entities: Entities to look for besides countries and blocs.
    """

    text: str
    id: str | None = None
    date: date | None = None
    entities: tuple[GivenEntity, ...] = field(default=())


def check_document(document: Document) -> None:
    """Refuse a document that cannot be read.

    Raises:
        DocumentError: the text is empty, or holds a NUL or a lone surrogate, or a given entity is
            incomplete; the error names the field.
    """
    text = document.text
    if not text.strip():
        raise DocumentError("text", "is empty")
    if "\0" in text:
        raise DocumentError("text", f"holds a NUL character at offset {text.index(chr(0))}")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise DocumentError("text", f"holds a lone surrogate at offset {error.start}") from None
    for index, entity in enumerate(document.entities):
        if not entity.code.strip():
            raise DocumentError(f"entities[{index}].code", "is empty")
        if not entity.mentions or not all(form.strip() for form in entity.mentions):
            raise DocumentError(f"entities[{index}].mentions", "needs at least one form, none of them empty")
