"""What a user would build instead: a plain FastAPI route around the network in plain torch.

Run as ``python -m benchmarks.fastapi_server PORT``.
"""

import sys

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

from benchmarks.rivals import PlainTorch

app, plain = FastAPI(), PlainTorch()


class Body(BaseModel):
    """A text to classify."""

    text: str


@app.post("/classify")
def classify(body: Body) -> list[float]:
    """Classify in FastAPI's thread pool, as its documentation has it for work that blocks."""
    return plain.classify([body.text])[0]


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), log_level="warning")
