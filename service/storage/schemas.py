"""What the routes of corrections and of the review queue take and answer, as pydantic models."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from service.schemas import Day, EntityOut, ModelOut

MAX_ENTITIES = 200
MAX_SENTENCES = 1_000
MAX_TEXT = 20_000
MAX_PAGE = 200


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _without_nul(value: str) -> str:
    if "\0" in value:
        raise ValueError("holds a NUL character")
    return value


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("should not be blank")
    return _without_nul(value)


Line = Annotated[str, Field(min_length=1, max_length=256), AfterValidator(_not_blank)]
Name = Annotated[str, Field(min_length=1, max_length=128, description="Who."), AfterValidator(_not_blank)]
Code = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_not_blank)]
Note = Annotated[str | None, Field(max_length=4_000)]
SentenceText = Annotated[str, Field(min_length=1, max_length=MAX_TEXT), AfterValidator(_not_blank)]


class AnnotatedEntityIn(_Request):
    """An entity of a sentence as the annotation guidelines write it."""

    code: Code = Field(description="ISO 3166 code, a bloc's code, or one of your own that the answer had.")
    mentions: list[Line] = Field(
        min_length=1, max_length=64, description="Each distinct form as it stands in the sentence."
    )
    stances: dict[Code, Annotated[list[Code], Field(max_length=MAX_ENTITIES)]] = Field(
        max_length=64, description="Each stance that it takes, with the codes that it is aimed at."
    )


class SourceDocumentIn(_Request):
    """The document that a sentence stands in."""

    id: Annotated[str | None, Field(max_length=256), AfterValidator(lambda v: v and _without_nul(v))] = None
    date: Day = None

    def plain(self) -> dict[str, str | None]:
        """Return plain JSON data."""
        day: date | None = self.date
        return {"id": self.id, "date": None if day is None else day.isoformat()}


class ModelIn(_Request):
    """The model that answered, as its answer names it."""

    name: Line
    version: Line
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class CorrectionRequest(_Request):
    """The corrected annotation of one sentence, next to what was answered for it."""

    text: SentenceText = Field(description="The sentence.")
    document: SourceDocumentIn | None = None
    model: ModelIn
    predicted: list[AnnotatedEntityIn] = Field(max_length=MAX_ENTITIES, description="What the model said.")
    entities: list[AnnotatedEntityIn] = Field(max_length=MAX_ENTITIES, description="What is right: all of it.")
    user: Name
    note: Annotated[Note, AfterValidator(lambda v: v and _without_nul(v))] = None


class OpinionRequest(_Request):
    """What a user says of a sentence of the review queue."""

    user: Name
    entities: list[AnnotatedEntityIn] = Field(max_length=MAX_ENTITIES, description="What is right: all of it.")
    note: Annotated[Note, AfterValidator(lambda v: v and _without_nul(v))] = None


class SkipRequest(_Request):
    """Who does not want to judge a sentence."""

    user: Name


class ReviewSentenceIn(BaseModel):
    """A sentence with its entities as `POST /classify` answers them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: SentenceText
    document: SourceDocumentIn | None = None
    entities: list[EntityOut] = Field(min_length=1, max_length=MAX_ENTITIES)


class ReviewRequest(_Request):
    """Sentences to offer for review."""

    model: ModelIn
    sentences: list[ReviewSentenceIn] = Field(min_length=1, max_length=MAX_SENTENCES)


class ReviewEnvelope(_Request):
    """A :class:`ReviewRequest` whose sentences are not validated yet."""

    model: ModelIn
    sentences: list[Any] = Field(min_length=1, max_length=MAX_SENTENCES)


class AnnotatedEntityOut(_Answer):
    """An entity of a sentence as the annotation guidelines write it."""

    code: str
    mentions: list[str]
    stances: dict[str, list[str]]


class SourceDocumentOut(_Answer):
    """The document that a sentence stands in."""

    id: str | None
    date: str | None


class CorrectionOut(_Answer):
    """A stored correction."""

    id: int
    created_at: str = Field(description="When it was stored, in UTC.")
    text: str
    document: SourceDocumentOut | None
    model: ModelOut
    predicted: list[AnnotatedEntityOut]
    entities: list[AnnotatedEntityOut]
    user: str
    note: str | None
    review: int | None = Field(description="The sentence of the review queue that it is an opinion on, if it is one.")


class CorrectionsOut(_Answer):
    """A page of corrections, newest first."""

    items: list[CorrectionOut]
    next: str | None = Field(description="Cursor of the next page; null on the last one.")


class DeletedOut(_Answer):
    """How many were deleted."""

    deleted: int


class SentenceFaultOut(_Answer):
    """Why a sentence was not taken."""

    field: str
    reason: str


class AddedOut(_Answer):
    """What became of sentences that were offered."""

    added: int
    known: int = Field(description="Sentences that the queue has, that stand twice, or that imported files judge.")
    errors: list[SentenceFaultOut] = Field(description="Faulty sentences, which cost the others nothing.")


class ReviewItemOut(_Answer):
    """A sentence that waits for an opinion."""

    id: int
    text: str
    document: SourceDocumentOut | None
    predicted: list[AnnotatedEntityOut]
    entities: list[EntityOut] = Field(description="As they were answered.")
    uncertainty: float = Field(ge=0, le=1, description="Largest binary entropy over entities and labels, in bits.")
    novelty: float = Field(ge=0, le=1, description="1 minus the likeness to the most alike sentence that was judged.")
    opinions: int = Field(description="Other users who have judged it.")


class ReviewOut(_Answer):
    """Sentences to judge, the most worthwhile first."""

    items: list[ReviewItemOut]
    open: int = Field(description="How many the user could still judge.")


class AgreementOut(_Answer):
    """How far users agree on the sentences that several have judged."""

    sentences: int
    annotators: int
    alpha: dict[str, float | None] = Field(description="Krippendorff's alpha of each question; null where undefined.")


STORAGE_REQUESTS: tuple[type[BaseModel], ...] = (CorrectionRequest, ReviewRequest, OpinionRequest, SkipRequest)
"""Bodies of requests, for the OpenAPI document."""
