"""API keys: random, named, and known to the service only by their SHA-256."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

KEY_PREFIX = "es_"
"""Makes a key that leaked recognisable."""

_RANDOM_BYTES = 32
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as the service knows it.

    Attributes:
        name: What logs call it.
        digest: SHA-256 of the key. A key has 256 random bits, so there is no need for a slow hash.
    """

    name: str
    digest: bytes = field(repr=False)

    @property
    def line(self) -> str:
        """The key as it stands in the settings."""
        return f"{self.name}:{self.digest.hex()}"


def is_key_name(name: str) -> bool:
    """Say whether a key may be called so: up to 64 ASCII letters, digits, dots, dashes and underscores."""
    return _NAME.fullmatch(name) is not None


def make_key(name: str) -> tuple[str, ApiKey]:
    """Return a new random key, and what the service needs to recognise it."""
    key = KEY_PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
    return key, ApiKey(name, _digest(key.encode()))


def parse_keys(value: object) -> tuple[ApiKey, ...]:
    """Read keys from ``NAME:SHA256,…``, or from a list of ``NAME:SHA256``.

    Raises:
        ValueError: one has another form, or two have the same name. Nothing of a hash is repeated, since it may be
            the key itself, set by mistake.
    """
    lines = value.split(",") if isinstance(value, str) else value
    if not isinstance(lines, (list, tuple)):
        raise ValueError("should be a list of NAME:SHA256")
    # A text may end in a comma or hold spaces; a list holds one key an item.
    keys = tuple(_parse(line, index) for index, line in enumerate(lines) if not isinstance(line, str) or line.strip())
    names = [key.name for key in keys]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"two keys have the name {name}")
    return keys


def recognise(presented: bytes, keys: Sequence[ApiKey]) -> ApiKey | None:
    """Return the key that was presented, if it is one of these.

    All are compared, each in constant time, so that the time taken says nothing about any.
    """
    digest = _digest(presented)
    found = None
    for key in keys:
        if hmac.compare_digest(digest, key.digest):
            found = key
    return found


def _parse(line: object, index: int) -> ApiKey:
    if isinstance(line, ApiKey):
        return line
    name, _, digest = line.strip().partition(":") if isinstance(line, str) else ("", "", "")
    if not is_key_name(name) or not _DIGEST.fullmatch(digest.lower()):
        raise ValueError(f"key {index + 1} is not NAME:SHA256, 64 hexadecimal digits after the colon")
    return ApiKey(name, bytes.fromhex(digest))


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()
