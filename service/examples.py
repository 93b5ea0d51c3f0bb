"""Examples for the OpenAPI document. The requests can be sent as they are, and tests do."""

from __future__ import annotations

from typing import Any

_ANSWER_TEXT = "Norway denied on Tuesday that it had misled Iceland."

REQUEST_EXAMPLES: dict[str, dict[str, Any]] = {
    "text": {
        "summary": "One text",
        "value": {
            "text": f"{_ANSWER_TEXT} Sweden warned both neighbours that the fishing talks were close to collapse."
        },
    },
    "documents": {
        "summary": "Several documents, restricted to two countries",
        "value": {
            "documents": [
                {
                    "id": "fisheries",
                    "text": "Portugal will stand by Cape Verde and send two more patrol boats, Lisbon said.",
                    "date": "2024-03-05",
                },
                {"id": "energy", "text": "Brazil rejected a charge by Peru that its dams had caused the flood."},
            ],
            "countries": ["PT", "BR"],
            "blocs": False,
        },
    },
    "entities": {
        "summary": "An entity of your own",
        "value": {
            "id": "ferry-pact",
            "text": "The Northern Straits Council warned Denmark that the ferry pact would lapse in June.",
            "entities": [{"code": "NSC", "name": "Northern Straits Council", "mentions": ["Northern Straits Council"]}],
        },
    },
    "partial": {
        "summary": "A faulty document beside a good one",
        "value": {
            "documents": [
                {"id": "good", "text": "Kenya welcomed Rwanda's offer of help."},
                {"id": "bad", "text": "", "date": "yesterday"},
            ]
        },
    },
}

ANSWER_EXAMPLE: dict[str, Any] = {
    "model": {"name": "default", "version": "0.1.0", "sha256": "4f" * 32},
    "documents": [
        {
            "id": "talks",
            "sentences": [
                {
                    "text": _ANSWER_TEXT,
                    "start": 0,
                    "end": 52,
                    "entities": [
                        {
                            "code": "NO",
                            "alpha3": "NOR",
                            "name": "Norway",
                            "kind": "country",
                            "mentions": [{"text": "Norway", "start": 0, "end": 6, "source": "name"}],
                            "stances": [
                                {"stance": "denial", "score": 0.97, "toward": [{"code": "IS", "score": 0.62}]},
                            ],
                            "scores": {"support": 0.01, "deterrence": 0.01, "denial": 0.97, "warning": 0.02},
                        },
                        {
                            "code": "IS",
                            "alpha3": "ISL",
                            "name": "Iceland",
                            "kind": "country",
                            "mentions": [{"text": "Iceland", "start": 44, "end": 51, "source": "name"}],
                            "stances": [],
                            "scores": {"support": 0.01, "deterrence": 0.0, "denial": 0.02, "warning": 0.01},
                        },
                    ],
                }
            ],
            "summary": [{"code": "NO", "name": "Norway", "stances": {"denial": 1}}],
            "relations": [{"source": "NO", "stance": "denial", "target": "IS", "sentences": [0], "score": 0.6}],
        },
        {
            "id": "empty",
            "error": {
                "type": "urn:entity-stance:problem:invalid-request",
                "title": "The request has invalid fields",
                "status": 422,
                "detail": "documents[1].text: is empty",
                "field": "documents[1].text",
            },
        },
    ],
}


def _problem(slug: str, status: int, title: str, detail: str, *errors: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": f"urn:entity-stance:problem:{slug}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": "urn:uuid:0b8f4f0e-52d5-4b0c-9a53-6d0b6f0f7a11",
        "errors": list(errors),
    }


PROBLEM_EXAMPLES: dict[int, dict[str, Any]] = {
    400: _problem("invalid-json", 400, "The body is not valid JSON", "Expecting ',' delimiter at line 1, column 18."),
    401: _problem(
        "unauthorized",
        401,
        "A valid API key is needed",
        "Send an API key as 'Authorization: Bearer KEY' or 'X-API-Key: KEY'.",
    ),
    408: _problem("too-slow", 408, "The request did not arrive in time", "The body did not arrive within 60 seconds."),
    404: _problem("not-found", 404, "There is no such thing here", "There is no correction 17."),
    409: _problem(
        "conflict",
        409,
        "What is there already stands against it",
        "anna has judged this sentence already; delete that correction to judge it anew.",
    ),
    413: _problem(
        "too-large",
        413,
        "The request exceeds a size limit",
        "text: should have at most 200,000 characters, not 200,001",
        {"field": "text", "reason": "should have at most 200,000 characters, not 200,001", "limit": 200_000},
    ),
    415: _problem(
        "unsupported-media-type",
        415,
        "The body must be JSON",
        "Send the body with 'Content-Type: application/json' in UTF-8, not 'text/plain'.",
    ),
    422: _problem(
        "invalid-request",
        422,
        "The request has invalid fields",
        "countries[0]: is no known code (and 1 more fault)",
        {"field": "countries[0]", "reason": "is no known code"},
        {"field": "lang", "reason": "unknown field; the fields are documents, countries, blocs"},
    ),
    429: _problem(
        "overloaded",
        429,
        "The service has as much work as it takes on",
        "The requests that wait have 199,870 tokens, of 200,000 at most; try again in 20 s.",
    ),
    500: _problem(
        "internal-error",
        500,
        "The service failed",
        "An unexpected error occurred; the service's log has the cause.",
    ),
    503: _problem(
        "model-not-ready", 503, "The model is not ready", "The model is being loaded; try again in a moment."
    ),
    504: _problem(
        "deadline-exceeded",
        504,
        "The service could not answer in time",
        "There was no answer within 120 seconds.",
    ),
}
