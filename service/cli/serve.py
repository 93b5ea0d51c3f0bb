"""``entity-stance serve``."""

from __future__ import annotations

import logging
from typing import Annotated

import typer

from service.cli.exits import FAILED, USAGE, stop

_GRACEFUL_SHUTDOWN_SECONDS = 30


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on. [default: 127.0.0.1]")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one. [default: 8000]")] = None,
    model: Annotated[
        str | None,
        typer.Option(help="Model directory or Hugging Face hub name. [default: the embedded model]", metavar="MODEL"),
    ] = None,
) -> None:
    """Serve the classifier over HTTP.

    POST /classify takes a text or a list of documents as JSON; /docs documents it and lets you try it. Options not
    given here, and the limits of a request, come from environment variables: ENTITY_STANCE_HOST, _PORT, _MODEL,
    _THREADS, _MAX_CONCURRENCY, _MAX_TEXT_CHARACTERS, _MAX_DOCUMENTS and _MAX_BODY_BYTES.

    \b
    Examples:
      entity-stance serve
      entity-stance serve --host 0.0.0.0 --port 80 --model runs/my-model
      curl -H 'Content-Type: application/json' -d '{"text": "Norway warned Iceland."}' localhost:8000/classify
    """  # noqa: D301 - \b is click's mark for lines that are not rewrapped
    import uvicorn  # noqa: PLC0415

    from service.app import create_app  # noqa: PLC0415
    from service.settings import SettingsError, load_settings  # noqa: PLC0415
    from service.storage.database import StorageError  # noqa: PLC0415
    from service.storage.running import check_storage  # noqa: PLC0415

    try:
        settings = load_settings(host=host, port=port, model=model)
        check_storage(settings)
    except (SettingsError, StorageError) as error:
        stop(str(error), USAGE)

    logging.basicConfig(format="%(levelname)s:     %(message)s")
    logging.getLogger("service").setLevel(logging.INFO)
    failed = False

    def give_up() -> None:
        nonlocal failed
        failed = True
        server.should_exit = True

    server = uvicorn.Server(
        uvicorn.Config(
            create_app(settings, on_model_failure=give_up),
            host=settings.host,
            port=settings.port,
            lifespan="on",
            server_header=False,
            timeout_graceful_shutdown=_GRACEFUL_SHUTDOWN_SECONDS,
        )
    )
    server.run()
    if failed or not server.started:
        raise typer.Exit(FAILED)
