"""From the JSON of corrections and of sentences for review to what is stored, by the rules of the guidelines."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from model.annotation import annotation_faults
from model.scheme import NONE, Label, LabelScheme
from service.problems import MAX_LISTED_FAULTS, Fault, ProblemError, field_path
from service.storage.records import Entities, NewCorrection, NewReviewItem, Origin, annotated_form
from service.storage.schemas import (
    AnnotatedEntityIn,
    CorrectionRequest,
    OpinionRequest,
    ReviewEnvelope,
    ReviewSentenceIn,
)
from service.validation import schema_faults

Schema = TypeVar("Schema", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Offered:
    """Sentences for review: the good ones, and what is wrong with the others."""

    items: tuple[NewReviewItem, ...]
    faults: tuple[Fault, ...]


def read_as(schema: type[Schema], data: Any) -> Schema:
    """Validate parsed JSON.

    Raises:
        ProblemError: 422, with the path of each faulty field.
    """
    try:
        return schema.model_validate(data)
    except ValidationError as error:
        raise ProblemError.from_faults(schema_faults(error, schema)) from None


def read_correction(data: Any, scheme: LabelScheme) -> NewCorrection:
    """Validate the body of ``POST /corrections``.

    Codes that are neither countries nor blocs are allowed if what is corrected has them: then they are the caller's.

    Raises:
        ProblemError: 422, with the path of each faulty field.
    """
    request = read_as(CorrectionRequest, data)
    predicted, entities = _plain(request.predicted), _plain(request.entities)
    own = _codes(predicted)
    faults = [
        *_faults(request.text, entities, scheme, own),
        *_faults(request.text, predicted, _any_labels(predicted), own, "predicted"),
    ]
    if faults:
        raise ProblemError.from_faults(faults[:MAX_LISTED_FAULTS])
    document = request.document.plain() if request.document else None
    origin = Origin(request.model.model_dump(), document)
    return NewCorrection(request.text, origin, predicted, entities, request.user, request.note)


def read_opinion(data: Any, scheme: LabelScheme, text: str, origin: Origin, predicted: Entities) -> NewCorrection:
    """Validate the body of ``POST /review/{id}/opinions`` for the sentence that it is about.

    Raises:
        ProblemError: 422, with the path of each faulty field.
    """
    request = read_as(OpinionRequest, data)
    entities = _plain(request.entities)
    if faults := list(_faults(text, entities, scheme, _codes(predicted))):
        raise ProblemError.from_faults(faults[:MAX_LISTED_FAULTS])
    return NewCorrection(text, origin, predicted, entities, request.user, request.note)


def read_offered(data: Any) -> Offered:
    """Validate the body of ``POST /review``; a faulty sentence is set aside.

    Raises:
        ProblemError: 422, the request as a whole is faulty, or every sentence of it.
    """
    envelope = read_as(ReviewEnvelope, data)
    items: list[NewReviewItem] = []
    faults: list[Fault] = []
    for index, sentence in enumerate(envelope.sentences):
        outcome = _read_sentence(sentence, f"sentences[{index}]", envelope.model.model_dump())
        if isinstance(outcome, NewReviewItem):
            items.append(outcome)
        else:
            faults += outcome
    if not items:
        raise ProblemError.from_faults(faults[:MAX_LISTED_FAULTS])
    return Offered(tuple(items), tuple(faults[:MAX_LISTED_FAULTS]))


def _read_sentence(data: Any, path: str, model: dict[str, str]) -> NewReviewItem | list[Fault]:
    try:
        sentence = ReviewSentenceIn.model_validate(data)
    except ValidationError as error:
        return schema_faults(error, ReviewSentenceIn, path)
    answered = [entity.model_dump(mode="json", exclude_unset=True) for entity in sentence.entities]
    form = annotated_form(answered)
    faults = list(_faults(sentence.text, form, _any_labels(form), _codes(form), f"{path}.entities"))
    faults += _score_faults(answered, path)
    if faults:
        return faults
    document = sentence.document.plain() if sentence.document else None
    return NewReviewItem(sentence.text, Origin(model, document), answered)


def _score_faults(answered: Entities, path: str) -> Iterator[Fault]:
    for index, entity in enumerate(answered):
        for label, score in entity["scores"].items():
            if not 0 <= score <= 1:
                yield Fault(f"{path}.entities[{index}].scores.{label}", f"should be in [0, 1], not {score}")


def _faults(
    text: str, entities: Entities, scheme: LabelScheme, custom: Collection[str], name: str = "entities"
) -> Iterator[Fault]:
    for fault in annotation_faults(text, entities, scheme, custom):
        first, *rest = fault.path
        path = [name if first == "entities" else first, *rest]
        yield Fault(field_path([str(path[0]), *path[1:]]), fault.reason)


def _plain(entities: Sequence[AnnotatedEntityIn]) -> Entities:
    return [entity.model_dump() for entity in entities]


def _codes(entities: Entities) -> frozenset[str]:
    return frozenset(entity["code"] for entity in entities)


def _any_labels(entities: Entities) -> LabelScheme:
    """Return a scheme that allows what a model has answered, which need not be the one that is loaded."""
    # No model answers with a label "none"; it is a fault like any other wrong stance.
    names = dict.fromkeys(stance for entity in entities for stance in entity["stances"] if stance != NONE)
    return LabelScheme("answered", tuple(map(Label, names)) or (Label("any"),))
