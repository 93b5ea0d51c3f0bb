"""A model that fails on one word, as the resilience benchmark has it too."""

from __future__ import annotations

from benchmarks.resilience.poisoned import POISON, poisoned_model

__all__ = ["POISON", "poisoned_model"]
