"""Every route of the OpenAPI document against a real server, with generated requests, good and bad."""

from __future__ import annotations

import json
import os

import httpx
import schemathesis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from schemathesis.checks import CHECKS
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from service.app import create_app
from service.bodies import NDJSON
from service.settings import Settings

EXAMPLES = int(os.environ.get("ENTITY_STANCE_CONTRACT_EXAMPLES", "60"))
"""Examples for each route that takes something; 500 of them take some minutes."""

LONGEST_URL = 65_536
"""Longer ones are not read by uvicorn."""

CHECK_NAMES = {
    *("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance"),
    *("response_headers_conformance", "positive_data_acceptance", "negative_data_rejection", "unsupported_method"),
    *("allow_header_conformance", "missing_required_header", "ignored_auth", "use_after_free"),
    *("ensure_resource_availability", "object_level_authorization"),
}

_LINES = st.one_of(
    st.builds(lambda text: json.dumps({"text": text}).encode(), st.text(max_size=50)),
    st.builds(lambda text: json.dumps({"id": "a", "text": "Norway warned Iceland.", "x": text}).encode(), st.text()),
    st.just(b'{"id": "a1", "text": "Norway denied that it had misled Iceland.", "date": "2022-01-18"}'),
    st.binary(max_size=50),
)
schemathesis.openapi.media_type(NDJSON, st.lists(_LINES, max_size=4).map(b"\n".join))

READ_WITH_THEIR_TEXT = {"/explain", "/corrections", "/review", "/review/{id}/opinions"}
"""Where what is right depends on the text: its sentences, its mentions. No schema can say that."""

contract = schemathesis.openapi.from_dict(create_app(Settings()).openapi())


def test_the_contract_is_the_one_that_a_server_shows(client: httpx.Client) -> None:
    assert client.get("/openapi.json").json() == contract.raw_schema


def test_all_checks_of_the_library_are_known() -> None:
    assert set(CHECKS.get_all_names()) == CHECK_NAMES


@contract.parametrize()
@settings(max_examples=EXAMPLES, derandomize=True, suppress_health_check=list(HealthCheck))
def test_every_route_keeps_its_contract(case: schemathesis.Case, client: httpx.Client) -> None:
    response = case.call(base_url=str(client.base_url))
    if len(response.request.url or "") > LONGEST_URL:
        assert response.status_code == httpx.codes.BAD_REQUEST  # uvicorn's own answer; the application sees nothing.
        return
    excluded = []
    if response.status_code == httpx.codes.UNPROCESSABLE_ENTITY and case.path in READ_WITH_THEIR_TEXT:
        assert response.json()["errors"]
        excluded.append(positive_data_acceptance)
    # A batch is answered with 200 as long as one of its documents is good; the bad ones are rejected one by one.
    if response.status_code == 200 and case.path == "/classify" and _rejected(response.json()):
        excluded.append(negative_data_rejection)
    # What breaks the schema by its size alone is rejected for its size, a status that the library does not expect.
    if response.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE:
        excluded.append(negative_data_rejection)
    case.validate_response(response, excluded_checks=excluded)


def _rejected(answer: dict[str, list[dict[str, object]]]) -> bool:
    return any("error" in document for document in answer["documents"])
