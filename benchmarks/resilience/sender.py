"""A sender for more requests than a server can answer, so light that it takes next to nothing of the processors.

With a task of an event loop for each request, sending took a sixth of a processor at ten times the capacity. That
processor is the server's too, and what it then cannot answer looks like a fault of its own.
"""

from __future__ import annotations

import errno
import select
import socket
import time
from collections import deque
from collections.abc import Sequence

from benchmarks.resilience.client import HOST, NO_ANSWER, Outcome

_PIECE_BYTES = 1 << 18


class _Request:
    """One request on a connection of its own; its answer ends with the connection."""

    def __init__(self, index: int, due: float, message: bytes) -> None:
        self.index = index
        self.due = due
        self.rest = memoryview(message)
        self.received = b""
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)

    def push(self) -> None:
        """Send as much as can be sent now."""
        self.rest = self.rest[self.socket.send(self.rest) :]

    def outcome(self, ended: float) -> Outcome:
        """Close the connection and say what came of it."""
        self.socket.close()
        head = self.received.split(b" ", 2)
        status = int(head[1]) if len(head) == 3 else NO_ANSWER
        return Outcome(status, ended - self.due, ended)


class _Sender:
    """Sends requests at even intervals and takes their answers, in one thread."""

    def __init__(self, port: int, messages: Sequence[bytes], rate: float, timeout: float) -> None:
        self._address = HOST, port
        self._messages = messages
        self._rate = rate
        self._timeout = timeout
        self._poll = select.epoll()
        self._open: dict[int, _Request] = {}
        self._by_age: deque[_Request] = deque()
        self._outcomes: dict[int, Outcome] = {}

    def run(self) -> list[Outcome]:
        """Send everything, and wait for the end of each answer or for its time to be up."""
        started, sent = time.monotonic(), 0
        with self._poll:
            while len(self._outcomes) < len(self._messages):
                now = time.monotonic()
                while sent < len(self._messages) and started + sent / self._rate <= now:
                    self._send(_Request(sent, started + sent / self._rate, self._messages[sent]))
                    sent += 1
                self._give_up(now)
                next_due = started + sent / self._rate if sent < len(self._messages) else now + 1
                for descriptor, event in self._poll.poll(max(0.0, min(next_due - time.monotonic(), 0.1))):
                    self._serve(self._open[descriptor], event)
        return [self._outcomes[index] for index in range(len(self._messages))]

    def _send(self, request: _Request) -> None:
        self._open[request.socket.fileno()] = request
        self._by_age.append(request)
        failure = request.socket.connect_ex(self._address)
        if not failure:  # as on the loopback it is, unless too many wait to be accepted
            request.push()
        awaited = select.EPOLLIN | (select.EPOLLOUT if request.rest else 0)
        self._poll.register(request.socket.fileno(), awaited)
        if failure not in {0, errno.EINPROGRESS}:
            self._end(request)

    def _serve(self, request: _Request, event: int) -> None:
        try:
            if event & select.EPOLLOUT and request.rest:
                request.push()
                if not request.rest:
                    self._poll.modify(request.socket.fileno(), select.EPOLLIN)
            if event & (select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR):
                while piece := request.socket.recv(_PIECE_BYTES):
                    request.received = request.received or piece  # only the status counts
                self._end(request)
        except BlockingIOError:
            pass
        except OSError:
            self._end(request)

    def _give_up(self, now: float) -> None:
        while self._by_age and (self._by_age[0].index in self._outcomes or self._by_age[0].due + self._timeout < now):
            request = self._by_age.popleft()
            if request.index not in self._outcomes:
                request.received = b""
                self._end(request)

    def _end(self, request: _Request) -> None:
        del self._open[request.socket.fileno()]
        self._poll.unregister(request.socket.fileno())
        self._outcomes[request.index] = request.outcome(time.monotonic())


def open_loop(port: int, messages: Sequence[bytes], rate: float, *, timeout: float) -> list[Outcome]:
    """Send requests, so many a second at even intervals, whether or not earlier ones have their answers.

    Args:
        port: Where to.
        messages: What; each must ask for the connection to be closed.
        rate: Requests a second.
        timeout: Seconds after which to give one up, from when it was due.

    Returns:
        What became of each, without the bodies. A sender that is late adds to the time it measures.
    """
    return _Sender(port, messages, rate, timeout).run()
