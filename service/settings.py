"""Settings of the service, from flags, ``ENTITY_STANCE_*`` environment variables and a TOML file, in that order."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    JsonValue,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from model.errors import EntityStanceError
from service.access.keys import ApiKey, parse_keys
from service.settings_values import SettingsFileError, check_address, check_endpoint, check_origin, listed, read_file

ENV_PREFIX = "ENTITY_STANCE_"
CONFIG_VARIABLE = f"{ENV_PREFIX}CONFIG"

SECRET: dict[str, JsonValue] = {"secret": True}
"""Marks a setting whose value is never repeated, not even when it is refused."""

_Origin = Annotated[str, AfterValidator(check_origin)]
_Address = Annotated[str, AfterValidator(check_address)]


class SettingsError(EntityStanceError):
    """A setting has no sensible value; the message names each faulty one."""


def _default_database() -> str:
    """Return an SQLite file in the user's data folder; it is made when something is stored."""
    data = os.environ.get("XDG_DATA_HOME") or Path("~/.local/share").expanduser()
    return f"sqlite:///{Path(data) / 'entity-stance' / 'corrections.db'}"


class Settings(BaseSettings):
    """What an operator can set, with the limits that keep one request from taking the whole machine.

    Keyword arguments win over the environment. Build it with :func:`load_settings` to get readable errors.
    """

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, env_ignore_empty=True, extra="forbid", frozen=True)

    model: str | None = Field(
        default=None,
        min_length=1,
        description="Model directory or Hugging Face hub name; the embedded model when unset.",
    )
    host: str = Field(default="127.0.0.1", min_length=1, description="Address to listen on.")
    port: int = Field(default=8000, ge=0, le=65_535, description="Port to listen on; 0 takes any free one.")
    threads: int | None = Field(
        default=None, ge=1, le=1024, description="Batches that the network reads at once; one a processor when unset."
    )
    max_concurrency: int = Field(
        default=64, ge=1, le=100_000, description="Requests that share the network's batches; further ones wait."
    )
    max_queue_tokens: int = Field(
        default=200_000,
        ge=1,
        le=2**31,
        description="Most tokens of all requests that have no answer yet; further requests are refused with 429.",
    )
    drain_seconds: int = Field(
        default=30, ge=0, le=3600, description="Seconds that requests have to finish once the service is told to stop."
    )
    deadline_seconds: float = Field(
        default=120, gt=0, le=86_400, description="Seconds after which a document without an answer fails."
    )
    max_text_characters: int = Field(
        default=200_000, ge=1, le=100_000_000, description="Longest text, in Unicode code points."
    )
    max_documents: int = Field(default=256, ge=1, le=1_000_000, description="Most documents in one request.")
    max_body_bytes: int = Field(default=4 * 1024 * 1024, ge=1, le=2**31, description="Largest request body, in bytes.")

    max_connections: int = Field(  # below the 1024 files that a process may usually open
        default=900, ge=1, le=1_000_000, description="Open connections; further ones are answered 503 and closed."
    )
    header_seconds: float = Field(
        default=10, gt=0, le=3600, description="Seconds in which a connection must have sent a request's headers."
    )
    body_seconds: float = Field(
        default=60,
        gt=0,
        le=86_400,
        description="Seconds in which a request's body must have arrived; where it is a stream, its next piece.",
    )
    answer_seconds: float = Field(
        default=120, gt=0, le=86_400, description="Seconds in which a client must have taken what is ready for it."
    )
    keep_alive_seconds: int = Field(
        default=5, ge=1, le=3600, description="Seconds that a connection without a request stays open."
    )
    trusted_proxies: Annotated[tuple[_Address, ...], NoDecode, BeforeValidator(listed)] = Field(
        default=(),
        description="Addresses or networks of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed.",
    )

    api_keys: Annotated[tuple[ApiKey, ...], NoDecode, BeforeValidator(parse_keys)] = Field(
        default=(),
        json_schema_extra=SECRET,
        description="Keys that open the service, each as NAME:SHA256 (`entity-stance key` makes one); open when unset.",
    )
    rate_per_minute: float | None = Field(
        default=None,
        gt=0,
        le=10_000_000,
        description="Requests a minute for each key, or for each client's address where no keys are set.",
    )
    rate_burst: int | None = Field(
        default=None, ge=1, le=10_000_000, description="Requests that may come at once; a minute's worth when unset."
    )
    cors_origins: Annotated[tuple[_Origin, ...], NoDecode, BeforeValidator(listed)] = Field(
        default=(), description="Origins whose pages may call the service, or *; none when unset."
    )

    log_format: Literal["text", "json"] = Field(default="text", description="How a line of the log is written.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="What is logged.")
    otel_endpoint: Annotated[str, AfterValidator(check_endpoint)] | None = Field(
        default=None,
        json_schema_extra=SECRET,
        description="URL that takes OpenTelemetry traces as OTLP over HTTP; needs the extra `otel`.",
    )
    database_url: str = Field(
        default_factory=_default_database,
        repr=False,
        json_schema_extra=SECRET,
        description="Where corrections and the review queue are kept: sqlite:///FILE, postgresql://…, or none.",
    )
    database_pool_size: int = Field(default=5, ge=1, le=1000, description="Most connections to the database.")
    retention_days: int | None = Field(
        default=None, ge=1, le=36_500, description="Days after which corrections and sentences for review are deleted."
    )
    store_texts: bool = Field(default=False, description="Whether classified sentences go to the review queue.")
    review_second_share: float = Field(
        default=0.2, ge=0, le=1, description="Share of sentences for review that get the opinion of a second user."
    )

    @field_validator("database_url")
    @classmethod
    def _none_is_no_database(cls, url: str) -> str:
        return "" if url.strip().lower() == "none" else url

    @model_validator(mode="after")
    def _body_holds_longest_text(self) -> Self:
        if self.max_body_bytes < self.max_text_characters:
            raise ValueError(
                f"max_body_bytes ({self.max_body_bytes}) is less than max_text_characters "
                f"({self.max_text_characters}): a text of the allowed length could never arrive"
            )
        return self

    @model_validator(mode="after")
    def _burst_has_a_rate(self) -> Self:
        if self.rate_burst is not None and self.rate_per_minute is None:
            raise ValueError("rate_burst is set but rate_per_minute is not")
        return self


def load_settings(config: Path | None = None, **overrides: Any) -> Settings:
    """Read the settings; overrides that are ``None`` leave the environment's value, which wins over the file's.

    Args:
        config: A TOML file of settings; by default the one that ``ENTITY_STANCE_CONFIG`` names, if any.
        overrides: Settings by name.

    Raises:
        SettingsError: a value has the wrong type or makes no sense, or the file cannot be read or has an unknown key;
            the message names the variable, or the file and the key.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    path = config or _named_file()
    try:
        written = read_file(path, Settings.model_fields) if path else {}
    except SettingsFileError as error:
        raise SettingsError(str(error)) from error
    in_environment = {name.lower() for name, value in os.environ.items() if value}
    from_file = {
        name: value
        for name, value in written.items()
        if name not in given and ENV_PREFIX.lower() + name not in in_environment
    }
    try:
        return Settings(**from_file, **given)
    except ValidationError as error:
        # The cause would carry what was given, secrets too.
        faults = "; ".join(_describe(fault, path, from_file) for fault in error.errors())
        raise SettingsError(faults) from None


def _named_file() -> Path | None:
    named = os.environ.get(CONFIG_VARIABLE)
    return Path(named) if named else None


def _describe(fault: Any, path: Path | None, from_file: dict[str, Any]) -> str:
    reason = fault["msg"].removeprefix("Value error, ")
    if not fault["loc"]:
        return str(reason)
    field = str(fault["loc"][0]).lower().removeprefix(ENV_PREFIX.lower())
    rest = "".join(f"[{part}]" for part in fault["loc"][1:] if isinstance(part, int))
    name = f"{path}: {field}" if field in from_file else f"{ENV_PREFIX}{field.upper()}"
    secret = field in Settings.model_fields and Settings.model_fields[field].json_schema_extra == SECRET
    return f"{name}{rest}: {reason}" + ("" if secret else f" (got {fault['input']!r})")
