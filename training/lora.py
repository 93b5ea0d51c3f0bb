"""Low-rank adaptation (Hu et al. 2021): large encoders learn in a few narrow matrices beside their frozen weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from torch import nn
from transformers import PreTrainedModel

from training.network import StanceNetwork


def add_lora(network: StanceNetwork, rank: int, alpha: float, dropout: float, slots: Sequence[int]) -> None:
    """Freeze a network's encoder and put adapters beside its linear layers; the heads learn as before.

    Args:
        network: The network, changed in place.
        rank: Width of the adapters.
        alpha: They count for ``alpha / rank``.
        dropout: Dropout before them.
        slots: Token ids of the placeholders. They are new to the encoder, so their vectors learn too.

    Raises:
        ValueError: the package peft is missing.
    """
    try:
        from peft import LoraConfig, get_peft_model  # noqa: PLC0415 - an extra of its own
    except ImportError as error:
        raise ValueError(f"LoRA needs more packages ({error.name}): pip install 'entity-stance[lora]'") from None
    encoder = network.encoder
    words = next(name for name, module in encoder.named_modules() if module is encoder.get_input_embeddings())
    config = LoraConfig(
        r=rank,
        lora_alpha=alpha,  # type: ignore[arg-type]
        lora_dropout=dropout,
        target_modules="all-linear",
        trainable_token_indices={words: list(slots)},
    )
    network.encoder = cast(PreTrainedModel, get_peft_model(encoder, config))


def merge_lora(network: StanceNetwork) -> None:
    """Add the adapters to the weights that they stand beside; the network is then one as any other."""
    merged = cast(nn.Module, network.encoder).merge_and_unload()  # type: ignore[operator]
    network.encoder = cast(PreTrainedModel, merged)
