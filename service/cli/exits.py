"""How commands end when something is wrong: one line on standard error, and an exit code."""

from __future__ import annotations

from typing import NoReturn

import typer

FAILED = 1
USAGE = 2


def complain(message: str) -> None:
    """Write one line to standard error."""
    typer.echo(f"error: {' '.join(message.split())}", err=True)


def stop(message: str, code: int = FAILED) -> NoReturn:
    """Write one line to standard error and end the command."""
    complain(message)
    raise typer.Exit(code)
