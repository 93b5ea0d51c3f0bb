"""What settings are read from and written as: a TOML file, lists in a variable, addresses and origins."""

from __future__ import annotations

import ipaddress
import tomllib
from collections.abc import Collection
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit


class SettingsFileError(ValueError):
    """A file of settings cannot be read or has an unknown key; the message says where."""


def read_file(path: Path, known: Collection[str]) -> dict[str, Any]:
    """Read a TOML file of settings.

    Raises:
        SettingsFileError: it is no readable TOML, or has a key that is no setting.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsFileError(f"{path}: {error.strerror}") from error
    except ValueError as error:  # also UnicodeDecodeError and TOMLDecodeError
        # Neither message repeats a value of the file.
        raise SettingsFileError(f"{path}: {error}") from error
    for key in content:
        if key not in known:
            near = get_close_matches(key, known, n=1)
            raise SettingsFileError(f"{path}: {key}: no such setting" + (f"; is {near[0]} meant?" if near else ""))
    return content


def listed(value: object) -> object:
    """Split a text at its commas; anything else is left to validation."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def check_address(value: str) -> str:
    """Check an IP address or a network.

    Raises:
        ValueError: it is neither.
    """
    try:
        ipaddress.ip_network(value)
    except ValueError:
        raise ValueError("is no IP address and no network such as 10.0.0.0/8") from None
    return value


def check_origin(value: str) -> str:
    """Check an origin as a browser sends it, or ``*``.

    Raises:
        ValueError: it is neither.
    """
    if value != "*":
        parts = _split(value)
        if parts is None or value.lower() != f"{parts.scheme}://{parts.netloc}".lower():
            raise ValueError("is no origin such as https://example.org, without a path, and not *")
    return value


def check_endpoint(value: str) -> str:
    """Check an http or https URL.

    Raises:
        ValueError: it is none.
    """
    if _split(value) is None:
        raise ValueError("should be a URL such as http://localhost:4318/v1/traces")
    return value


def _split(value: str) -> SplitResult | None:
    try:
        parts = urlsplit(value)
        valid = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return None
    return parts if valid else None
