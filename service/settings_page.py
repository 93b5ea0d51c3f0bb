"""The list of all settings, for ``entity-stance serve --help`` and for ``docs/settings.md``.

``python -m service.settings_page > docs/settings.md`` writes the page.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from service.settings import CONFIG_VARIABLE, ENV_PREFIX, Settings

_FLAGS = frozenset({"host", "port", "model"})

_INTRODUCTION = f"""\
# Settings

<!-- Written by `python -m service.settings_page > docs/settings.md`. -->

A setting comes from a flag of `entity-stance serve`, else from an environment variable, else from a TOML file, else it
has its default. `serve --config FILE` or `{CONFIG_VARIABLE}` names the file; its keys are the names below:

```toml
# service.toml
host = "0.0.0.0"
max_documents = 64
cors_origins = ["https://desk.example.org"]
```

The environment variable of a setting is its name in capitals after `{ENV_PREFIX}`, for instance
`{ENV_PREFIX}MAX_DOCUMENTS=64`; lists are written with commas. An unknown key in the file, or a value that makes no
sense, is refused at the start with the name of the variable, or of the file and the key.

| setting | default | values | meaning |
|---|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A setting as the list shows it."""

    name: str
    default: str
    values: str
    meaning: str


def rows() -> Iterator[Row]:
    """Return all settings, in the order in which they are declared."""
    for name, field in Settings.model_fields.items():
        flag = f" Flag: `--{name}`." if name in _FLAGS else ""
        yield Row(name, _default(field), _range(field), (field.description or "") + flag)


def page() -> str:
    """Return ``docs/settings.md``."""
    lines = (f"| `{row.name}` | {row.default} | {row.values} | {row.meaning} |\n" for row in rows())
    return _INTRODUCTION + "".join(lines)


def help_rows() -> list[tuple[str, str]]:
    """Return each variable with its meaning and its default, for a command's help."""
    return [
        (f"{ENV_PREFIX}{name.upper()}", f"{field.description} [default: {_default(field)}]")
        for name, field in Settings.model_fields.items()
    ]


def _default(field: FieldInfo) -> str:
    return "unset" if field.default in (None, ()) else str(field.default)


def _range(field: FieldInfo) -> str:
    if get_origin(field.annotation) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(field.annotation))
    bounds = (
        f"{sign} {getattr(bound, name):,}"
        for name, sign in (("ge", "≥"), ("gt", ">"), ("le", "≤"))
        for bound in field.metadata
        if hasattr(bound, name)
    )
    return ", ".join(bounds)


if __name__ == "__main__":
    sys.stdout.write(page())
