"""Options of ``entity-stance train`` from a file, or as ``NAME=VALUE``, checked as the command checks its own."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from service.cli.columns import read_columns
from service.cli.exits import USAGE, stop
from service.cli.extras import train_extra
from service.cli.schemes import chosen_scheme

if TYPE_CHECKING:
    from training.training_run import TrainingRun

NO_OPTIONS = {"config", "out", "estimate", "help"}
"""Parameters of the command that say nothing of a run."""


def use_config(context: typer.Context, path: Path | None) -> Path | None:
    """Take what a configuration file says as the defaults of the command; its flags win."""
    if path is not None and not context.resilient_parsing:
        context.default_map = {**(context.default_map or {}), **checked_options(read_options(path), str(path))}
    return path


def read_options(path: Path) -> dict[str, Any]:
    """Read a YAML or TOML file of options; with an error, end the command."""
    try:
        text = path.read_text(encoding="utf-8")
        options = tomllib.loads(text) if path.suffix == ".toml" else _yaml(path, text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        stop(f"{path}: {getattr(error, 'strerror', None) or error}", USAGE)
    if not isinstance(options, dict) or not all(isinstance(name, str) for name in options):
        stop(f"{path}: expected options by name, one a line, such as 'epochs: 4'", USAGE)
    return options


def checked_options(options: Mapping[str, Any], place: str) -> dict[str, Any]:
    """Return options of ``train`` by the names of its parameters, in its types; with an error, end the command.

    Args:
        options: Values by the name of the option, with dashes or underscores.
        place: Where they come from, to be named in errors.
    """
    command = _train_command()
    context = typer.Context(command)
    known = {param.name: param for param in command.params if param.name not in NO_OPTIONS}
    checked = {}
    for written, value in options.items():
        name = written.replace("-", "_")
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            stop(f"{place}: unknown option {written!r}" + (f"; is it {near[0]!r}?" if near else ""), USAGE)
        param = known[name]
        several = param.multiple or param.nargs != 1
        value = [value] if several and not isinstance(value, list) else value  # noqa: PLW2901
        if isinstance(value, dict) or (isinstance(value, list) and not several):
            stop(f"{place}: {written}: expected one value", USAGE)
        try:
            checked[name] = param.process_value(context, value) if value is not None else None
        except Exception as error:  # Of a base that typer does not export.
            stop(f"{place}: {written}: {getattr(error, 'message', error)}", USAGE)
    return checked


def configured_run(
    data: Sequence[Path], out: Path, config: Path | None = None, assignments: Sequence[str] = ()
) -> TrainingRun:
    """Return the run that a command about many runs repeats: defaults, then the file, then what the command line says.

    Args:
        data: Annotated files or folders; empty for those of the file.
        out: Where results go.
        config: YAML or TOML file of options.
        assignments: ``NAME=VALUE`` each.
    """
    options = checked_options(read_options(config), str(config)) if config else {}
    given: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals:
            stop(f"--set {assignment}: expected NAME=VALUE", USAGE)
        given[name] = [*given[name], value] if name in given else [value]
    flat = {name: values if len(values) > 1 else values[0] for name, values in given.items()}
    options |= checked_options(flat, "--set")
    if data:
        options["data"] = list(data)
    if not options.get("data"):
        stop("no DATA: name annotated files or folders", USAGE)
    return run_from(options, out)


def run_from(options: Mapping[str, Any], out: Path) -> TrainingRun:
    """Return a run with options by the names of the command's parameters."""
    with train_extra():
        from training.options import run_of  # noqa: PLC0415
        from training.training_run import TrainingRun  # noqa: PLC0415
    from training.settings import Reporting  # noqa: PLC0415

    say = Reporting(say=lambda line: typer.echo(line, err=True))
    scheme, columns = options.get("scheme"), read_columns(options.get("columns"))
    blank = TrainingRun(data=(), out=out, reporting=say, scheme=chosen_scheme(scheme))
    return run_of({**options, "columns": columns}, blank)


def _train_command() -> Any:
    from service.cli.train import train  # noqa: PLC0415 - which takes its options from here

    app = typer.Typer(add_completion=False)
    app.command()(train)
    return typer.main.get_command(app)


def _yaml(path: Path, text: str) -> Any:
    with train_extra():
        import yaml  # noqa: PLC0415
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        stop(f"{path}{f':{mark.line + 1}' if mark else ''}: {getattr(error, 'problem', None) or error}", USAGE)
