"""Whatever JSON arrives: an answer or a problem document, never a failure of the service."""

from __future__ import annotations

import json
from typing import Any

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from service_helpers import assert_problem

from service.schemas import ClassifyAnswer

_CHARACTERS = st.characters(codec=None, exclude_categories=())
_TEXTS = st.text(_CHARACTERS, max_size=40) | st.sampled_from(["Norway warned Iceland.", "The EU backs Kenya", "x"])
_SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _TEXTS
_ANYTHING = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3)
)


def _object(optional: dict[str, st.SearchStrategy[Any]], **required: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Objects that are right, or of which one field holds anything, or that have a field too many."""
    right = st.fixed_dictionaries(required, optional=optional)
    names = st.sampled_from([*required, *optional]) | _TEXTS
    return right | st.builds(lambda data, name, value: {**data, name: value}, right, names, _ANYTHING)


_DAYS = st.dates().map(str)
_CODES = st.lists(st.sampled_from(["US", "NO", "EU"]), min_size=1, max_size=3)
_ENTITIES = st.lists(
    _object({}, code=_TEXTS, name=_TEXTS, mentions=st.lists(_TEXTS, min_size=1, max_size=3)), max_size=2
)
_FIELDS = {"id": _TEXTS, "date": _DAYS, "entities": _ENTITIES}
_OPTIONS = {"countries": _CODES, "blocs": st.booleans()}
_BATCHES = _object(_OPTIONS, documents=st.lists(_object(_FIELDS, text=_TEXTS), min_size=1, max_size=3))
_REQUESTS = _ANYTHING | _object(_FIELDS | _OPTIONS, text=_TEXTS) | _BATCHES


@given(request=_REQUESTS)
@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
def test_any_json_is_answered(client: httpx.Client, request: Any) -> None:
    response = client.post("/classify", content=json.dumps(request), headers={"Content-Type": "application/json"})
    if response.status_code == 200:
        answer = ClassifyAnswer.model_validate_json(response.content)
        sent = request.get("documents", [request])
        assert len(answer.documents) == len(sent)
    else:
        assert assert_problem(response, 422)["errors"]
