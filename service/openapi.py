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
from service.gateway import Gateway
from service.schemas import DocumentsRequest, Problem, TextRequest
from service.scheme_examples import follow_scheme

_REFERENCE = "#/components/schemas/{model}"
_DESCRIPTIONS = {
    400: "The body is not JSON.",
    401: "The service wants an API key, and none that it knows was sent.",
    404: "There is no such thing.",
    408: "The body did not arrive in time.",
    409: "The user has done that already.",
    413: "The body, the text or the number of documents exceeds its limit.",
    415: "The body is not declared as JSON, or is compressed.",
    422: "The request has invalid fields.",
    429: "Too many requests, or too much to do already; the header Retry-After says when to try again.",
    500: "The service failed.",
    503: "The model is not ready, or its process has ended and is being started again.",
    504: "The answer was not there in time.",
}

# A service may have keys or none, so every operation may also do without.
_SECURITY_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API key, where the service wants one."},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "The same, in another header."},
}
_SECURITY: list[dict[str, list[str]]] = [{}, {"bearer": []}, {"header": []}]


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
            document["components"]["securitySchemes"] = _SECURITY_SCHEMES
            document["security"] = _SECURITY
            app.openapi_schema = document
        gateway: Gateway | None = getattr(app.state, "gateway", None)
        if gateway is None or not gateway.ready:
            return app.openapi_schema
        return follow_scheme(app.openapi_schema, gateway.information)

    # FastAPI documents this assignment as the way to extend the document.
    app.openapi = openapi  # type: ignore[method-assign]
