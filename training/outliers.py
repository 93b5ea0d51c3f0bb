"""Keep a few outlying channels from spoiling the int8 scale of all others.

In the layers of a transformer a handful of channels carry values ten times larger than the rest (Dettmers et al. 2022:
LLM.int8()). One fixed scale for all would leave the others a few bits. Here each layer's input is clipped to what all
but the outlying channels need, and what the clipping takes from those is added back in float.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

OUTLIERS = 16
WORTH_IT = 2.0
"""Layers whose largest value exceeds the clipped range by less than this factor stay as they are."""


class ClippedLinear(nn.Module):
    """A linear layer that gives the same result from an input clipped to ``limit`` and the rest of a few channels."""

    def __init__(self, linear: nn.Linear, channels: Tensor, limit: float) -> None:
        """Wrap a layer; outside of ``channels`` (indices) no input exceeds ``limit`` in size."""
        super().__init__()
        self.linear = linear
        self.limit = limit
        self.register_buffer("channels", channels)
        self.register_buffer("columns", linear.weight.detach()[:, channels].T.contiguous())

    def forward(self, inputs: Tensor) -> Tensor:
        """Return what the wrapped layer would."""
        outlying = inputs.index_select(-1, self.get_buffer("channels"))
        rest = outlying - outlying.clamp(-self.limit, self.limit)
        clipped = self.linear(inputs.clamp(-self.limit, self.limit))
        return torch.as_tensor(clipped + torch.matmul(rest, self.get_buffer("columns")))


def clip_outliers(network: nn.Module, batches: Iterable[dict[str, Tensor]]) -> int:
    """Replace the linear layers of ``network.encoder`` whose inputs have outlying channels; return how many.

    Args:
        network: The network, changed in place.
        batches: Inputs on which the channels are measured.
    """
    layers = {name: part for name, part in network.named_modules() if isinstance(part, nn.Linear)}
    layers = {name: layer for name, layer in layers.items() if name.startswith("encoder.")}
    largest = _largest_inputs(network, layers, batches)
    changed = 0
    for name, layer in layers.items():
        if name not in largest or layer.in_features <= OUTLIERS:
            continue
        values, channels = largest[name].topk(OUTLIERS + 1)
        if values[0] < WORTH_IT * values[-1]:
            continue
        parent, _, attribute = name.rpartition(".")
        setattr(
            network.get_submodule(parent), attribute, ClippedLinear(layer, channels[:-1].clone(), float(values[-1]))
        )
        changed += 1
    return changed


def _largest_inputs(
    network: nn.Module, layers: dict[str, nn.Linear], batches: Iterable[dict[str, Tensor]]
) -> dict[str, Tensor]:
    """Return the largest absolute value of each input channel of each layer."""
    largest: dict[str, Tensor] = {}

    def watch(name: str) -> torch.utils.hooks.RemovableHandle:
        def keep(_: nn.Module, inputs: tuple[Tensor, ...], __: Tensor) -> None:
            values = inputs[0].abs().flatten(0, -2).amax(0)
            largest[name] = torch.maximum(largest[name], values) if name in largest else values

        return layers[name].register_forward_hook(keep)

    handles = [watch(name) for name in layers]
    with torch.inference_mode():
        for batch in batches:
            network(**batch)
    for handle in handles:
        handle.remove()
    return {name: values.clone() for name, values in largest.items()}
