"""Settings of the service, from ``ENTITY_STANCE_*`` environment variables or keyword arguments."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Self

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from model.errors import EntityStanceError

ENV_PREFIX = "ENTITY_STANCE_"


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
    deadline_seconds: float = Field(
        default=120, gt=0, le=86_400, description="Seconds after which a document without an answer fails."
    )
    max_text_characters: int = Field(
        default=200_000, ge=1, le=100_000_000, description="Longest text, in Unicode code points."
    )
    max_documents: int = Field(default=256, ge=1, le=1_000_000, description="Most documents in one request.")
    max_body_bytes: int = Field(default=4 * 1024 * 1024, ge=1, le=2**31, description="Largest request body, in bytes.")

    database_url: str = Field(
        default_factory=_default_database,
        repr=False,
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
