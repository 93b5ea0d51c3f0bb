"""What the rows of every format say alike of a sentence's entity."""

from __future__ import annotations

from typing import Any

from model.results import EntityResult, SentenceResult


def entity_cells(sentence: SentenceResult, result: EntityResult) -> dict[str, Any]:
    """Return the cells, by column, that do not depend on a stance or on how a format writes several values."""
    entity = result.entity
    return {
        "sentence_start": sentence.start,
        "sentence_end": sentence.end,
        "code": entity.code,
        "alpha3": entity.alpha3,
        "name": entity.name,
        "kind": entity.kind.value,
        **{f"score_{label}": score for label, score in result.scores.items()},
        "text": sentence.text,
    }
