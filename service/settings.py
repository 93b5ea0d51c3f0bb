"""Settings of the service, from ``ENTITY_STANCE_*`` environment variables or keyword arguments."""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from model.errors import EntityStanceError

ENV_PREFIX = "ENTITY_STANCE_"


class SettingsError(EntityStanceError):
    """A setting has no sensible value; the message names each faulty one."""


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
    stream_idle_seconds: float = Field(
        default=60,
        gt=0,
        le=86_400,
        description="Seconds without a byte, in either direction, after which a stream of documents is cut.",
    )
    max_text_characters: int = Field(
        default=200_000, ge=1, le=100_000_000, description="Longest text, in Unicode code points."
    )
    max_documents: int = Field(default=256, ge=1, le=1_000_000, description="Most documents in one request.")
    max_body_bytes: int = Field(default=4 * 1024 * 1024, ge=1, le=2**31, description="Largest request body, in bytes.")

    @model_validator(mode="after")
    def _body_holds_longest_text(self) -> Self:
        if self.max_body_bytes < self.max_text_characters:
            raise ValueError(
                f"max_body_bytes ({self.max_body_bytes}) is less than max_text_characters "
                f"({self.max_text_characters}): a text of the allowed length could never arrive"
            )
        return self


def load_settings(**overrides: Any) -> Settings:
    """Read the settings; overrides that are ``None`` leave the environment's value.

    Raises:
        SettingsError: a value has the wrong type or makes no sense; the message names the variable.
    """
    try:
        return Settings(**{name: value for name, value in overrides.items() if value is not None})
    except ValidationError as error:
        raise SettingsError("; ".join(_describe(fault) for fault in error.errors())) from error


def _describe(fault: Any) -> str:
    reason = fault["msg"].removeprefix("Value error, ")
    if not fault["loc"]:
        return str(reason)
    name = ENV_PREFIX + "_".join(str(part) for part in fault["loc"]).upper().removeprefix(ENV_PREFIX)
    return f"{name}: {reason} (got {fault['input']!r})"
