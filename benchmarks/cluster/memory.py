"""Memory of processes on the way: proportional set size, so that pages which are shared count once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import psutil


@dataclass
class Sampler:
    """Takes the memory of some processes every so often, on a thread of its own.

    Attributes:
        processes: Says which processes there are.
        seconds: Time between samples.
        samples: Megabytes of all of them together, and how many they are.
    """

    processes: Callable[[], Sequence[int]]
    seconds: float = 2.0
    samples: list[tuple[float, int]] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        """Begin."""
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def growth(self) -> float:
        """Return how much higher the peak of the second half is than that of the second quarter, as a share.

        The first quarter, in which everything is loaded, does not count; samples count by process.
        """
        each = [total / count for total, count in self.samples if count]
        early, late = each[len(each) // 4 : len(each) // 2], each[len(each) // 2 :]
        return max(late) / max(early) - 1 if early and late else float("nan")

    def peak(self) -> float:
        """Return the peak of all processes together, in MB."""
        return max((total for total, _ in self.samples), default=float("nan"))

    def _sample(self) -> None:
        while not self._ended.wait(self.seconds):
            sizes = [size for pid in self.processes() if (size := _size(pid))]
            self.samples.append((sum(sizes), len(sizes)))


def tree(pid: int) -> list[int]:
    """Return a process and all that it started, directly or not."""
    with suppress(psutil.NoSuchProcess):
        root = psutil.Process(pid)
        return [root.pid, *(child.pid for child in root.children(recursive=True))]
    return []


def _size(pid: int) -> float:
    with suppress(psutil.Error):
        return float(psutil.Process(pid).memory_full_info().pss) / 1e6
    return 0.0


def wait_for(condition: Callable[[], bool], alive: Callable[[], bool], seconds: float = 0.05) -> bool:
    """Wait until something is so, and return whether it came to that before what it hangs on had ended."""
    while not condition():
        if not alive():
            return condition()
        time.sleep(seconds)
    return True
