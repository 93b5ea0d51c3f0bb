"""Examples of the OpenAPI document in the labels of the model that answers, where these are not the four stances."""

from __future__ import annotations

from typing import Any

from model.scheme import STANCES
from service.schemas import SchemeOut

_BY_LABEL = frozenset({"stances", "scores", "alpha"})
"""Fields whose keys are labels."""


def follow_scheme(document: dict[str, Any], scheme: SchemeOut) -> dict[str, Any]:
    """Return an OpenAPI document whose examples a model of the scheme could take and give."""
    labels = [label.name for label in scheme.labels]
    if set(labels) >= set(STANCES.names) and scheme.directed:
        return document
    exchanged = {name: labels[index % len(labels)] for index, name in enumerate(STANCES.names)}
    found: dict[str, Any] = _walk(document, exchanged, scheme)
    return found


def _walk(value: Any, labels: dict[str, str], scheme: SchemeOut) -> Any:
    """Copy a document and exchange what stands in its examples."""
    if isinstance(value, list):
        return [_walk(item, labels, scheme) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _example(item, labels, scheme) if key in {"example", "examples"} else _walk(item, labels, scheme)
        for key, item in value.items()
    }


def _example(value: Any, labels: dict[str, str], scheme: SchemeOut) -> Any:
    if isinstance(value, list):
        return [_example(item, labels, scheme) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: _field(key, item, labels, scheme) for key, item in value.items()}


def _field(key: str, value: Any, labels: dict[str, str], scheme: SchemeOut) -> Any:
    if key == "stance" and isinstance(value, str):
        return labels.get(value, value)
    if key in {"toward", "relations"} and not scheme.directed:
        return []
    if key not in _BY_LABEL or not isinstance(value, dict):
        return _example(value, labels, scheme)
    renamed = {labels.get(name, name): _example(item, labels, scheme) for name, item in value.items()}
    if key == "stances" and not scheme.multi_label:
        renamed = dict(list(renamed.items())[:1])
    # In annotations a label's value is the list of its targets.
    return {name: [] if isinstance(item, list) and not scheme.directed else item for name, item in renamed.items()}
