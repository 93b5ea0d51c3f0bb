"""``entity-stance serve``."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from service.cli.exits import FAILED, USAGE, stop


class ServeCommand(TyperCommand):
    """Ends its help with the list of all settings, which is only read when somebody asks for it."""

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the settings."""
        from service.settings_page import help_rows  # noqa: PLC0415

        with formatter.section("Settings, as environment variables or in small letters in the file of --config"):
            formatter.write_dl(help_rows())


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on. [default: 127.0.0.1]")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one. [default: 8000]")] = None,
    model: Annotated[
        str | None,
        typer.Option(help="Model directory or Hugging Face hub name. [default: the embedded model]", metavar="MODEL"),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(help="TOML file of settings. [default: what ENTITY_STANCE_CONFIG names]", metavar="FILE"),
    ] = None,
) -> None:
    """Serve the classifier over HTTP.

    POST /classify takes a text or a list of documents as JSON; /docs documents it and lets you try it. Options win
    over environment variables, and these over the file.

    SIGTERM lets requests finish, then stops. SIGHUP loads the model anew, from a directory that has been exchanged,
    say, and switches to it without dropping a request.

    \b
    Examples:
      entity-stance serve
      entity-stance serve --host 0.0.0.0 --port 80 --model runs/my-model
      entity-stance serve --config service.toml
      curl -H 'Content-Type: application/json' -d '{"text": "Norway warned Iceland."}' localhost:8000/classify
    """  # noqa: D301 - \b is click's mark for lines that are not rewrapped
    import uvicorn  # noqa: PLC0415

    from service.app import create_app  # noqa: PLC0415
    from service.observability.logs import configure_logging  # noqa: PLC0415
    from service.server import server_config  # noqa: PLC0415
    from service.settings import SettingsError, load_settings  # noqa: PLC0415
    from service.storage.database import StorageError  # noqa: PLC0415
    from service.storage.running import check_storage  # noqa: PLC0415

    failed = False

    def give_up() -> None:
        nonlocal failed
        failed = True
        server.should_exit = True

    try:
        settings = load_settings(config, host=host, port=port, model=model)
        configure_logging(settings.log_format, settings.log_level)
        check_storage(settings)
        app = create_app(settings, on_model_failure=give_up)
    except (SettingsError, StorageError) as error:
        stop(str(error), USAGE)
    server = uvicorn.Server(server_config(app, settings))
    # To stop when told to is no failure: uvicorn repeats the signal once every request has its answer, and by itself
    # that would end the process with the signal's code.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    server.run()
    if failed or not server.started:
        raise typer.Exit(FAILED)
