"""Base encoders: any Hugging Face encoder by name or path, made ready for placeholders."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import cast

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import nn
from transformers import AutoConfig, AutoModel, AutoTokenizer, PretrainedConfig, PreTrainedModel

from model.config import CONFIG_FILE, TOKENIZER_FILE, WEIGHTS_FILE
from model.countries.registry import entity_info
from model.encoding import add_placeholders, vocabulary_size
from model.errors import ModelError
from model.scheme import LabelScheme
from training.network import StanceNetwork
from training.packaged import packaged_base

logger = logging.getLogger(__name__)

DEFAULT_BASE = "sentence-transformers/all-MiniLM-L6-v2"
ENCODER_FILE = "encoder.json"
NAMES = ("US", "RU", "CN", "GB", "FR", "DE", "IN", "BR", "ZA", "JP", "EG", "MX")
"""Countries whose mean word vector starts the placeholders; a spread of regions, so that none prevails."""
SLOT_NOISE = 0.1
DROPOUTS = ("hidden_dropout_prob", "attention_probs_dropout_prob", "dropout", "attention_dropout", "embedding_dropout")
"""What encoders call their dropout."""


def resolve_base(base: str) -> str:
    """Return where to load a base encoder from: its package where that is installed, else the path or hub name given.

    Raises:
        ModelError: a package's weights are not the ones known.
    """
    folder = packaged_base(base)
    return base if folder is None else str(folder)


def load_network(
    base: str, labels: int, dropout: float | None = None, scheme: LabelScheme | None = None
) -> tuple[StanceNetwork, Tokenizer]:
    """Load a network to fine-tune, and its tokenizer.

    Args:
        base: Name or path of a Hugging Face encoder, which gets fresh heads, or a model directory with kept weights;
            its heads are kept too if they have as many labels and, where a scheme is given, learned one like it.
        labels: Number of labels.
        dropout: Dropout inside the encoder; None leaves what it was made with.
        scheme: What is to be learned. From a model of another scheme only the encoder is taken.

    Raises:
        ModelError: the base cannot be loaded, or has no fast tokenizer.
    """
    directory = Path(base)
    encoder: PreTrainedModel
    if not (directory / ENCODER_FILE).is_file():
        encoder, tokenizer = load_base(base, dropout)
        return StanceNetwork(encoder, labels), tokenizer
    try:
        settings = json.loads((directory / ENCODER_FILE).read_text(encoding="utf-8"))
        config = _with_dropout(AutoConfig.for_model(**settings), dropout)
        encoder = AutoModel.from_config(config, trust_remote_code=False)  # type: ignore[no-untyped-call]
        network = StanceNetwork(encoder, labels)
        own = network.state_dict()
        kept = load_file(directory / WEIGHTS_FILE)
        fresh = scheme is not None and not (learned := kept_scheme(base)).learns_like(scheme)
        if fresh:
            logger.warning("%s has learned the scheme %r: its encoder is taken, the heads are new", base, learned.name)
        fitting = (
            name for name in own if kept[name].shape == own[name].shape and (name.startswith("encoder.") or not fresh)
        )
        network.load_state_dict(own | {name: kept[name] for name in fitting})
        return network, Tokenizer.from_file(str(directory / TOKENIZER_FILE))
    except Exception as error:  # The libraries raise bare exceptions of their own.
        raise ModelError(f"cannot go on from the model directory {base!r}: {error}") from error


def kept_scheme(base: str) -> LabelScheme:
    """Return the scheme that a model directory's heads have learned."""
    return LabelScheme.from_dict(json.loads((Path(base) / CONFIG_FILE).read_text(encoding="utf-8"))["scheme"])


def base_name(base: str) -> str:
    """Return the encoder that a base goes back to: that of the model it goes on from, or the base itself."""
    path = Path(base) / CONFIG_FILE
    if not (Path(base) / ENCODER_FILE).is_file() or not path.is_file():
        return base
    return str(json.loads(path.read_text(encoding="utf-8"))["base"])


def save_weights(network: StanceNetwork, directory: Path) -> None:
    """Keep what `load_network` needs to go on from a model directory, besides its tokenizer."""
    save_file({name: tensor.contiguous() for name, tensor in network.state_dict().items()}, directory / WEIGHTS_FILE)
    network.encoder.config.to_json_file(directory / ENCODER_FILE, use_diff=False)


def load_base(base: str, dropout: float | None = None) -> tuple[PreTrainedModel, Tokenizer]:
    """Load an encoder and its tokenizer, and give both the placeholder tokens.

    The placeholders' vectors start as the mean of country names plus a small difference per slot: a vector that the
    encoder knows how to read, where a random one would first have to be learned.

    Raises:
        ModelError: the base cannot be loaded, or has no fast tokenizer.
    """
    source = resolve_base(base)
    try:
        config = _with_dropout(AutoConfig.from_pretrained(source, trust_remote_code=False), dropout)
        # Neither code nor pickles of a stranger's base are run; the default for code is to ask at the terminal.
        encoder: PreTrainedModel = AutoModel.from_pretrained(
            source, config=config, use_safetensors=True, trust_remote_code=False
        )
        wrapped = AutoTokenizer.from_pretrained(source, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise ModelError(f"cannot load the base encoder {base!r}: {error}") from error
    if not wrapped.is_fast:
        raise ModelError(f"the base encoder {base!r} has no fast tokenizer")
    # A copy, so that placeholders and settings stay out of the wrapper.
    tokenizer = Tokenizer.from_str(wrapped.backend_tokenizer.to_str())
    names = [tokenizer.encode(entity_info(code).name, add_special_tokens=False).ids for code in NAMES]
    slots = add_placeholders(tokenizer)
    encoder.resize_token_embeddings(vocabulary_size(tokenizer), mean_resizing=False)
    with torch.no_grad():
        vectors = cast(nn.Embedding, encoder.get_input_embeddings()).weight
        mean = torch.stack([vectors[ids].mean(0) for ids in names]).mean(0)
        noise = torch.randn(len(slots), vectors.shape[1]) * vectors.std() * SLOT_NOISE
        vectors[slots] = mean + noise
    return encoder, tokenizer


def _with_dropout(config: PretrainedConfig, dropout: float | None) -> PretrainedConfig:
    for name in DROPOUTS if dropout is not None else ():
        if hasattr(config, name):
            setattr(config, name, dropout)
    return config


def longest_row(encoder: PreTrainedModel, asked: int) -> int:
    """Return how many tokens to read at once: what is asked for, or what the encoder has positions for."""
    positions = getattr(encoder.config, "max_position_embeddings", None) or asked
    # Some encoders count positions from beyond the padding id, which takes two from the end.
    return min(asked, int(positions) - 2)


def pad_token_id(encoder: PreTrainedModel, tokenizer: Tokenizer) -> int:
    """Return the id that fills short rows; some encoders count positions by it."""
    pad_id = encoder.config.pad_token_id
    return int(pad_id) if pad_id is not None and pad_id < vocabulary_size(tokenizer) else 0
