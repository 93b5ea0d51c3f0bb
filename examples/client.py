"""A client of entity-stance that needs nothing but Python: ``python client.py [URL]`` runs all of it.

* `send`: a request, again when the service is busy (429) or has no model ready (503); errors that say what is wrong.
* `classify` and `classify_batch`: one text; several documents, of which some may be faulty.
* `stream`: documents of any number, whose answers are read while others are still being sent.
"""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

ATTEMPTS = 10
TRY_AGAIN = {429, 503}
TIMEOUT_SECONDS = 180


class ServiceError(Exception):
    """The service refused a request; the message says what is wrong, and with which field."""


def send(url: str, request: dict[str, Any]) -> dict[str, Any]:
    """Send a request to ``POST /classify``; when the service is busy, again after as many seconds as it asks for."""
    body, headers = json.dumps(request).encode(), {"Content-Type": "application/json"}
    for attempt in range(1, ATTEMPTS + 1):
        try:
            post = urllib.request.Request(f"{url}/classify", body, headers)
            with urllib.request.urlopen(post, timeout=TIMEOUT_SECONDS) as response:
                answer: dict[str, Any] = json.load(response)
                return answer
        except urllib.error.HTTPError as error:
            with error:
                problem = error.read()
            if error.code not in TRY_AGAIN or attempt == ATTEMPTS:
                raise service_error(problem) from None
            time.sleep(float(error.headers.get("Retry-After", 2**attempt)))
    raise AssertionError("the last attempt returns or raises")


def service_error(body: bytes) -> ServiceError:
    """Read a problem document (RFC 9457): "type" is for programs and never changes, "detail" is for people."""
    problem = json.loads(body)
    return ServiceError(f"{problem['type']}: {problem['detail']}")


def classify(url: str, text: str) -> dict[str, Any]:
    """Classify one text, which is the only document of its answer."""
    document: dict[str, Any] = send(url, {"text": text})["documents"][0]
    return document


def classify_batch(url: str, documents: list[dict[str, Any]]) -> tuple[list[Any], list[Any]]:
    """Classify several documents; return the answers of the good ones, and what is wrong with the others.

    One faulty document costs the others nothing: it has an "error" in its place, so look for that in each.
    """
    answers = send(url, {"documents": documents})["documents"]
    return [item for item in answers if "error" not in item], [item for item in answers if "error" in item]


def stream(url: str, documents: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Classify documents one a line, and yield the answers in the same order.

    One thread sends while the other reads. The service reads only some lines further than it has answered, so a client
    that sends everything before it reads anything would wait for ever, and so would the service.
    """
    address = urlsplit(url)
    kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    connection = kind(address.hostname or "", address.port, timeout=TIMEOUT_SECONDS)
    connection.putrequest("POST", f"{address.path}/classify/stream")
    connection.putheader("Content-Type", "application/x-ndjson")
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders()
    sender = threading.Thread(target=send_lines, args=(connection, documents), daemon=True)
    sender.start()
    try:
        response = connection.getresponse()
        if response.status != http.client.OK:
            raise service_error(response.read())
        for line in response:
            yield json.loads(line)
        sender.join()
    finally:
        connection.close()


def send_lines(connection: http.client.HTTPConnection, documents: Iterable[dict[str, Any]]) -> None:
    """Send each document as a chunk of its own, then the empty chunk that ends the body."""
    try:
        for document in documents:
            line = json.dumps(document).encode() + b"\n"
            connection.send(b"%x\r\n%b\r\n" % (len(line), line))
        connection.send(b"0\r\n\r\n")
    except OSError:
        pass  # The service has refused the stream, or who reads it has stopped; the other thread knows.


def describe(document: dict[str, Any]) -> Iterator[str]:
    """Say who takes which stance toward whom."""
    for relation in document["relations"]:
        yield f"{relation['source']} {relation['stance']} -> {relation['target']} ({relation['score']:.2f})"


def main(url: str) -> None:
    """Show each of them once."""
    document = classify(url, "Norway rejected Iceland's claim about the catch. Sweden warned Denmark of a long delay.")
    print("one text:", *describe(document), sep="\n  ")

    batch = [
        {"id": "good", "text": "Kenya will stand by Rwanda, Nairobi said.", "date": "2024-03-05"},
        {"id": "bad", "text": "", "date": "yesterday"},
    ]
    good, bad = classify_batch(url, batch)
    print("batch:", *(f"{item['id']}: {len(item['sentences'])} sentence" for item in good), sep="\n  ")
    print(*(f"  {item['id']}: {item['error']['detail']}" for item in bad), sep="\n")

    many = ({"id": str(number), "text": f"Peru rejected claim {number} by Chile."} for number in range(300))
    answers = list(stream(url, many))
    print(f"stream: {len(answers)} answers, the last is {answers[-1]['id']}")

    try:
        send(url, {"text": "Norway warned Iceland.", "countries": ["NORWAY"]})
    except ServiceError as error:
        print(f"error: {error}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000")
