"""Checking a model directory before it is passed on or served: hashes, format, and that the network answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model.classifier import StanceClassifier
from model.config import ModelConfig, file_sha256
from model.directory import PICKLES, find_file
from model.documents import Span
from model.encoding import EncodableSentence
from model.errors import ModelError

PROBE = EncodableSentence("Norway warned Iceland.", ((Span(0, 6),), (Span(14, 21),)))
"""A sentence that every model must be able to score, whatever its labels."""


@dataclass(frozen=True, slots=True)
class Verified:
    """A model directory without a fault.

    Attributes:
        config: What it says of itself.
        files: Its files whose hashes were found right.
        absent: Files that it names and that are not there; weights to train on may be left out.
    """

    config: ModelConfig
    files: tuple[str, ...]
    absent: tuple[str, ...]


def verify(directory: Path) -> Verified:
    """Check a model directory: configuration, the hash of every file, and that the network gives probabilities.

    Raises:
        ModelError: something is wrong with it; the message names the file.
    """
    config = ModelConfig.load(directory)
    present = [name for name in config.files if (directory / name).exists() or (directory / name).is_symlink()]
    for name in present:
        if file_sha256(find_file(directory, name)) != config.files[name]:
            raise ModelError(f"{directory / name}: its SHA-256 is not the one in config.json; damaged or exchanged")
    for path in sorted(directory.iterdir()):
        if path.suffix.lower() in PICKLES:
            raise ModelError(f"{path}: would run code when it is loaded; it has no place in a model directory")
    _try_out(directory, config)
    return Verified(config, tuple(present), tuple(name for name in config.files if name not in present))


def _try_out(directory: Path, config: ModelConfig) -> None:
    classifier = StanceClassifier(directory, config, threads=1)
    try:
        (scores,) = classifier.score([PROBE])
        classifier.decide(scores)
    finally:
        classifier.close()
    labels = len(config.scheme.labels)
    if scores.labels.shape != (2, labels) or scores.toward.shape != (2, 2, labels):
        raise ModelError(f"{directory}: the network gives scores of the wrong shape")
    for values in (scores.labels, scores.toward):
        if not (np.isfinite(values).all() and (values >= 0).all() and (values <= 1).all()):
            raise ModelError(f"{directory}: the network gives scores that are no probabilities")
