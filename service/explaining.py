"""``POST /explain``: what it takes, what it answers, and the way from one to the other."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from model.documents import Document
from model.errors import DeadlineError, DocumentError
from service.problems import Fault, ProblemError, ProblemType
from service.schemas import DocumentIn, ModelOut
from service.settings import Settings
from service.validation import Rejected, checked_document, document_fault, schema_faults

if TYPE_CHECKING:  # The HTTP process knows the request and its answer, and loads no network.
    from model.batching import Flow
    from model.classifier import StanceClassifier


class ExplainRequest(DocumentIn):
    """A document, and which of its probabilities to explain."""

    sentence: int = Field(ge=0, description="Index of the sentence, as in the answer of POST /classify.")
    code: str = Field(min_length=1, max_length=64, description="Code of an entity that the sentence mentions.")
    stance: str = Field(min_length=1, max_length=64, description="One of the model's stances; /info names them.")


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WordOut(_Answer):
    """A word of the sentence: ``text[start:end]`` of the document's text."""

    text: str
    start: int = Field(ge=0)
    end: int = Field(ge=0)
    effect: float = Field(ge=-1, le=1, description="The probability minus the probability when this word is hidden.")


class ExplainAnswer(_Answer):
    """Why an entity takes a stance in a sentence, or does not."""

    model: ModelOut
    sentence: int = Field(ge=0)
    code: str
    stance: str
    score: float = Field(ge=0, le=1, description="Probability that the entity takes the stance.")
    words: list[WordOut] = Field(description="Words in the order of the text, without the mentions of entities.")


@dataclass(frozen=True, slots=True)
class ExplainQuery:
    """A validated request."""

    document: Document
    sentence: int
    code: str
    stance: str


def explain_request(data: Any, settings: Settings) -> ExplainQuery:
    """Validate the parsed body of ``POST /explain``.

    Raises:
        ProblemError: a field is missing, unknown or faulty (422), or the text is too long (413).
    """
    if not isinstance(data, dict):
        raise ProblemError.from_faults([Fault("body", "should be a JSON object")])
    try:
        request = ExplainRequest.model_validate(data)
    except ValidationError as error:
        raise ProblemError.from_faults(schema_faults(error, ExplainRequest)) from None
    document = checked_document(request, "", settings)
    if isinstance(document, Rejected):
        raise ProblemError.from_faults(document.faults)
    return ExplainQuery(document, request.sentence, request.code, request.stance)


def explain_answer(classifier: StanceClassifier, query: ExplainQuery, flow: Flow | None = None) -> dict[str, Any]:
    """Return the answer to a request; it is computed in the calling thread.

    Raises:
        ProblemError: the text has no such sentence or the sentence no such entity, there is no such stance (422), or
            the flow's deadline has passed (503).
    """
    try:
        explanation = classifier.explain(
            query.document, sentence=query.sentence, code=query.code, stance=query.stance, flow=flow
        )
    except DocumentError as error:
        raise ProblemError.from_faults([document_fault(error, "")]) from None
    except DeadlineError:
        raise ProblemError(ProblemType.DEADLINE, "the sentence was not explained in time") from None
    return {"model": asdict(classifier.info), **explanation.to_dict()}
