"""Learn from larger networks: a student that is taught what its teachers say of a sentence (Hinton et al. 2015).

A teacher is a model directory with kept weights. Where a sentence is annotated, the student learns a mixture of the
annotation and the teachers' mean; of sentences without annotation it learns what the teachers say alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from model.batching import equal_length_batches
from model.calibration import plain_probabilities
from model.config import WEIGHTS_FILE, ModelConfig, file_sha256
from model.encoding import EncodableSentence, Encoder, Row
from model.errors import ModelError
from model.runtime import build_feed
from model.scheme import STANCES, LabelScheme
from model.scoring import merge_window
from training.base import load_network
from training.examples import Targets
from training.network import StanceNetwork

ASKED_TOKENS = 1024
"""Token ids that a teacher reads at once: with those of the ONNX runtime's batches torch takes half as long again."""


def teacher_targets(
    teachers: Sequence[Path], sentences: Sequence[EncodableSentence], scheme: LabelScheme
) -> list[Targets]:
    """Return what teachers say of the entities of sentences, as the mean of their probabilities.

    What they said is remembered, so that students of several seeds ask once.

    Args:
        teachers: Model directories with kept weights.
        sentences: What to ask them.
        scheme: The labels; those of the teachers must be the same.

    Raises:
        ModelError: a teacher cannot be loaded, or has other labels.
    """
    asked = [_ask(teacher, weights_sha256(teacher), tuple(sentences), scheme) for teacher in teachers]
    return [
        Targets(
            np.mean([targets.labels for targets in said], axis=0), np.mean([targets.toward for targets in said], axis=0)
        )
        for said in zip(*asked, strict=True)
    ]


def weights_sha256(teacher: Path) -> str:
    """Return the SHA-256 of a teacher's weights.

    Raises:
        ModelError: it has none.
    """
    if not (teacher / WEIGHTS_FILE).is_file():
        raise ModelError(f"{teacher}: no model with kept weights to learn from")
    return file_sha256(teacher / WEIGHTS_FILE)


def mixed(
    gold: Sequence[Targets], taught: Sequence[Targets], share: float, scheme: LabelScheme = STANCES
) -> list[Targets]:
    """Mix annotations with what teachers say, which counts for ``share`` of the mixture.

    Of entities that were not asked, since taking no label is no answer in the scheme, teachers alone say something.
    """
    return [
        Targets(
            np.where(
                scheme.none | (mine.labels > 0).any(1, keepdims=True),
                (1 - share) * mine.labels + share * theirs.labels,
                theirs.labels,
            ),
            # Whom a label is aimed at was annotated only where it is taken; elsewhere the teachers alone know.
            np.where(mine.labels[:, None] > 0, (1 - share) * mine.toward + share * theirs.toward, theirs.toward),
        )
        for mine, theirs in zip(gold, taught, strict=True)
    ]


@lru_cache(maxsize=4)
def _ask(
    teacher: Path,
    weights: str,
    sentences: tuple[EncodableSentence, ...],
    scheme: LabelScheme,
) -> list[Targets]:
    # The hash of its weights is not read, but remembered by: another teacher may come to lie in the same place.
    config = ModelConfig.load(teacher)
    if config.scheme.names != scheme.names:
        raise ModelError(f"{teacher}: has other labels than {', '.join(scheme.names)}")
    if not config.scheme.learns_like(scheme):
        raise ModelError(f"{teacher}: its scheme differs from {scheme.name!r} in multi_label, none or directed")
    network, tokenizer = load_network(str(teacher), len(scheme.labels))
    rows = Encoder(tokenizer, config.max_tokens).encode(sentences)
    said = [_silence(len(sentence.entities), len(scheme.labels)) for sentence in sentences]
    network.eval()
    for batch in equal_length_batches(rows, ASKED_TOKENS):
        _answer(network, [rows[index] for index in batch], said, scheme)
    return said


def _silence(entities: int, labels: int) -> Targets:
    return Targets(np.zeros((entities, labels), np.float32), np.zeros((entities, entities, labels), np.float32))


def _answer(network: StanceNetwork, rows: Sequence[Row], said: Sequence[Targets], scheme: LabelScheme) -> None:
    """Write a batch's probabilities to the sentences' targets; the highest of several windows counts."""
    feed = {name: torch.from_numpy(array) for name, array in build_feed(rows).items()}
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        logits = network(**feed)
    labels = plain_probabilities(logits[0].float().numpy(), scheme)
    toward = logits[1].float().sigmoid().numpy()
    for index, row in enumerate(rows):
        count, targets = len(row.entities), said[row.sentence]
        merge_window(row, (labels[index, :count], toward[index, :count, :count]), targets.labels, targets.toward)
