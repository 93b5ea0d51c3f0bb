"""A small stand-in for the Hugging Face hub: the endpoints that uploading and downloading a model take, in memory."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

LARGE = (".onnx", ".safetensors")
"""Files that go up by LFS, as on the hub."""
TOKEN = "hf_stand_in"


class Hub(ThreadingHTTPServer):
    """Models with their commits.

    Attributes:
        repositories: By name, the commit of each branch.
        private: By name, whether a model is private.
        commits: By hash, the files of a commit.
        large: By SHA-256, the objects of LFS.
        requests: What was asked, as method and path.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repositories: dict[str, dict[str, str]] = {}
        self.private: dict[str, bool] = {}
        self.commits: dict[str, dict[str, bytes]] = {}
        self.large: dict[str, bytes] = {}
        self.requests: list[tuple[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def commit(self, name: str, branch: str, files: dict[str, bytes]) -> str:
        digest = hashlib.sha1(
            repr(sorted((path, hashlib.sha1(data).hexdigest()) for path, data in files.items())).encode()
        )
        self.commits[digest.hexdigest()] = files
        self.repositories[name][branch] = digest.hexdigest()
        return digest.hexdigest()

    def find(self, name: str, revision: str) -> str | None:
        branches = self.repositories.get(name, {})
        return branches.get(revision) or (revision if revision in self.commits else None)


@contextmanager
def hub() -> Iterator[Hub]:
    """Run a hub on a free port."""
    server = Hub()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Hub

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet."""

    def _parts(self) -> list[str]:
        path = urlsplit(self.path).path
        self.server.requests.append((self.command, path))
        return [unquote(part) for part in path.strip("/").split("/")]

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            data = b""
            while size := int(self.rfile.readline(), 16):
                data += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return data
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _answer(self, status: int, data: Any = None, headers: dict[str, str] | None = None) -> None:
        raw = data if isinstance(data, bytes) else json.dumps(data).encode()
        self.send_response(status)
        for key, value in ({"Content-Length": str(len(raw))} | (headers or {})).items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(raw)

    def _unknown(self, code: str) -> None:
        self._answer(404, {"error": code}, {"X-Error-Code": code})

    def _refused(self) -> bool:
        if self.headers.get("Authorization") == f"Bearer {TOKEN}":
            return False
        self._answer(401, {"error": "Invalid username or password."})
        return True

    def do_POST(self) -> None:
        parts, body = self._parts(), self._body()
        match parts:
            case ["api", "validate-yaml"]:
                self._answer(200, {"errors": [], "warnings": []})
            case _ if self._refused():
                pass
            case ["api", "repos", "create"]:
                self._create(json.loads(body))
            case ["api", "models", owner, name, "branch", branch]:
                branches = self.server.repositories[f"{owner}/{name}"]
                branches.setdefault(branch, branches["main"])
                self._answer(201, {})
            case ["api", "models", _, _, "preupload", _]:
                files = [
                    {
                        "path": file["path"],
                        "uploadMode": "lfs" if PurePosixPath(file["path"]).suffix in LARGE else "regular",
                        "shouldIgnore": False,
                    }
                    for file in json.loads(body)["files"]
                ]
                self._answer(200, {"files": files})
            case [_, _, "info", "lfs", "objects", "batch"]:
                objects = [
                    item | {"actions": {"upload": {"href": f"{self.server.url}/objects/{item['oid']}"}}}
                    for item in json.loads(body)["objects"]
                ]
                self._answer(200, {"transfer": "basic", "objects": objects})
            case ["api", "models", owner, name, "commit", branch]:
                self._commit(f"{owner}/{name}", branch, body)
            case _:
                self._unknown("EntryNotFound")

    def _create(self, asked: dict[str, Any]) -> None:
        name = f"{asked['organization']}/{asked['name']}"
        answer = {"url": f"{self.server.url}/{name}", "name": name}
        if name in self.server.repositories:
            self._answer(409, answer | {"error": "You already created this model repo"})
            return
        self.server.repositories[name] = {}
        self.server.private[name] = asked.get("visibility") == "private" or asked.get("private", False)
        self.server.commit(name, "main", {".gitattributes": b""})
        self._answer(200, answer)

    def _commit(self, name: str, branch: str, body: bytes) -> None:
        files = dict(self.server.commits[self.server.repositories[name][branch]])
        for line in body.splitlines():
            item = json.loads(line)
            match item["key"]:
                case "file":
                    files[item["value"]["path"]] = base64.b64decode(item["value"]["content"])
                case "lfsFile":
                    files[item["value"]["path"]] = self.server.large[item["value"]["oid"]]
        commit = self.server.commit(name, branch, files)
        self._answer(200, {"commitUrl": f"{self.server.url}/{name}/commit/{commit}", "commitOid": commit})

    def do_PUT(self) -> None:
        parts, body = self._parts(), self._body()
        if hashlib.sha256(body).hexdigest() != parts[-1]:
            self._answer(400, {"error": "not the bytes that were announced"})
            return
        self.server.large[parts[-1]] = body
        self._answer(200, {})

    def do_HEAD(self) -> None:
        self._get()

    def do_GET(self) -> None:
        self._get()

    def _get(self) -> None:
        match self._parts():
            case ["api", "models", owner, name, "revision", revision]:
                if commit := self.server.find(f"{owner}/{name}", revision):
                    files = [{"rfilename": path} for path in self.server.commits[commit]]
                    self._answer(200, {"id": f"{owner}/{name}", "sha": commit, "siblings": files})
                else:
                    self._unknown(
                        "RevisionNotFound" if f"{owner}/{name}" in self.server.repositories else "RepoNotFound"
                    )
            case ["api", "models", owner, name, "tree", revision, *_]:
                commit = self.server.find(f"{owner}/{name}", revision)
                self._answer(200, [_entry(path, data) for path, data in self.server.commits[commit or ""].items()])
            case [owner, name, "resolve", revision, file]:
                commit = self.server.find(f"{owner}/{name}", revision)
                data = self.server.commits.get(commit or "", {}).get(file)
                if data is None:
                    self._unknown("EntryNotFound")
                else:
                    etag = hashlib.sha256(data).hexdigest()
                    self._answer(200, data, {"ETag": f'"{etag}"', "X-Repo-Commit": commit or ""})
            case _:
                self._unknown("EntryNotFound")


def _entry(path: str, data: bytes) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": "file", "path": path, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}
    if PurePosixPath(path).suffix in LARGE:
        entry["lfs"] = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 134}
    return entry
