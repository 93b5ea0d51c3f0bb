"""``entity-stance train``."""

from __future__ import annotations

import logging
import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.columns import DATA_HELP, ColumnsOption
from service.cli.config import run_from, use_config
from service.cli.exits import USAGE, stop
from service.cli.extras import train_extra
from service.cli.schemes import SchemeOption

if TYPE_CHECKING:
    from training.training_run import TrainingRun


class ClassWeights(StrEnum):
    """How much rare labels count."""

    NONE = "none"
    BALANCED = "balanced"


class Device(StrEnum):
    """Where to compute."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


def train(
    data: Annotated[list[Path], typer.Argument(metavar="DATA", help=DATA_HELP)],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Model directory to write.")],
    columns: ColumnsOption = None,
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            is_eager=True,
            callback=use_config,
            help="YAML or TOML file with any of these options by name; flags win.",
        ),
    ] = None,
    dev: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Annotated files that say when to stop, instead of the dev split; then all of DATA is learned. "
            "May be given several times.",
        ),
    ] = None,
    base: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|PATH",
            help="Hugging Face encoder, or model directory with kept weights; one of another scheme lends its encoder "
            "alone. [default: all-MiniLM-L6-v2]",
        ),
    ] = None,
    scheme: SchemeOption = None,
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
    unlabelled: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help='JSON Lines file of texts ("text") without annotation; the teachers label the sentences that mention '
            "two entities. May be given several times.",
        ),
    ] = None,
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
    batch_size: Annotated[int, typer.Option(min=1, help="Sentences read at once, over all processes.")] = 16,
    accumulate: Annotated[
        int, typer.Option(min=1, metavar="N", help="Batches whose gradients are added up to one step.")
    ] = 1,
    encoder_rate: Annotated[float, typer.Option(min=0, help="Peak learning rate of the encoder.")] = 1e-4,
    head_rate: Annotated[float, typer.Option(min=0, help="Peak learning rate of the heads.")] = 5e-4,
    weight_decay: Annotated[float, typer.Option(min=0, help="Weight decay of AdamW.")] = 0.01,
    warmup: Annotated[float, typer.Option(min=0, max=0.99, help="Share of the steps in which the rates rise.")] = 0.1,
    class_weights: Annotated[
        ClassWeights, typer.Option(help="balanced: a rare label counts for as much as its absence.")
    ] = ClassWeights.NONE,
    lora: Annotated[
        int,
        typer.Option(
            min=0, metavar="RANK", help="Width of low-rank adapters that learn in the encoder's place; 0: none."
        ),
    ] = 0,
    lora_alpha: Annotated[float, typer.Option(min=0, help="The adapters count for this, divided by RANK.")] = 16.0,
    lora_dropout: Annotated[float, typer.Option(min=0, max=0.9, help="Dropout before the adapters.")] = 0.05,
    encoder_dropout: Annotated[
        float | None, typer.Option(min=0, max=0.9, help="Dropout inside the encoder. [default: its own]")
    ] = None,
    patience: Annotated[int, typer.Option(min=1, help="Epochs without a better dev score before it stops.")] = 4,
    max_tokens: Annotated[int, typer.Option(min=16, help="Tokens read at once; longer sentences in windows.")] = 256,
    seed: Annotated[int, typer.Option(min=0, help="Seed of all random choices.")] = 13,
    bf16: Annotated[
        bool, typer.Option("--bf16/--no-bf16", help="Compute in bfloat16 where that is safe and the hardware can.")
    ] = True,
    device: Annotated[Device, typer.Option(help="Where to compute.")] = Device.AUTO,
    threads: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Processor threads. [default: as many as torch takes]")
    ] = None,
    save_steps: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Checkpoints every N steps too. [default: every epoch]")
    ] = None,
    report_to: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="tensorboard, mlflow or wandb. May be given several times."),
    ] = None,
    callbacks: Annotated[
        list[str] | None,
        typer.Option(metavar="MODULE:CLASS", help="A transformers.TrainerCallback. May be given several times."),
    ] = None,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Measure a few steps, say what the run would cost, and end.")
    ] = False,
    keep_weights: Annotated[
        bool, typer.Option("--keep-weights", help="Keep the float weights, to fine-tune further.")
    ] = False,
) -> None:
    """Fine-tune a model on annotated sentences.

    The train split of the data is learned, the dev split says when to stop, the test split is left alone. Splits are
    kept in a file splits.tsv beside the data (see `entity-stance split`) and made by the same rule where that is
    missing. The result is a model directory for `classify --model`, `serve --model` and `evaluate`, with the options of
    the run in run.yaml. A run that was killed goes on when it is started again with the same options; on the CPU it
    ends with the same weights as if it had not been killed. Several processes share a run under torchrun.

    \b
    Examples:
      entity-stance train seeds/ --out runs/mine
      entity-stance train my-annotations.jsonl --out runs/mine --base microsoft/deberta-v3-small
      entity-stance train reviews.jsonl --scheme attitude.yaml --out runs/attitude
      entity-stance train --config run.yaml --out runs/again --seed 14
      entity-stance train seeds/ --out runs/large --base big-encoder --lora 16 --batch-size 8 --accumulate 4
      entity-stance train seeds/ --out runs/mine --estimate
      torchrun --nproc-per-node 2 -m service.cli.main train seeds/ --out runs/mine
    """  # noqa: D301 - \b is click's mark for lines that are not rewrapped
    options = {name: value for name, value in locals().items() if name not in {"config", "estimate", "out"}}
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    with train_extra():
        from training.pipeline import train as run_training  # noqa: PLC0415
        from training.processes import is_first  # noqa: PLC0415
    from model.errors import EntityStanceError  # noqa: PLC0415

    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    for option, given in {"--variants": variants, "--unlabelled": unlabelled}.items():
        if given and not teacher:
            stop(f"{option} needs a --teacher, who says what they mean", USAGE)
    run = run_from(options, out)
    if estimate:
        _estimate(run)
        return
    try:
        result = run_training(run)
    except (EntityStanceError, ValueError) as error:
        stop(str(error), USAGE)
    if not is_first():
        return
    typer.echo(
        f"wrote {out}: mean average precision {result.dev_score:.3f} on dev after {result.epochs:g} epochs, "
        f"{result.seconds:,.0f} s; int8 agrees with torch on {result.parity.same_side:.1%} of decisions"
    )


def _estimate(run: TrainingRun) -> None:
    """Say what a run would cost."""
    from model.errors import EntityStanceError  # noqa: PLC0415
    from training.estimate import estimate  # noqa: PLC0415
    from training.pipeline import prepare  # noqa: PLC0415
    from training.training_run import read_sentences  # noqa: PLC0415

    try:
        cost = estimate(run, prepare(run, read_sentences(run)))
    except (EntityStanceError, ValueError) as error:
        stop(str(error), USAGE)
    for line in cost.lines():
        typer.echo(line)
