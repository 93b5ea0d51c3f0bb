"""Settings: where they come from, and what is refused."""

from __future__ import annotations

import pytest

from service.settings import SettingsError, load_settings


def test_defaults() -> None:
    settings = load_settings()
    assert settings.max_text_characters == 200_000
    assert settings.max_documents == 256
    assert settings.max_body_bytes == 4 * 1024 * 1024
    assert settings.model is None


def test_the_environment_is_read_and_arguments_win(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENTITY_STANCE_PORT", "9000")
    monkeypatch.setenv("ENTITY_STANCE_MAX_DOCUMENTS", "7")
    monkeypatch.setenv("ENTITY_STANCE_MODEL", "")
    settings = load_settings(port=9001, host=None)
    assert (settings.port, settings.max_documents, settings.model, settings.host) == (9001, 7, None, "127.0.0.1")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("PORT", "http"),
        ("THREADS", "0"),
        ("MAX_CONCURRENCY", "0"),
        ("MAX_TEXT_CHARACTERS", "0"),
        ("MAX_TEXT_CHARACTERS", "1e3x"),
        ("MAX_DOCUMENTS", "-5"),
        ("MAX_BODY_BYTES", "0"),
    ],
)
def test_senseless_values_are_refused_by_name(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"ENTITY_STANCE_{name}", value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert f"ENTITY_STANCE_{name}: " in str(caught.value)
    assert value in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_body_limit_below_the_text_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENTITY_STANCE_MAX_BODY_BYTES", "1000")
    with pytest.raises(SettingsError, match=r"max_body_bytes \(1000\) is less than max_text_characters"):
        load_settings()
