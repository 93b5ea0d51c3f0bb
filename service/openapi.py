"""Parts of the OpenAPI document that FastAPI cannot derive, since requests are validated document by document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from service.errors import PROBLEM_MEDIA_TYPE
from service.examples import PROBLEM_EXAMPLES
from service.schemas import DocumentsRequest, Problem, TextRequest

_REFERENCE = "#/components/schemas/{model}"
_DESCRIPTIONS = {
    400: "The body is not JSON.",
    404: "There is no such thing.",
    409: "The user has done that already.",
    413: "The body, the text or the number of documents exceeds its limit.",
    415: "The body is not declared as JSON.",
    422: "The request has invalid fields.",
    500: "The service failed.",
    503: "The model is not ready, or the answer was not there in time.",
}


def schema_reference(schema: type[BaseModel]) -> dict[str, str]:
    """Return a reference to a schema of the document's components."""
    return {"$ref": _REFERENCE.format(model=schema.__name__)}


def problem_answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the description of a route's problem documents."""
    return {
        status: {
            "description": _DESCRIPTIONS[status],
            "content": {
                PROBLEM_MEDIA_TYPE: {"schema": schema_reference(Problem), "example": PROBLEM_EXAMPLES[status]},
            },
        }
        for status in statuses
    }


def install_openapi(app: FastAPI, requests: Sequence[type[BaseModel]] = ()) -> None:
    """Complete an application's OpenAPI document with the schemas that its routes refer to.

    Args:
        app: The application.
        requests: Schemas of request bodies besides those of ``POST /classify``.
    """
    schemas: list[tuple[type[BaseModel], JsonSchemaMode]] = [(Problem, "serialization")]
    schemas += [(schema, "validation") for schema in (TextRequest, DocumentsRequest)]
    schemas += [(schema, "validation") for schema in requests]

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(
                title=app.title,
                version=app.version,
                summary=app.summary,
                description=app.description,
                routes=app.routes,
            )
            _, definitions = models_json_schema(
                schemas,
                ref_template=_REFERENCE,
            )
            document["components"]["schemas"] |= definitions["$defs"]
            app.openapi_schema = document
        return app.openapi_schema

    # FastAPI documents this assignment as the way to extend the document.
    app.openapi = openapi  # type: ignore[method-assign]
