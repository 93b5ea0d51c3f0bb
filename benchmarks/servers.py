"""What a user would build instead: a plain FastAPI route, or LitServe, around the network in plain torch.

Run as ``python -m benchmarks.servers fastapi|litserve PORT``.
"""

from __future__ import annotations

import sys

from benchmarks.rivals import PlainTorch


def serve_fastapi(port: int) -> None:
    """Serve a route that runs in FastAPI's thread pool, as its documentation has it."""
    import uvicorn  # noqa: PLC0415
    from fastapi import FastAPI  # noqa: PLC0415
    from pydantic import BaseModel  # noqa: PLC0415

    class Body(BaseModel):
        text: str

    app, plain = FastAPI(), PlainTorch()

    def classify(body: Body) -> list[float]:
        return plain.classify([body.text])[0]

    classify.__annotations__["body"] = Body
    app.post("/classify")(classify)
    uvicorn.run(app, port=port, log_level="warning")


def serve_litserve(port: int) -> None:
    """Serve with LitServe's dynamic batching: up to 32 articles a batch, waiting 10 ms for company."""
    import litserve  # noqa: PLC0415

    class Api(litserve.LitAPI):  # type: ignore[misc]
        def setup(self, device: str) -> None:
            del device
            self.plain = PlainTorch()

        def decode_request(self, request: dict[str, str]) -> str:
            return request["text"]

        def predict(self, texts: list[str]) -> list[list[float]]:
            return self.plain.classify(texts)

        def encode_response(self, output: list[float]) -> dict[str, list[float]]:
            return {"scores": output}

    server = litserve.LitServer(
        Api(max_batch_size=32, batch_timeout=0.01, api_path="/classify"), accelerator="cpu", workers_per_device=1
    )
    server.run(port=port, log_level="warning", generate_client_file=False)


if __name__ == "__main__":
    {"fastapi": serve_fastapi, "litserve": serve_litserve}[sys.argv[1]](int(sys.argv[2]))
