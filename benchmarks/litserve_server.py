"""What a user would pick instead: LitServe around the network in plain torch, with its dynamic batching.

Run as ``python -m benchmarks.litserve_server PORT``; ``--help`` tells its options.
"""

import argparse

import litserve

from benchmarks.rivals import PlainTorch


class Api(litserve.LitAPI):  # type: ignore[misc]
    """Up to 32 articles a batch, which wait 10 ms for company."""

    poison: str | None = None

    def setup(self, device: str) -> None:
        """Load the network in the worker process."""
        del device
        self.plain = PlainTorch()

    def decode_request(self, request: dict[str, str]) -> str:
        """Return the text of a request."""
        return request["text"]

    def predict(self, x: list[str]) -> list[list[float]]:
        """Classify a batch of texts."""
        # As a network that fails over an item does: the call fails, and the batch with it.
        if self.poison is not None and any(self.poison in text for text in x):
            raise ValueError(f"the network failed over {self.poison}")
        return self.plain.classify(x)

    def encode_response(self, output: list[float]) -> dict[str, list[float]]:
        """Return the body of an answer."""
        return {"scores": output}


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.litserve_server", description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("--timeout", type=float, default=30, help="seconds after which a request that waits fails [30]")
    parser.add_argument("--restart-workers", action="store_true", help="start a worker again that has died")
    parser.add_argument("--poison", help="a word over which the network fails")
    options = parser.parse_args()
    api = Api(max_batch_size=32, batch_timeout=0.01, api_path="/classify")
    api.poison = options.poison
    server = litserve.LitServer(
        api,
        accelerator="cpu",
        workers_per_device=1,
        timeout=options.timeout,
        restart_workers=options.restart_workers,
    )
    server.run(host="127.0.0.1", port=options.port, log_level="warning", generate_client_file=False)


if __name__ == "__main__":
    main()
