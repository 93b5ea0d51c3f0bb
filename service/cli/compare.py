"""``entity-stance compare``."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.columns import DATA_HELP, ColumnsOption, read_columns
from service.cli.exits import FAILED, USAGE, stop
from service.cli.extras import train_extra

if TYPE_CHECKING:
    from training.evaluation.comparison import Agreement, Comparison, Difference, Example, Stances


def compare(
    old: Annotated[str, typer.Argument(metavar="OLD", help="Model directory, hub name, or 'default'.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The same, of the model that is to replace it.")],
    data: Annotated[list[Path], typer.Argument(metavar="DATA", help=DATA_HELP)],
    split: Annotated[str | None, typer.Option(help="Compare on this split of the data only: dev or test.")] = None,
    columns: ColumnsOption = None,
    resamples: Annotated[int, typer.Option(min=100, max=100_000, help="Draws of the bootstrap.")] = 2000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draws.")] = 0,
    examples: Annotated[
        int,
        typer.Option(min=0, metavar="N", help="Show N sentences that only the new model gets right, N only the old."),
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON instead of a table.")] = False,
    require_better: Annotated[
        bool, typer.Option("--require-better", help="End with exit code 1 unless the new model is better.")
    ] = False,
) -> None:
    """Say whether a new model is really better than an old one.

    Both models read the same annotated sentences end to end, from raw text; with the entities given if the scheme has
    neither countries nor a gazetteer. Neither may have been trained on them.
    Differences come with 95% intervals and p of a paired bootstrap over sentences, single decisions with McNemar's
    exact test. The verdict goes by macro F1: better or worse if the interval of its difference leaves out 0.

    \b
    Examples:
      entity-stance compare default runs/mine held-out.jsonl --examples 5
      entity-stance compare runs/old runs/new seeds/ --split test --require-better
    """  # noqa: D301 - \b is click's mark for lines that are not rewrapped
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    with train_extra():
        from training.evaluation.comparison import Verdict  # noqa: PLC0415
        from training.evaluation.comparison import compare as run_comparison  # noqa: PLC0415
    from model.errors import EntityStanceError  # noqa: PLC0415

    first, second = (None if name == "default" else name for name in (old, new))
    try:
        result = run_comparison(
            first,
            second,
            data,
            split=split,
            resamples=resamples,
            seed=seed,
            examples=examples,
            columns=read_columns(columns),
        )
    except (EntityStanceError, ValueError) as error:
        stop(str(error), USAGE)
    if as_json:
        typer.echo(json.dumps(result.to_dict(), ensure_ascii=False, indent=2))
    else:
        _print(result)
    if require_better and result.verdict is not Verdict.BETTER:
        raise typer.Exit(FAILED)


def _print(result: Comparison) -> None:
    for name, info in (("old", result.old), ("new", result.new)):
        typer.echo(f"{name}: {info.name} {info.version} ({info.sha256[:12]})")
    total = sum(
        (result.sentences.both, result.sentences.old_alone, result.sentences.new_alone, result.sentences.neither)
    )
    typer.echo(f"{total:,} sentences, {result.resamples:,} resamples, seed {result.seed}\n")
    width = max(len(item.metric) for item in result.differences)
    typer.echo(f"{'':<{width}}{'old':>8}{'new':>8}{'new - old':>12}  {'95% interval':<18}{'p':>7}")
    for item in result.differences:
        typer.echo(f"{item.metric:<{width}}{_row(item)}")
    typer.echo("")
    typer.echo(f"decisions right: {_counts(result.decisions)}; McNemar's exact p {result.decisions.p:.4f}")
    typer.echo(f"sentences right: {_counts(result.sentences)}")
    for example in result.examples:
        typer.echo("")
        _print_example(example)
    typer.echo(f"\nverdict: {result.verdict}")


def _row(item: Difference) -> str:
    values = "".join(f"{'undefined' if value is None else f'{value:.3f}':>8}" for value in (item.old, item.new))
    if item.difference is None or item.low is None or item.high is None or item.p is None:
        return f"{values}{'undefined':>12}"
    return f"{values}{item.difference:>+12.3f}  {f'{item.low:+.3f} to {item.high:+.3f}':<18}{item.p:>7.4f}"


def _counts(cases: Agreement) -> str:
    return (
        f"both {cases.both:,}, new alone {cases.new_alone:,}, old alone {cases.old_alone:,}, neither {cases.neither:,}"
    )


def _print_example(example: Example) -> None:
    typer.echo(f"{example.id}: only the {example.right} model is right")
    typer.echo(f"  {' '.join(example.text.split())}")
    for name, stances in (("annotated", example.gold), ("old", example.old), ("new", example.new)):
        typer.echo(f"  {name + ':':<11}{_stances(stances)}")


def _stances(stances: Stances) -> str:
    parts = [
        f"{code} {stance}" + (f" toward {', '.join(toward)}" if toward else "")
        for code, taken in stances.items()
        for stance, toward in taken.items()
    ]
    return "; ".join(parts) or "none"
