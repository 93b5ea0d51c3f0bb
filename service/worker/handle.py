"""The HTTP process's end of the model's process."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import sys
from asyncio import Future, StreamReader, StreamWriter
from collections.abc import Callable
from subprocess import Popen, TimeoutExpired

from anyio import to_thread

from model.errors import ModelError
from service.problems import ProblemError, ProblemType
from service.settings import Settings
from service.worker.frames import Call, Frame, Kind, Usage, read_frame, read_problem
from service.worker.information import ModelInformation

STOP_SECONDS = 5
"""How long a process may take to end by itself."""

SETTINGS_OF_WORKER = {
    *("model", "threads", "max_concurrency", "deadline_seconds"),
    *("max_text_characters", "max_documents", "log_format", "log_level"),
}
"""What the process is told; secrets are not among it."""

OnRead = Callable[[Usage], object]


class WorkerLostError(Exception):
    """The process ended without saying why."""


class Worker:
    """A model's process, from its start to its end.

    Attributes:
        lost: Set once the process is gone or its connection is.
        pid: Its process id.
    """

    def __init__(
        self,
        process: Popen[bytes],
        reader: StreamReader,
        writer: StreamWriter,
        on_lost: Callable[[], object],
    ) -> None:
        """Take over a started process; prefer `start`."""
        self.pid = process.pid
        self.lost = asyncio.Event()
        self._process = process
        self._reader = reader
        self._writer = writer
        self._on_lost = on_lost
        self._numbers = itertools.count(1)
        self._calls: dict[int, tuple[Future[tuple[Usage, bytes]], OnRead]] = {}
        self._ready: Future[ModelInformation] = asyncio.get_running_loop().create_future()
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def start(cls, settings: Settings, on_lost: Callable[[], object]) -> Worker:
        """Start a process that loads the model; a function is called once it has ended, for whatever reason."""
        ours, theirs = socket.socketpair()
        with theirs:
            # Without -P, a folder called "service" where the server is started would be run in place of this one.
            command = [sys.executable, "-P", "-m", "service.worker", str(theirs.fileno())]
            # A session of its own: what a terminal or a supervisor sends to the group is for the HTTP process,
            # which ends the worker once every request has its answer.
            process = Popen(command, pass_fds=[theirs.fileno()], start_new_session=True)
        worker = cls(process, *await asyncio.open_connection(sock=ours), on_lost)
        worker._send(Frame(Kind.START, settings.model_dump_json(include=SETTINGS_OF_WORKER).encode()))
        return worker

    @property
    def busy(self) -> bool:
        """Whether calls wait for their answers."""
        return bool(self._calls)

    async def information(self) -> ModelInformation:
        """Wait until the model is loaded.

        Raises:
            ModelError: it cannot be.
            WorkerLostError: the process ended.
        """
        return await asyncio.shield(self._ready)

    async def call(self, call: Call, on_read: OnRead) -> tuple[Usage, bytes]:
        """Have an operation done; whoever cancels this saves the process what is not yet done.

        Args:
            call: What to do.
            on_read: Told once what the network has to do for it.

        Returns:
            What it took, and the answer.

        Raises:
            ProblemError: the call cannot be answered.
        """
        if self.lost.is_set():
            raise _lost()
        number = next(self._numbers)
        future: Future[tuple[Usage, bytes]] = asyncio.get_running_loop().create_future()
        self._calls[number] = future, on_read
        try:
            self._send(Frame(Kind.CALL, call.to_payload(), number))
            return await future
        finally:
            del self._calls[number]
            if future.cancelled() and not self.lost.is_set():
                self._send(Frame(Kind.CANCEL, call=number))

    async def stop(self) -> None:
        """End the process."""
        self._listening.cancel()
        self._writer.close()
        self._on_end()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()
        await to_thread.run_sync(self._end)

    def _end(self) -> None:
        try:
            self._process.wait(STOP_SECONDS)
        except TimeoutExpired:
            self._process.kill()
            self._process.wait()

    async def _listen(self) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                self._take(await read_frame(self._reader))
        self._on_end()

    def _take(self, frame: Frame) -> None:
        match frame.kind:
            case Kind.READY:
                self._ready.set_result(ModelInformation.model_validate_json(frame.payload))
            case Kind.FAILED:
                self._ready.set_exception(ModelError(frame.payload.decode()))
                self._ready.exception()  # Nobody need be waiting for it.
            case _ if frame.call in self._calls:
                self._take_outcome(frame, *self._calls[frame.call])

    def _take_outcome(self, frame: Frame, future: Future[tuple[Usage, bytes]], on_read: OnRead) -> None:
        if frame.kind is Kind.READ:
            on_read(Usage.from_payload(frame.payload)[0])
        elif not future.done():
            if frame.kind is Kind.ANSWER:
                future.set_result(Usage.from_payload(frame.payload))
            else:
                future.set_exception(read_problem(frame.payload))

    def _on_end(self) -> None:
        """Tell everybody who waits that the process is gone."""
        if self.lost.is_set():
            return
        self.lost.set()
        self._on_lost()
        if not self._ready.done():
            self._ready.set_exception(WorkerLostError(f"the model's process {self.pid} ended while it loaded"))
            self._ready.exception()
        for future, _ in self._calls.values():
            if not future.done():
                future.set_exception(_lost())

    def _send(self, frame: Frame) -> None:
        with contextlib.suppress(ConnectionError):
            self._writer.write(frame.encode())


def _lost() -> ProblemError:
    detail = "The model's process ended before it had the answer; it is being started again."
    return ProblemError(ProblemType.WORKER_LOST, detail, headers={"Retry-After": "2"})
