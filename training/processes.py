"""One run on several processes, as `torchrun` and `accelerate launch` start them; only the first one writes."""

from __future__ import annotations

import os
from typing import TypeVar

import torch
from torch import distributed

T = TypeVar("T")
DEVICES = ("auto", "cpu", "cuda")


def world_size() -> int:
    """Return how many processes share the run."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def rank() -> int:
    """Return the number of this process, from 0."""
    return int(os.environ.get("RANK", "0"))


def is_first() -> bool:
    """Say whether this process is the one that writes."""
    return rank() == 0


def on_cpu(device: str) -> bool:
    """Say whether to compute on the CPU.

    Raises:
        ValueError: the device is unknown, or not there.
    """
    if device not in DEVICES:
        raise ValueError(f"unknown device {device!r}; known: {', '.join(DEVICES)}")
    if device == "cuda" and not torch.cuda.is_available():
        raise ValueError("device 'cuda': torch finds no CUDA device here")
    return device == "cpu" or not torch.cuda.is_available()


def in_bf16(wanted: bool, device: str) -> bool:
    """Say whether to compute in bfloat16: if it is wanted, and the hardware has instructions for it.

    Processors without them convert every number to and fro, which takes some twenty times as long as not to.
    """
    if not wanted:
        return False
    if not on_cpu(device):
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def join(device: str) -> None:
    """Let the processes of the run find each other, if there are several."""
    if world_size() > 1 and not distributed.is_initialized():
        distributed.init_process_group("gloo" if on_cpu(device) else "nccl")


def wait_for_all() -> None:
    """Return when all processes have come here."""
    if distributed.is_available() and distributed.is_initialized():
        distributed.barrier()


def summed(values: torch.Tensor) -> torch.Tensor:
    """Return the sum of what all processes give, each a tensor of the same shape."""
    if distributed.is_available() and distributed.is_initialized():
        distributed.all_reduce(values)
    return values


def from_first(value: T | None) -> T:
    """Return what the first process gives; the others wait for it and give None."""
    box = [value]
    if distributed.is_available() and distributed.is_initialized():
        distributed.broadcast_object_list(box, src=0)
    assert box[0] is not None
    return box[0]
