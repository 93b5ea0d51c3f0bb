"""Arguments that the commands about many runs share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="DATA",
        help="Annotated files (JSON Lines), or folders of .jsonl files; those of --config if none is named.",
    ),
]
Out = Annotated[Path, typer.Option(metavar="DIR", help="Folder for results.")]
Test = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FILE", help="Annotated files to score on, which nothing else looks at. May be given several times."
    ),
]
Config = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", exists=True, dir_okay=False, help="YAML or TOML file with options of `entity-stance train`."
    ),
]
Assignments = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="NAME=VALUE", help="An option of `entity-stance train`, before --config. May be given often."
    ),
]
