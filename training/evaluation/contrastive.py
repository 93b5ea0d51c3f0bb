"""Fitting SetFit with the library of its authors; the only module that needs the extra ``setfit``."""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from datasets import Dataset
from setfit import SetFitModel, Trainer, TrainingArguments

from training.base import DEFAULT_BASE, resolve_base
from training.evaluation.records import IntArray

ITERATIONS = 20
"""Pairs of each kind, same label and other label, that a text is in: R of the paper."""
MOST_PAIRS = 20_000
"""Pairs beyond which there are fewer iterations; it is a method for few examples, and this one keeps its time short."""
MOST_TEXTS = 2_000
"""Texts to learn from; drawn where there are more, since the library lists all their pairs."""
BATCH = 16


def fit_setfit(texts: Sequence[str], truths: IntArray, *, base: str | None = None, seed: int = 0) -> Any:
    """Fit a SetFit model.

    Args:
        texts: What to learn from.
        truths: Their classes, shape ``[texts]``, or labels, shape ``[texts, labels]``.
        base: Sentence encoder, as `training.base` names bases.
        seed: Seed of all random choices.

    Raises:
        ModelError: the packaged base is not the one known.
    """
    for name in ("setfit", "sentence_transformers"):
        logging.getLogger(name).setLevel(logging.ERROR)
    chosen = np.random.default_rng(seed).permutation(len(texts))[:MOST_TEXTS]
    data = Dataset.from_dict({"text": [texts[index] for index in chosen], "label": truths[chosen].tolist()})
    model = SetFitModel.from_pretrained(
        resolve_base(base or DEFAULT_BASE), multi_target_strategy="one-vs-rest" if truths.ndim == 2 else None
    )
    # SetFit's own default for the head; balanced, as the linear baseline is.
    head = model.model_head.estimator if truths.ndim == 2 else model.model_head
    head.set_params(class_weight="balanced", max_iter=1000)
    pairs = min(2 * ITERATIONS * len(chosen), MOST_PAIRS)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        # The library always asks for memory that only an accelerator can use.
        warnings.filterwarnings("ignore", message=".*pin_memory.*")
        arguments = TrainingArguments(
            output_dir=folder,
            batch_size=BATCH,
            num_iterations=ITERATIONS,
            max_steps=max(1, pairs // BATCH),
            seed=seed,
            report_to="none",
            logging_strategy="no",
            save_strategy="no",
            show_progress_bar=False,
        )
        Trainer(model=model, args=arguments, train_dataset=data).train()
    return model
