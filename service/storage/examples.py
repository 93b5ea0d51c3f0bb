"""Examples for the OpenAPI document. The requests can be sent as they are, and tests do."""

from __future__ import annotations

from typing import Any

_TEXT = "Norway denied on Tuesday that it had misled Iceland."
_MODEL = {"name": "default", "version": "0.2.0", "sha256": "4f" * 32}
_PREDICTED = [
    {"code": "NO", "mentions": ["Norway"], "stances": {"denial": []}},
    {"code": "IS", "mentions": ["Iceland"], "stances": {}},
]
_CORRECTED = [
    {"code": "NO", "mentions": ["Norway"], "stances": {"denial": ["IS"]}},
    {"code": "IS", "mentions": ["Iceland"], "stances": {}},
]
_ANSWERED = [
    {
        "code": "NO",
        "alpha3": "NOR",
        "name": "Norway",
        "kind": "country",
        "mentions": [{"text": "Norway", "start": 0, "end": 6, "source": "name"}],
        "stances": [{"stance": "denial", "score": 0.61, "toward": []}],
        "scores": {"support": 0.01, "deterrence": 0.01, "denial": 0.61, "warning": 0.02},
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
]

CORRECTION_REQUEST: dict[str, Any] = {
    "text": _TEXT,
    "document": {"id": "fisheries", "date": "2024-03-05"},
    "model": _MODEL,
    "predicted": _PREDICTED,
    "entities": _CORRECTED,
    "user": "anna",
    "note": "The denial is aimed at Iceland.",
}
CORRECTION: dict[str, Any] = {
    "id": 17,
    "created_at": "2026-02-03T09:41:07.120Z",
    **CORRECTION_REQUEST,
    "review": None,
}
CORRECTIONS: dict[str, Any] = {"items": [CORRECTION], "next": None}
REVIEW_REQUEST: dict[str, Any] = {
    "model": _MODEL,
    "sentences": [
        {"text": _TEXT, "document": {"id": "fisheries", "date": "2024-03-05"}, "entities": _ANSWERED},
    ],
}
ADDED: dict[str, Any] = {"added": 1, "known": 0, "errors": []}
REVIEW: dict[str, Any] = {
    "items": [
        {
            "id": 4,
            **REVIEW_REQUEST["sentences"][0],
            "predicted": _PREDICTED,
            "uncertainty": 0.9648,
            "novelty": 0.8,
            "opinions": 1,
        }
    ],
    "open": 1,
}
OPINION_REQUEST: dict[str, Any] = {"user": "boris", "entities": _CORRECTED, "note": None}
OPINION: dict[str, Any] = {**CORRECTION, "user": "boris", "note": None, "review": 4}
SKIP_REQUEST: dict[str, Any] = {"user": "boris"}
AGREEMENT: dict[str, Any] = {
    "sentences": 212,
    "annotators": 3,
    "alpha": {
        "entities": 0.97,
        "support": 0.81,
        "deterrence": None,
        "denial": 0.86,
        "warning": 0.79,
        "direction": 0.88,
    },
}
EXPORT = (
    '{"id":"corr-b7a3f0c2d1e49586","text":"Norway denied on Tuesday that it had misled Iceland.","entities":['
    '{"code":"NO","mentions":["Norway"],"stances":{"denial":["IS"]}},'
    '{"code":"IS","mentions":["Iceland"],"stances":{}}]}\n'
)
