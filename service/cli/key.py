"""``entity-stance key``."""

from __future__ import annotations

from typing import Annotated

import typer

from service.cli.exits import USAGE, stop


def key(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What logs will call the key: letters, digits, . - _")],
) -> None:
    """Make an API key for the service.

    The first line is the key, for whoever calls the service: it is shown this once and kept nowhere. The second is
    what the service needs to know it, for ENTITY_STANCE_API_KEYS or for api_keys in its file of settings.

    \b
    Examples:
      entity-stance key newsroom
      ENTITY_STANCE_API_KEYS=newsroom:5e88…,archive:2c26… entity-stance serve
      curl -H 'Authorization: Bearer es_…' -d '{"text": "Norway warned Iceland."}' localhost:8000/classify
    """  # noqa: D301 - \b is click's mark for lines that are not rewrapped
    from service.access.keys import is_key_name, make_key  # noqa: PLC0415

    if not is_key_name(name):
        stop(f"{name!r} is no name for a key: up to 64 ASCII letters, digits, dots, dashes and underscores", USAGE)
    secret, known = make_key(name)
    typer.echo(secret)
    typer.echo(known.line)
