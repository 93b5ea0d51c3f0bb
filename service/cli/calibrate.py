"""``entity-stance calibrate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from service.cli.columns import DATA_HELP, ColumnsOption, read_columns
from service.cli.exits import USAGE, stop
from service.cli.extras import train_extra


def calibrate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Model directory, or `default`.")],
    data: Annotated[list[Path], typer.Argument(metavar="DATA", help=DATA_HELP)],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Model directory to write.")],
    columns: ColumnsOption = None,
) -> None:
    """Fit a model's probabilities and thresholds anew, without training it.

    Stances are far rarer in some texts than in others; thresholds that suit one kind over- or underpredict in another.
    Annotate a few hundred sentences of yours, at the rates at which they come, and fit the thresholds on them. They
    must not have been trained on.

    \b
    Example:
      entity-stance calibrate default my-annotations.jsonl --out models/mine
    """  # noqa: D301 - \b is click's mark for lines that are not rewrapped
    with train_extra():
        from training.recalibrate import recalibrate  # noqa: PLC0415
    from model.classifier import default_directory  # noqa: PLC0415
    from model.errors import EntityStanceError  # noqa: PLC0415

    directory = default_directory() if model == "default" else Path(model)
    try:
        config = recalibrate(directory, data, out, read_columns(columns))
    except FileExistsError:
        stop(f"{out} exists already", USAGE)
    except EntityStanceError as error:
        stop(str(error), USAGE)
    if config.scheme.multi_label:
        thresholds = ", ".join(f"{name} {value:.2f}" for name, value in config.thresholds.items())
        typer.echo(f"wrote {out}: thresholds {thresholds}")
    else:
        typer.echo(f"wrote {out}: temperature {1 / config.calibration[config.scheme.names[0]].slope:.2f}")
