"""What ``POST /classify`` takes and what the service answers, as pydantic models.

Requests are validated with them; answers are built from the classifier's own dataclasses, and the models here
describe them in the OpenAPI document (tests hold the two together).
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetJsonSchemaHandler, WithJsonSchema
from pydantic.config import JsonDict
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from model.countries.registry import all_entities, is_known_code
from model.documents import Document, GivenEntity, Kind, Source
from service.days import parse_day

MAX_ENTITIES = 100
"""Own entities of a document."""

_SPACE = r"\t-\r\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""What Python takes for white space; `\\s` of other languages differs in some characters."""

# Described and not checked here: the classifier does, and says more than that a pattern does not match.
NOT_BLANK: JsonDict = {"pattern": f"[^{_SPACE}]"}
NOT_BLANK_WITHOUT_NUL: JsonDict = {"pattern": rf"^[^\u0000]*[^\u0000{_SPACE}][^\u0000]*$"}


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _read_day(value: Any) -> date | None:
    if value is None:
        return None
    return parse_day(value if isinstance(value, str) else "")


def _require_known_code(value: Any) -> Any:
    if isinstance(value, str) and not is_known_code(value):
        raise ValueError(
            "is no known code: use ISO 3166-1 alpha-2 (such as US), a bloc's code, or ISO 3166-3 for former states"
        )
    return value


class _ListedCodes:
    """Describes codes by listing them all, once somebody wants the description."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(schema) | {"enum": sorted(all_entities())}


Day = Annotated[
    date | None,
    BeforeValidator(_read_day),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]}),
]
CountryCode = Annotated[str, BeforeValidator(_require_known_code), _ListedCodes()]


class GivenEntityIn(_Request):
    """An entity of the caller's own."""

    code: str = Field(
        min_length=1, max_length=64, description="Code under which it is answered.", json_schema_extra=NOT_BLANK
    )
    name: str = Field(min_length=1, max_length=256, description="Name under which it is answered.")
    mentions: list[Annotated[str, Field(min_length=1, max_length=256, json_schema_extra=NOT_BLANK)]] = Field(
        min_length=1, max_length=64, description="Forms that mention it: whole words, letter case as given."
    )


class DocumentIn(_Request):
    """A text to classify."""

    id: str | None = Field(
        default=None,
        max_length=256,
        description="Your name for the document, repeated in the answer. Documents may share one: "
        "answers stand in the order of the request.",
    )
    text: str = Field(
        min_length=1,
        description="The text; offsets in the answer count its Unicode code points. /info has the limits.",
        json_schema_extra=NOT_BLANK_WITHOUT_NUL,
    )
    date: Day = Field(default=None, description="Day of writing, which picks the office-holders of that day.")
    entities: list[GivenEntityIn] = Field(
        default=[], max_length=MAX_ENTITIES, description="Entities to look for besides countries and blocs."
    )

    def to_document(self) -> Document:
        """Return the classifier's form of it."""
        given = tuple(GivenEntity(entity.code, entity.name, tuple(entity.mentions)) for entity in self.entities)
        return Document(text=self.text, id=self.id, date=self.date, entities=given)


class Options(_Request):
    """What to answer."""

    countries: list[CountryCode] | None = Field(
        default=None,
        min_length=1,
        max_length=1000,
        description="Answer these countries and blocs only (and entities of your own and of the model's); targets of "
        "their stances may be others. All when missing.",
    )
    blocs: bool = Field(default=True, description="Whether blocs such as the EU are entities too.")


class StreamOptions(BaseModel):
    """What ``POST /classify/stream`` takes in its query: the same for all documents."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    countries: list[CountryCode] | None = Field(
        default=None,
        min_length=1,
        max_length=1000,
        description="Answer these countries and blocs only; repeat the parameter for several.",
    )
    blocs: bool = Field(default=True, description="Whether blocs such as the EU are entities too.")


class TextRequest(Options, DocumentIn):
    """One document, with its fields at the top."""


class DocumentsRequest(Options):
    """Several documents, each validated and answered on its own."""

    documents: list[DocumentIn] = Field(min_length=1, description="Documents, answered in this order.")


class BatchEnvelope(Options):
    """A :class:`DocumentsRequest` whose documents are not validated yet."""

    documents: list[Any] = Field(min_length=1)


class ModelOut(_Answer):
    """The model that answered."""

    name: str
    version: str
    sha256: str = Field(description="Hash of the model's weights, model.onnx.")


class MentionOut(_Answer):
    """A place where an entity is mentioned: ``text[start:end]`` of the document's text."""

    text: str
    start: int = Field(ge=0)
    end: int = Field(ge=0)
    source: Source = Field(description="How it was found.")


class TargetOut(_Answer):
    """An entity that a stance is aimed at."""

    code: str
    score: float = Field(ge=0, le=1)


class StanceOut(_Answer):
    """A stance that an entity takes."""

    stance: str
    score: float = Field(ge=0, le=1)
    toward: list[TargetOut]


class EntityOut(_Answer):
    """A country, a bloc or an entity of the caller's or the model's own in one sentence."""

    code: str = Field(description="ISO 3166-1 alpha-2, ISO 3166-3 alpha-4, a bloc's code, the caller's or the model's.")
    alpha3: str | None
    name: str
    kind: Kind
    type: str | None = Field(
        default=None, description="What an entity of the model's own gazetteer is; left out for all others."
    )
    mentions: list[MentionOut] = Field(min_length=1)
    stances: list[StanceOut] = Field(description="The stances it takes; empty when it takes none.")
    scores: dict[str, float] = Field(description="Probability of every stance.")


class SentenceOut(_Answer):
    """A sentence: ``text[start:end]`` of the document's text, with its entities in the order of first mention."""

    text: str
    start: int = Field(ge=0)
    end: int = Field(ge=0)
    entities: list[EntityOut]


class SummaryOut(_Answer):
    """In how many sentences an entity takes each stance."""

    code: str
    name: str
    stances: dict[str, int]


class RelationOut(_Answer):
    """Who takes which stance toward whom, and in which sentences (by index)."""

    source: str
    stance: str
    target: str
    sentences: list[int]
    score: float = Field(ge=0, le=1)


class DocumentOut(_Answer):
    """The answer for a document."""

    id: str | None
    sentences: list[SentenceOut]
    summary: list[SummaryOut]
    relations: list[RelationOut]


class DocumentProblem(_Answer):
    """Why a document of a batch has no answer."""

    type: str
    title: str
    status: int
    detail: str
    field: str = Field(description="The faulty field, such as documents[3].text; the first one if there are several.")
    limit: int | None = Field(default=None, description="The limit that was exceeded; left out if none was.")


class RejectedDocumentOut(_Answer):
    """Stands in the place of a document that could not be classified."""

    id: str | None
    error: DocumentProblem


class ClassifyAnswer(_Answer):
    """The answer: one item for each document, in the order of the request."""

    model: ModelOut
    documents: list[DocumentOut | RejectedDocumentOut]


class FaultOut(_Answer):
    """One thing that is wrong with a request."""

    field: str
    reason: str
    limit: int | None = Field(default=None, description="The limit that was exceeded; left out if none was.")


class Problem(_Answer):
    """A problem document as RFC 9457 defines it."""

    type: str = Field(description="Stable identifier of the kind of problem, or about:blank.")
    title: str
    status: int
    detail: str
    instance: str = Field(description="URN of this request; the X-Request-ID header has the same UUID.")
    errors: list[FaultOut] = Field(description="The faulty fields, at most 100 of them.")


class StatusOut(_Answer):
    """Whether the service is alive or ready."""

    status: str


class LabelOut(_Answer):
    """A label that the model knows, and from which probability on it is answered."""

    name: str
    description: str
    threshold: float | None = Field(
        description="null where labels exclude each other: then the most probable one is answered, or none."
    )
    toward_threshold: float | None = Field(description="The same of a target; null where labels are not aimed.")


class LimitsOut(_Answer):
    """Limits of a request."""

    max_text_characters: int
    max_documents: int
    max_body_bytes: int
    max_queue_tokens: int = Field(description="Most tokens of all requests that wait; more are refused with 429.")
    deadline_seconds: float = Field(description="Seconds after which a document without an answer fails.")


class SchemeOut(BaseModel):
    """What a model's label scheme allows."""

    scheme: str = Field(description="Name of the label scheme.")
    description: str = Field(description="What it is for; empty if it does not say.")
    labels: list[LabelOut]
    multi_label: bool = Field(description="Whether an entity may take several labels at once.")
    none: bool = Field(description="Whether an entity may take no label at all.")
    directed: bool = Field(description="Whether labels are aimed at other entities.")
    countries: bool = Field(description="Whether countries and blocs are looked for.")
    types: list[str] = Field(description="Types of the entities of its own that it looks for.")


class InfoOut(SchemeOut):
    """What runs here."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str = Field(description="Version of the entity-stance package.")
    model: ModelOut
    limits: LimitsOut
