"""The web page: ``/`` and its parts under ``/page/``, served from the package."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI, Request, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from model.countries.registry import all_entities
from model.documents import Kind
from service.gateway import Gateway
from service.responses import OrjsonResponse

# Kept, but asked about on each visit: an unchanged file costs a 304, and a new version shows at once.
_CACHE_CONTROL = "no-cache"
_INDEX = "index.html"


class _PageFiles(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = _CACHE_CONTROL
        return response


def page_directory() -> Path:
    """Return the directory of the page's files."""
    return Path(str(files("service") / "page"))


def install_page(app: FastAPI) -> None:
    """Serve the page at ``/``, its files under ``/page/`` and the names that it offers at ``/page/entities.json``."""
    static = _PageFiles(directory=page_directory())

    async def index(request: Request) -> Response:
        return await static.get_response(_INDEX, request.scope)

    app.add_api_route("/", index, methods=["GET", "HEAD"], include_in_schema=False)
    app.add_api_route("/page/entities.json", _entities, methods=["GET"], include_in_schema=False)
    app.mount("/page", static, name="page")


async def _entities(request: Request) -> Response:
    """Answer the code, name and kind of every entity that the model looks for, by name.

    Raises:
        ProblemError: 503, there is no model at present.
    """
    gateway: Gateway = request.app.state.gateway
    information = gateway.information
    content = [
        {"code": entity.code, "name": entity.name, "kind": Kind.CUSTOM.value, "type": entity.type}
        for entity in information.entities
    ]
    if information.countries:
        content += [
            {"code": entity.code, "name": entity.name, "kind": entity.kind.value} for entity in all_entities().values()
        ]
    content.sort(key=lambda entity: entity["name"])
    return OrjsonResponse(content, headers={"Cache-Control": _CACHE_CONTROL})
