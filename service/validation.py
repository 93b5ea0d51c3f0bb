"""From parsed JSON to documents; a bad document of a batch is set aside instead of failing the whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from model.countries.registry import is_known_code
from model.documents import Document, check_document
from model.errors import DocumentError
from service.problems import MAX_LISTED_FAULTS, Fault, ProblemError, ProblemType, field_path
from service.schemas import MAX_ENTITIES, BatchEnvelope, DocumentIn, GivenEntityIn, Options, TextRequest
from service.settings import Settings

_SURROGATE_REASON = "holds a lone surrogate, which is no character"


@dataclass(frozen=True, slots=True)
class Rejected:
    """A document that cannot be classified, and why."""

    id: str | None
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class ClassificationRequest:
    """A validated request.

    Attributes:
        documents: The documents in the order of the request, bad ones as ``Rejected``.
        countries: Codes to answer, or ``None`` for all.
        blocs: Whether to look for blocs.
        batch: Whether the documents stand in a list, or one at the top of the request.
    """

    documents: tuple[Document | Rejected, ...]
    countries: frozenset[str] | None = None
    blocs: bool = True
    batch: bool = True

    def path(self, index: int) -> str:
        """Return where a document stands in the request."""
        return f"documents[{index}]" if self.batch else ""


def read_request(data: Any, settings: Settings) -> ClassificationRequest:
    """Validate the parsed body of ``POST /classify``.

    Raises:
        ProblemError: the request as a whole is faulty (422), or has too many documents (413).
    """
    if not isinstance(data, dict):
        raise ProblemError.from_faults([Fault("body", "should be a JSON object")])
    if ("text" in data) == ("documents" in data):
        raise ProblemError.from_faults([Fault("body", "should have exactly one of the fields text and documents")])
    return _read_single(data, settings) if "text" in data else _read_batch(data, settings)


def read_document_line(data: Any, options: Any, settings: Settings) -> ClassificationRequest:
    """Validate a parsed line of ``POST /classify/stream`` and the options of the stream.

    Raises:
        ProblemError: 422, the options are faulty; a faulty document is set aside.
    """
    try:
        checked = Options.model_validate(options)
    except ValidationError as error:
        raise ProblemError.from_faults(schema_faults(error, Options)) from None
    return _with_options(checked, [_read_document(data, "", settings)], batch=False)


def _read_single(data: dict[str, Any], settings: Settings) -> ClassificationRequest:
    try:
        request = TextRequest.model_validate(_without_crowds(data, TextRequest))
    except ValidationError as error:
        raise ProblemError.from_faults(schema_faults(error, TextRequest)) from None
    return _with_options(request, [checked_document(request, "", settings)], batch=False)


def _read_batch(data: dict[str, Any], settings: Settings) -> ClassificationRequest:
    try:
        request = BatchEnvelope.model_validate(_without_crowds(data, BatchEnvelope))
    except ValidationError as error:
        raise ProblemError.from_faults(schema_faults(error, BatchEnvelope)) from None
    limit = settings.max_documents
    if len(request.documents) > limit:
        reason = f"should have at most {limit:,} items, not {len(request.documents):,}"
        raise ProblemError.from_faults([Fault("documents", reason, limit, ProblemType.TOO_LARGE)])
    documents: list[Document | Rejected] = []
    listed = 0
    for index, item in enumerate(request.documents):
        # Each faulty document is told its first fault; of further ones, a request lists so many in all.
        document = _read_document(item, f"documents[{index}]", settings, max(1, MAX_LISTED_FAULTS - listed))
        listed += len(document.faults) if isinstance(document, Rejected) else 0
        documents.append(document)
    return _with_options(request, documents, batch=True)


def _with_options(options: Options, documents: list[Document | Rejected], *, batch: bool) -> ClassificationRequest:
    countries = None
    if options.countries is not None:
        countries = frozenset(options.countries) | _own_codes(documents)
    return ClassificationRequest(tuple(documents), countries, options.blocs, batch)


def _own_codes(documents: list[Document | Rejected]) -> set[str]:
    """Return the codes that only the caller's own entities have: these are answered whatever the restriction."""
    entities = (entity for document in documents if isinstance(document, Document) for entity in document.entities)
    return {entity.code for entity in entities if not is_known_code(entity.code)}


def _read_document(data: Any, path: str, settings: Settings, most: int = MAX_LISTED_FAULTS) -> Document | Rejected:
    """Return a document, or so many of its faults at most."""
    try:
        document = DocumentIn.model_validate(_without_crowds(data, DocumentIn, most))
    except ValidationError as error:
        return Rejected(usable_id(data), tuple(schema_faults(error, DocumentIn, path, most)))
    return checked_document(document, path, settings)


def checked_document(document: DocumentIn, path: str, settings: Settings) -> Document | Rejected:
    """Return the document that stands at a path of a request, or why it cannot be classified."""
    limit = settings.max_text_characters
    if len(document.text) > limit:
        reason = f"should have at most {limit:,} characters, not {len(document.text):,}"
        fault = Fault(_join(path, "text"), reason, limit, ProblemType.TOO_LARGE)
        return Rejected(document.id, (fault,))
    checked = document.to_document()
    try:
        check_document(checked)
    except DocumentError as error:
        return Rejected(document.id, (document_fault(error, path),))
    return checked


def _without_crowds(data: Any, schema: type[BaseModel], most: int = MAX_LISTED_FAULTS) -> Any:
    """Return data with the first unknown fields of an object only.

    A hostile object can have a million of them, and to make a fault of each takes seconds.
    """
    if not isinstance(data, dict):
        return data
    kept = data
    if len(data) > len(schema.model_fields) + most:
        unknown = islice((key for key in data if key not in schema.model_fields), most)
        names = {*schema.model_fields, *unknown}
        kept = {key: value for key, value in data.items() if key in names}
    if schema is not GivenEntityIn and isinstance(kept.get("entities"), list):
        entities = kept["entities"]
        # Those over the limit are counted and not read.
        read = [_without_crowds(entity, GivenEntityIn, most) for entity in entities[:MAX_ENTITIES]]
        kept = kept | {"entities": [*read, *entities[MAX_ENTITIES:]]}
    return kept


def document_fault(error: DocumentError, path: str) -> Fault:
    """Return the fault that the classifier finds in the document at a path of the request."""
    return Fault(_join(path, error.field), error.reason)


def schema_faults(
    error: ValidationError, schema: type[BaseModel], path: str = "", most: int = MAX_LISTED_FAULTS
) -> list[Fault]:
    """Return the first faults only: a hostile document can have a million, and nobody reads them."""
    items = error.errors(include_url=False, include_input=False)[:most]
    return [_fault(item, schema, path) for item in items]


def _fault(item: Any, schema: type[BaseModel], path: str) -> Fault:
    reason = item["msg"].removeprefix("Value error, ").replace(" after validation", "")
    match item["type"]:
        case "extra_forbidden":
            reason = f"unknown field; the fields are {', '.join(_model_at(schema, item['loc'][:-1]).model_fields)}"
        case "missing":
            reason = "is required"
        case "string_unicode":
            reason = _SURROGATE_REASON
        case "model_type" | "dict_type":
            reason = "should be a JSON object"
    limit = item.get("ctx", {}).get("max_length")
    return Fault(_join(path, field_path(item["loc"])) or "body", reason, limit)


def _model_at(schema: type[BaseModel], path: Sequence[str | int]) -> type[BaseModel]:
    """Return the model of the object at a path within the data of a schema."""
    for part in path:
        if isinstance(part, str) and part in schema.model_fields:
            schema = _model_in(schema.model_fields[part].annotation) or schema
    return schema


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the first model that stands in an annotation, however deep."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for item in get_args(annotation) if (found := _model_in(item))), None)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path and name else path or name


def usable_id(data: Any) -> str | None:
    """Return the id of a faulty document, if it has one that can stand in an answer."""
    try:
        return DocumentIn.model_validate({"text": "-", "id": data["id"]}).id
    except (ValidationError, TypeError, KeyError):
        return None
