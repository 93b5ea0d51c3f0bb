"""``entity-stance train``."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Annotated

import typer

from service.cli.columns import DATA_HELP, ColumnsOption, read_columns
from service.cli.exits import USAGE, stop
from service.cli.extras import train_extra


def train(
    data: Annotated[list[Path], typer.Argument(metavar="DATA", help=DATA_HELP)],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Model directory to write.")],
    columns: ColumnsOption = None,
    base: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|PATH",
            help="Hugging Face encoder, or model directory with kept weights. [default: all-MiniLM-L6-v2]",
        ),
    ] = None,
    teacher: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="DIR",
            help="Model directory with kept weights to learn from besides the annotation. May be given several times.",
        ),
    ] = None,
    teacher_share: Annotated[
        float, typer.Option(min=0, max=1, help="What the teachers count for where a sentence is annotated.")
    ] = 0.6,
    variants: Annotated[
        int, typer.Option(min=0, help="Sentences to make of the train split for the teachers to label.")
    ] = 0,
    calibrate: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Annotated files for calibration and thresholds instead of the dev split, for instance text in which "
            "stances are as rare as where the model will work. Never learned from. May be given several times.",
        ),
    ] = None,
    test: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Annotated files that will be evaluated on. Training refuses to learn from them, and warns "
            "of near-duplicates. May be given several times.",
        ),
    ] = None,
    notes: Annotated[
        Path | None, typer.Option(metavar="FILE", exists=True, dir_okay=False, help="Markdown to end the card with.")
    ] = None,
    name: Annotated[str, typer.Option(help="Name of the model.")] = "entity-stance",
    model_version: Annotated[str, typer.Option(help="Version of the model.")] = "0.1.0",
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the training split, at most.")] = 10,
    batch_size: Annotated[int, typer.Option(min=1, help="Sentences a step.")] = 16,
    encoder_rate: Annotated[float, typer.Option(min=0, help="Peak learning rate of the encoder.")] = 1e-4,
    head_rate: Annotated[float, typer.Option(min=0, help="Peak learning rate of the heads.")] = 5e-4,
    encoder_dropout: Annotated[
        float | None, typer.Option(min=0, max=0.9, help="Dropout inside the encoder. [default: its own]")
    ] = None,
    patience: Annotated[int, typer.Option(min=1, help="Epochs without a better dev score before it stops.")] = 4,
    max_tokens: Annotated[int, typer.Option(min=16, help="Tokens read at once; longer sentences in windows.")] = 256,
    seed: Annotated[int, typer.Option(min=0, help="Seed of all random choices.")] = 13,
    bf16: Annotated[bool, typer.Option("--bf16/--no-bf16", help="Compute in bfloat16 where that is safe.")] = True,
    keep_weights: Annotated[
        bool, typer.Option("--keep-weights", help="Keep the float weights, to fine-tune further.")
    ] = False,
) -> None:
    """Fine-tune a model on annotated sentences.

    The train split of the data is learned, the dev split says when to stop, the test split is left alone. Splits are
    kept in a file splits.tsv beside the data (see `entity-stance split`) and made by the same rule where that is
    missing. The result is a model directory for `classify --model`, `serve --model` and `evaluate`. A run that was
    killed goes on from its last epoch when it is started again with the same options.

    \b
    Examples:
      entity-stance train seeds/ --out runs/mine
      entity-stance train my-annotations.jsonl --out runs/mine --base microsoft/deberta-v3-small
    """  # noqa: D301 - \b is click's mark for lines that are not rewrapped
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    with train_extra():
        from training.base import DEFAULT_BASE  # noqa: PLC0415
        from training.pipeline import TrainingRun  # noqa: PLC0415
        from training.pipeline import train as run_training  # noqa: PLC0415
        from training.reading.columns import Columns  # noqa: PLC0415
        from training.trainer import TrainingConfig  # noqa: PLC0415
    from model.errors import EntityStanceError  # noqa: PLC0415

    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    if variants and not teacher:
        stop("--variants needs a --teacher, who says what they mean", USAGE)
    config = TrainingConfig(
        epochs=epochs,
        batch_size=batch_size,
        encoder_rate=encoder_rate,
        head_rate=head_rate,
        patience=patience,
        encoder_dropout=encoder_dropout,
        seed=seed,
        bf16=bf16,
    )
    run = TrainingRun(
        data=tuple(data),
        columns=read_columns(columns) or Columns(),
        out=out,
        base=base or DEFAULT_BASE,
        teachers=tuple(teacher or ()),
        teacher_share=teacher_share,
        variants=variants,
        calibration=tuple(calibrate or ()),
        test=tuple(test or ()),
        name=name,
        version=model_version,
        max_tokens=max_tokens,
        keep_weights=keep_weights,
        notes=notes,
        config=config,
    )
    try:
        result = run_training(run)
    except (EntityStanceError, ValueError) as error:
        stop(str(error), USAGE)
    typer.echo(
        f"wrote {out}: mean average precision {result.dev_score:.3f} on dev after {result.epochs:g} epochs, "
        f"{result.seconds:,.0f} s; int8 agrees with torch on {result.parity.same_side:.1%} of decisions"
    )
