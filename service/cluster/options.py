"""What a Serve config may set: the service's settings, but for secrets and for what Ray's proxy does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.settings import ENV_PREFIX, SECRET, Settings, SettingsError, load_settings

OF_THE_PROXY = frozenset({"host", "port", "header_seconds", "answer_seconds", "keep_alive_seconds"})
"""Settings of the HTTP server, which is Ray's here: ``http_options`` of the Serve config stand in for some of them."""


def cluster_settings(args: Mapping[str, Any], *, processors: int | None = None) -> Settings:
    """Return the settings of a replica: the ``args`` of the Serve config, else its environment, else the defaults.

    Corrections are not stored unless a database is named: a file of SQLite would be another one on every node.

    Args:
        args: Settings by name, as they stand in the Serve config.
        processors: How many the replica has been given; it reads so many batches at once unless ``threads`` is set.

    Raises:
        SettingsError: a setting makes no sense, is a secret, or is none that a replica has.
    """
    for name in args:
        _check(name)
    settings = load_settings(**args)
    missing: dict[str, Any] = {}
    if "database_url" not in settings.model_fields_set:
        missing["database_url"] = "none"
    if settings.threads is None:
        missing["threads"] = processors
    return load_settings(**args, **missing) if missing else settings


def _check(name: str) -> None:
    """Refuse what would be ignored, and what everybody who can see Ray's dashboard could read."""
    if name in OF_THE_PROXY:
        raise SettingsError(f"args: {name}: is not for a replica to set; see http_options of the Serve config")
    if name not in Settings.model_fields:
        raise SettingsError(f"args: {name}: no such setting")
    if Settings.model_fields[name].json_schema_extra == SECRET:
        raise SettingsError(f"args: {name}: may be secret; set {ENV_PREFIX}{name.upper()} in the replicas' environment")
