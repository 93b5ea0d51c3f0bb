"""Settings: where they come from, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from service.access.keys import make_key
from service.cli.main import app
from service.settings import Settings, SettingsError, load_settings
from service.settings_page import page, rows

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of settings."""
    path = tmp_path / "service.toml"
    path.write_text('port = 9000\nmax_documents = 5\ncors_origins = ["https://a.example"]\n', encoding="utf-8")
    return path


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
        ("MAX_CONNECTIONS", "0"),
        ("HEADER_SECONDS", "0"),
        ("BODY_SECONDS", "nan"),
        ("RATE_PER_MINUTE", "-1"),
        ("TRUSTED_PROXIES", "localhost"),
        ("CORS_ORIGINS", "https://a.example/path"),
        ("CORS_ORIGINS", "a.example"),
        ("LOG_FORMAT", "xml"),
        ("LOG_LEVEL", "loud"),
    ],
)
def test_senseless_values_are_refused_by_name(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"ENTITY_STANCE_{name}", value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert f"ENTITY_STANCE_{name}: " in str(caught.value).replace("[0]", "")
    assert value in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_body_limit_below_the_text_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENTITY_STANCE_MAX_BODY_BYTES", "1000")
    with pytest.raises(SettingsError, match=r"max_body_bytes \(1000\) is less than max_text_characters"):
        load_settings()


def test_the_file_is_read_the_environment_wins_over_it_and_flags_over_both(
    monkeypatch: pytest.MonkeyPatch, file: Path
) -> None:
    assert load_settings(file).port == load_settings(file, port=None).port == 9000
    assert load_settings(file).cors_origins == ("https://a.example",)
    monkeypatch.setenv("ENTITY_STANCE_PORT", "9001")
    monkeypatch.setenv("ENTITY_STANCE_MAX_DOCUMENTS", "")
    settings = load_settings(file)
    assert (settings.port, settings.max_documents) == (9001, 5)
    assert load_settings(file, port=9002).port == 9002


def test_the_environment_may_name_the_file(monkeypatch: pytest.MonkeyPatch, file: Path, tmp_path: Path) -> None:
    monkeypatch.setenv("ENTITY_STANCE_CONFIG", str(file))
    assert load_settings().port == 9000
    other = tmp_path / "other.toml"
    other.write_text("port = 9003\n", encoding="utf-8")
    assert load_settings(other).port == 9003


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("max_docs = 5", "max_docs: no such setting; is max_documents meant?"),
        ("[server]\nport = 1", "server: no such setting"),
        ("port = 70000", "port: Input should be less than or equal to 65535 (got 70000)"),
        ("port = [1]", "port: Input should be a valid integer (got [1])"),
        ("max_body_bytes = -1\nport = 'x'", "max_body_bytes: Input should be greater than or equal to 1"),
        ("cors_origins = ['https://a.example', 'b']", "cors_origins[1]: is no origin"),
        ("cors_origins = 5", "cors_origins: Input should be a valid"),
        ("trusted_proxies = ['10.0.0.0/8', '10.0.0.1/8']", "trusted_proxies[1]: is no IP address"),
        ("port = \nhost = 1", "Invalid value (at line 1, column 8)"),
        ("port = 1\nport = 2\nx = 1", "Cannot overwrite a value (at line 2, column 9)"),
        ("port = '\xff'", "can't decode"),
    ],
)
def test_a_faulty_file_is_refused_by_its_key(tmp_path: Path, content: str, reason: str) -> None:
    path = tmp_path / "service.toml"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(SettingsError) as caught:
        load_settings(path)
    assert f"{path}: " in str(caught.value)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_fault_is_named_where_it_came_from(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    file.write_text("port = -5\nmax_documents = -6\n", encoding="utf-8")
    monkeypatch.setenv("ENTITY_STANCE_PORT", "-7")
    with pytest.raises(SettingsError) as caught:
        load_settings(file)
    assert "ENTITY_STANCE_PORT: " in str(caught.value)
    assert "(got '-7')" in str(caught.value)
    assert f"{file}: max_documents: " in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing.toml", tmp_path):
        with pytest.raises(SettingsError, match=str(path)):
            load_settings(path)


def test_a_refused_key_is_not_repeated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret, known = make_key("anna")
    path = tmp_path / "service.toml"
    for value in (secret, f"anna:{secret}", f"{known.line},{secret}", f"{known.line},{known.line}"):
        monkeypatch.setenv("ENTITY_STANCE_API_KEYS", value)
        with pytest.raises(SettingsError, match="ENTITY_STANCE_API_KEYS: ") as caught:
            load_settings()
        monkeypatch.delenv("ENTITY_STANCE_API_KEYS")
        path.write_text(f'api_keys = ["{value}"]\n', encoding="utf-8")
        with pytest.raises(SettingsError, match="api_keys: ") as from_file:
            load_settings(path)
        for error in (caught.value, from_file.value):
            assert secret not in str(error)
            assert known.digest.hex() not in str(error)
            assert error.__cause__ is None
    monkeypatch.setenv("ENTITY_STANCE_OTEL_ENDPOINT", f"user:{secret}@collector")
    with pytest.raises(SettingsError, match="ENTITY_STANCE_OTEL_ENDPOINT: should be a URL") as refused:
        load_settings()
    assert secret not in str(refused.value)


def test_a_burst_without_a_rate_is_refused() -> None:
    with pytest.raises(SettingsError, match="rate_burst is set but rate_per_minute is not"):
        load_settings(rate_burst=5)


def test_the_page_lists_every_setting_as_it_is() -> None:
    assert (ROOT / "docs" / "settings.md").read_text(encoding="utf-8") == page()
    assert [row.name for row in rows()] == list(Settings.model_fields)
    for row in rows():
        assert row.meaning
        assert f"| `{row.name}` | {row.default} | {row.values} |" in page()


def test_the_help_of_serve_lists_every_setting() -> None:
    text = CliRunner().invoke(app, ["serve", "--help"]).stdout
    for name in Settings.model_fields:
        assert f"ENTITY_STANCE_{name.upper()}" in text
