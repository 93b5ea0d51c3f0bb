"""What a user would pick instead: LitServe around the network in plain torch, with its dynamic batching.

Run as ``python -m benchmarks.litserve_server PORT``.
"""

import sys

import litserve

from benchmarks.rivals import PlainTorch


class Api(litserve.LitAPI):  # type: ignore[misc]
    """Up to 32 articles a batch, which wait 10 ms for company."""

    def setup(self, device: str) -> None:
        """Load the network in the worker process."""
        del device
        self.plain = PlainTorch()

    def decode_request(self, request: dict[str, str]) -> str:
        """Return the text of a request."""
        return request["text"]

    def predict(self, x: list[str]) -> list[list[float]]:
        """Classify a batch of texts."""
        return self.plain.classify(x)

    def encode_response(self, output: list[float]) -> dict[str, list[float]]:
        """Return the body of an answer."""
        return {"scores": output}


if __name__ == "__main__":
    api = Api(max_batch_size=32, batch_timeout=0.01, api_path="/classify")
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=1)
    server.run(port=int(sys.argv[1]), log_level="warning", generate_client_file=False)
