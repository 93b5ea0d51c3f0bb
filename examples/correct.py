"""Save corrections as the page does: ``python correct.py URL FILE --user NAME``.

FILE holds what is right, an annotated sentence a line: ``{"text": …, "entities": […]}``. Each sentence is classified
first, because a correction keeps what the model said beside what is right.
"""

from __future__ import annotations

import argparse
import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

TIMEOUT_SECONDS = 180


def post(url: str, body: dict[str, Any]) -> dict[str, Any]:
    """Send JSON and return the answer; a refusal ends the program with its reason."""
    headers = {"Content-Type": "application/json"}
    try:
        request = urllib.request.Request(url, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
            answer: dict[str, Any] = json.load(response)
            return answer
    except urllib.error.HTTPError as error:
        with error:
            problem = json.load(error)
        raise SystemExit(f"{url}: {problem['detail']} {problem.get('errors', '')}") from None


def annotation(entity: dict[str, Any]) -> dict[str, Any]:
    """Return an entity of an answer as annotated sentences have it."""
    return {
        "code": entity["code"],
        "mentions": list(dict.fromkeys(mention["text"] for mention in entity["mentions"])),
        "stances": {taken["stance"]: [to["code"] for to in taken["toward"]] for taken in entity["stances"]},
    }


def correct(url: str, right: dict[str, Any], user: str) -> bool:
    """Classify a sentence, save what is right for it, and say whether the model had it right already."""
    answer = post(f"{url}/classify", {"text": right["text"]})
    [sentence] = answer["documents"][0]["sentences"]
    predicted = [annotation(entity) for entity in sentence["entities"]]
    body = {
        "text": sentence["text"],
        "model": answer["model"],
        "predicted": predicted,
        "entities": right["entities"],
        "user": user,
    }
    post(f"{url}/corrections", body)
    return predicted == right["entities"]


def main() -> None:
    """Correct every sentence of a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="where the service is, such as http://localhost:8000")
    parser.add_argument("file", type=Path, help="annotated sentences, JSON Lines")
    parser.add_argument("--user", required=True, help="who says so")
    arguments = parser.parse_args()
    lines = arguments.file.read_text(encoding="utf-8").splitlines()
    agreed = [correct(arguments.url, json.loads(line), arguments.user) for line in lines]
    print(f"saved {len(agreed)} sentences; the model had {sum(agreed)} of them right")


if __name__ == "__main__":
    main()
