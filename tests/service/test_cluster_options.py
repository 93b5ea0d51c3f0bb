"""What a Serve config may set."""

from __future__ import annotations

import anyio
import pytest
from starlette.testclient import TestClient

from model.errors import ModelError
from service.cluster.options import cluster_settings
from service.cluster.replica import replica_app, until_ready
from service.gateway import Gateway
from service.observability.metrics import Metrics
from service.settings import Settings, SettingsError


def test_a_replica_reads_as_many_batches_as_it_has_processors_and_stores_nothing() -> None:
    settings = cluster_settings({"max_documents": 7, "model": None}, processors=3)
    assert (settings.max_documents, settings.threads, settings.database_url) == (7, 3, "")
    assert cluster_settings({"threads": 2}, processors=3).threads == 2


def test_the_environment_of_a_replica_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENTITY_STANCE_DATABASE_URL", "sqlite:////tmp/shared.db")
    monkeypatch.setenv("ENTITY_STANCE_THREADS", "5")
    monkeypatch.setenv("ENTITY_STANCE_MAX_DOCUMENTS", "8")
    settings = cluster_settings({"max_documents": 7}, processors=3)
    assert (settings.max_documents, settings.threads) == (7, 5)
    assert settings.database_url == "sqlite:////tmp/shared.db"


@pytest.mark.parametrize(
    ("args", "fault"),
    [
        ({"api_keys": "desk:" + "0" * 64}, r"args: api_keys: may be secret; set ENTITY_STANCE_API_KEYS"),
        ({"database_url": "postgresql://u:word@h/d"}, r"args: database_url: may be secret"),
        ({"port": 80}, r"args: port: .* http_options"),
        ({"max_document": 8}, r"args: max_document: no such setting"),
        ({"max_documents": "many"}, r"MAX_DOCUMENTS: .* \(got 'many'\)"),
    ],
)
def test_what_no_config_may_set_is_refused(args: dict[str, object], fault: str) -> None:
    with pytest.raises(SettingsError, match=fault) as refused:
        cluster_settings(args)
    assert "word@" not in str(refused.value)


def test_addresses_that_a_trusted_proxy_names_are_believed(in_process: None) -> None:
    app = replica_app({"trusted_proxies": "10.0.0.0/8", "rate_per_minute": 1, "rate_burst": 1})
    with TestClient(app, client=("10.1.2.3", 1)) as client:
        statuses = [
            client.get("/info", headers={"X-Forwarded-For": address}).status_code
            for address in ("192.0.2.1", "192.0.2.1", "192.0.2.2")
        ]
    assert [status == 429 for status in statuses] == [False, True, False]


def test_health_waits_for_the_model_and_fails_without_hope() -> None:
    gateway = Gateway(Settings(model="nowhere/at/all"), Metrics())

    async def check() -> None:
        with anyio.move_on_after(0.1) as waiting:
            await until_ready(gateway)
        assert waiting.cancelled_caught
        await gateway.run()
        with pytest.raises(ModelError, match="no such model directory"):
            await until_ready(gateway)

    anyio.run(check)
