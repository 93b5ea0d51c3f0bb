"""API keys, rate limits and other origins."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from guarded_server import Guarded, guarded
from service_helpers import assert_problem
from typer.testing import CliRunner

from service.access.buckets import TokenBuckets
from service.access.keys import ApiKey, make_key, parse_keys, recognise
from service.cli.main import app
from service.settings import Settings, load_settings

OPEN = ["/", "/docs", "/openapi.json", "/livez", "/readyz", "/metrics", "/static-offline-docs/swagger-ui.css"]
ANNA, ANNA_KNOWN = make_key("anna")
BORIS, BORIS_KNOWN = make_key("boris")


@pytest.fixture(scope="module")
def locked() -> Iterator[Guarded]:
    """A server that two keys open."""
    with guarded(Settings(api_keys=(ANNA_KNOWN, BORIS_KNOWN))) as server:
        server.ready()
        yield server


@pytest.mark.parametrize("path", OPEN)
def test_some_paths_need_no_key(locked: Guarded, path: str) -> None:
    assert locked.client.get(path).status_code in {200, 307}


@pytest.mark.parametrize("key", [ANNA, BORIS], ids=["anna", "boris"])
def test_a_key_opens_the_service(locked: Guarded, key: str) -> None:
    for headers in ({"Authorization": f"Bearer {key}"}, {"Authorization": f"bearer  {key}"}, {"X-API-Key": key}):
        assert locked.client.get("/info", headers=headers).status_code == 200
        assert locked.client.post("/classify", json={"text": "Peru met Chile."}, headers=headers).status_code == 200
    both = {"Authorization": "Basic YTpi", "X-API-Key": key}
    assert locked.client.get("/info", headers=both).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": f"Bearer {ANNA}x"},
        {"Authorization": f"Bearer {ANNA[:-1]}"},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer ="},
        {"Authorization": f"Basic {ANNA}"},
        {"Authorization": ANNA},
        {"Authorization": f"Bearer {ANNA_KNOWN.digest.hex()}"},
        {"Authorization": f"Bearer {ANNA_KNOWN.line}"},
        {"X-API-Key": ""},
        {"X-API-Key": ANNA.swapcase()},
        {"X-API-Key": b"\xff\xfe"},
        {"Cookie": f"X-API-Key={ANNA}"},
    ],
)
def test_without_a_valid_key_nothing_is_answered(locked: Guarded, headers: dict[str, Any]) -> None:
    for method, path in (("POST", "/classify"), ("GET", "/info"), ("GET", "/nothing"), ("GET", "/page"), ("PUT", "/x")):
        response = locked.client.request(method, path, headers=headers)
        problem = assert_problem(response, 401)
        assert problem["type"] == "urn:entity-stance:problem:unauthorized"
        assert response.headers["www-authenticate"] == "Bearer"
        assert ANNA not in response.text


def test_a_key_in_the_address_is_not_taken(locked: Guarded) -> None:
    assert_problem(locked.client.get("/info", params={"key": ANNA, "api_key": ANNA, "X-API-Key": ANNA}), 401)


def test_a_refused_body_is_not_waited_for(locked: Guarded) -> None:
    head = b"POST /classify HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 1000\r\n\r\n"
    assert b" 401 " in locked.exchange(head).partition(b"\r\n")[0]


def test_all_keys_are_compared_whichever_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[bytes] = []
    compare = hmac.compare_digest

    def counting(first: Any, second: Any) -> bool:
        compared.append(second)
        return compare(first, second)

    monkeypatch.setattr("service.access.keys.hmac.compare_digest", counting)
    keys = [make_key(f"k{index}") for index in range(5)]
    known = [key for _, key in keys]
    for secret, expected in [*keys, ("nonsense", None)]:
        compared.clear()
        assert recognise(secret.encode(), known) == expected
        assert compared == [key.digest for key in known]


def test_keys_are_read_from_text_and_lists() -> None:
    expected = (ANNA_KNOWN, BORIS_KNOWN)
    assert parse_keys(f" {ANNA_KNOWN.line}, {BORIS_KNOWN.line} ,") == expected
    assert parse_keys([ANNA_KNOWN.line, BORIS_KNOWN.line.upper().replace("BORIS", "boris")]) == expected
    assert parse_keys("") == ()
    for wrong in ("anna", "anna:abc", f"anna:{ANNA}", f":{'0' * 64}", f"an na:{'0' * 64}", 5, [5], [["a"]]):
        with pytest.raises(ValueError, match=r"NAME:SHA256") as caught:
            parse_keys(wrong)
        assert ANNA not in str(caught.value)
    with pytest.raises(ValueError, match="two keys have the name anna"):
        parse_keys(f"{ANNA_KNOWN.line},anna:{'0' * 64}")


def test_the_key_command_makes_a_key_that_opens_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    result = CliRunner().invoke(app, ["key", "newsroom"])
    assert result.exit_code == 0
    secret, line = result.stdout.splitlines()
    assert line == f"newsroom:{hashlib.sha256(secret.encode()).hexdigest()}"
    monkeypatch.setenv("ENTITY_STANCE_API_KEYS", line)
    (known,) = load_settings().api_keys
    assert recognise(secret.encode(), [known]) == known
    assert secret != CliRunner().invoke(app, ["key", "newsroom"]).stdout.splitlines()[0]
    assert CliRunner().invoke(app, ["key", "news room"]).exit_code == 2


def test_a_bucket_fills_up_at_its_rate() -> None:
    now = 0.0
    buckets = TokenBuckets(per_minute=30, burst=3, clock=lambda: now)
    assert [buckets.take("a").allowed for _ in range(4)] == [True, True, True, False]
    refused = buckets.take("a")
    assert (refused.remaining, refused.wait_seconds) == (0, 2)
    assert buckets.take("b").remaining == 2
    now = 2.0
    assert [buckets.take("a").allowed for _ in range(2)] == [True, False]
    now = 1_000.0
    assert [buckets.take("a").allowed for _ in range(4)] == [True, True, True, False]
    assert buckets.window_seconds == 6


def test_a_bucket_of_less_than_a_call_a_minute_lets_one_pass() -> None:
    now = 0.0
    buckets = TokenBuckets(per_minute=0.5, clock=lambda: now)
    assert buckets.take("a").allowed
    assert buckets.take("a").wait_seconds == 120
    now = 119.0
    assert not buckets.take("a").allowed
    now = 120.0
    assert buckets.take("a").allowed


def test_the_number_of_buckets_is_bounded() -> None:
    buckets = TokenBuckets(per_minute=60, burst=1, max_buckets=100, clock=lambda: 0.0)
    for index in range(10_000):
        buckets.take("busy")
        buckets.take(f"other {index}")
        assert len(buckets) <= 100
    assert not buckets.take("busy").allowed


def test_each_key_has_a_rate_of_its_own() -> None:
    settings = Settings(api_keys=(ANNA_KNOWN, BORIS_KNOWN), rate_per_minute=6, rate_burst=2)
    with guarded(settings) as server:
        for remaining in (1, 0):
            response = server.client.get("/nothing", headers={"X-API-Key": ANNA})
            assert response.status_code == 404
            assert response.headers["ratelimit-policy"] == '"default";q=2;w=20'
            assert response.headers["ratelimit"].startswith(f'"default";r={remaining};t=')
        response = server.client.get("/nothing", headers={"Authorization": f"Bearer {ANNA}"})
        problem = assert_problem(response, 429)
        assert problem["type"] == "urn:entity-stance:problem:rate-limited"
        assert 1 <= int(response.headers["retry-after"]) <= 10
        assert response.headers["ratelimit"] == f'"default";r=0;t={response.headers["retry-after"]}'
        assert server.client.get("/nothing", headers={"X-API-Key": BORIS}).status_code == 404
        for _ in range(5):
            assert server.client.get("/livez").status_code == 200
            assert server.client.get("/nothing").status_code == 401


def test_without_keys_each_address_has_a_rate_of_its_own() -> None:
    with guarded(Settings(rate_per_minute=1)) as server:
        forged = [{"X-Forwarded-For": f"203.0.113.{index}"} for index in range(3)]
        assert [server.client.get("/nothing", headers=headers).status_code for headers in forged] == [404, 429, 429]
    with guarded(Settings(rate_per_minute=1, trusted_proxies=("127.0.0.1",))) as server:
        addresses = ["203.0.113.1", "203.0.113.1", "203.0.113.2", "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"]
        answers = [server.client.get("/nothing", headers={"X-Forwarded-For": each}) for each in addresses]
        assert [answer.status_code for answer in answers] == [404, 429, 404, 404, 429, 404]


PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}


def test_pages_of_named_origins_may_call(locked: Guarded) -> None:
    origin = "https://desk.example.org"
    settings = Settings(api_keys=(ANNA_KNOWN,), cors_origins=(origin,))
    with guarded(settings) as server:
        allowed = server.client.options("/classify", headers={"Origin": origin, **PREFLIGHT})
        assert allowed.status_code == 200
        assert allowed.headers["access-control-allow-origin"] == origin
        refusal = server.client.post("/classify", headers={"Origin": origin})
        assert_problem(refusal, 401)
        assert refusal.headers["access-control-allow-origin"] == origin
        assert "Retry-After" in refusal.headers["access-control-expose-headers"]
        for other in ("https://evil.example.org", f"{origin}.evil.org", "null", "http://desk.example.org"):
            answer = server.client.options("/classify", headers={"Origin": other, **PREFLIGHT})
            assert answer.status_code == 400
            assert "access-control-allow-origin" not in answer.headers
    closed = locked.client.options("/classify", headers={"Origin": origin, **PREFLIGHT})
    assert closed.status_code == 401
    assert not [name for name in closed.headers if name.startswith("access-control")]


TRAVERSALS = [
    "/static-offline-docs/../../../../../../etc/passwd",
    "/static-offline-docs/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "/static-offline-docs/..%2f..%2f..%2f..%2fetc%2fpasswd",
    "/static-offline-docs//etc/passwd",
    "/static-offline-docs/%5c..%5c..%5cetc/passwd",
    "/static-offline-docs/swagger-ui.css%00.png",
    "/page/../../../etc/passwd",
    "/page/%2e%2e/%2e%2e/etc/passwd",
    "/..%2f..%2fetc%2fpasswd",
    "//etc/passwd",
]


@pytest.mark.parametrize("path", TRAVERSALS)
def test_no_file_is_reached_by_its_path(locked: Guarded, path: str) -> None:
    for key in ({}, {"X-API-Key": ANNA}):
        head = "".join(f"{name}: {value}\r\n" for name, value in key.items())
        request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{head}Connection: close\r\n\r\n"
        received = locked.exchange(request.encode())
        assert received[9:12] in {b"401", b"404"}
        assert b"root:" not in received


def test_no_request_chooses_the_model_or_a_file(locked: Guarded) -> None:
    headers = {"X-API-Key": ANNA}
    expected = locked.client.get("/info", headers=headers).json()["model"]
    for name in ("model", "path", "config", "directory", "file", "model_path"):
        for value in ("/etc/passwd", "../../../../etc", "file:///etc/passwd", "http://127.0.0.1:1/x", "some/hub-name"):
            text = {"text": "Peru met Chile."}
            refused = locked.client.post("/classify", json={**text, name: value}, headers=headers)
            assert assert_problem(refused, 422)["errors"][0]["field"] == name
            odd = {**headers, f"X-{name.title()}": value}
            answer = locked.client.post("/classify", json=text, headers=odd, params={name: value})
            assert answer.status_code == 200
            assert answer.json()["model"] == expected
    assert locked.client.get("/info", headers=headers).json()["model"] == expected


def test_keys_do_not_show() -> None:
    settings = Settings(api_keys=(ANNA_KNOWN,))
    for shown in (repr(settings), str(settings), repr(settings.api_keys), str(ApiKey("a", b"x"))):
        assert ANNA_KNOWN.digest.hex() not in shown
        assert repr(ANNA_KNOWN.digest) not in shown


def test_info_says_nothing_of_keys(locked: Guarded) -> None:
    answer: httpx.Response = locked.client.get("/info", headers={"X-API-Key": ANNA})
    for secret in (ANNA, ANNA_KNOWN.digest.hex(), BORIS_KNOWN.digest.hex(), "boris"):
        assert secret not in answer.text
