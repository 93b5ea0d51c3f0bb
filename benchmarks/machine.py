"""The machine that something is measured on."""

from __future__ import annotations

import platform

from model.runtime import processors


def describe_machine() -> str:
    """Name the machine's processors and how many of them there are."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123 - no file on a disk
        names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    return f"{processors()} processors, {names[0] if names else platform.processor()}"
