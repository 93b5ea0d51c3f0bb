"""What comes out of a classifier, as plain dataclasses; ``to_dict`` gives the JSON contract."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from model.documents import Entity

SCORE_DIGITS = 4
"""Digits of a probability in an answer."""


@dataclass(frozen=True, slots=True)
class Target:
    """An entity that a stance is aimed at, with the probability that it is."""

    code: str
    score: float


@dataclass(frozen=True, slots=True)
class Stance:
    """A stance that an entity takes, with its probability and its targets."""

    stance: str
    score: float
    toward: tuple[Target, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON data."""
        toward = [{"code": target.code, "score": target.score} for target in self.toward]
        return {"stance": self.stance, "score": self.score, "toward": toward}


@dataclass(frozen=True, slots=True)
class EntityResult:
    """An entity of a sentence: the stances it takes and the probability of every stance.

    Attributes:
        entity: The entity with its mentions.
        stances: The stances whose probability reaches the label's threshold, in scheme order.
        scores: Probability in [0, 1] of each label of the scheme.
    """

    entity: Entity
    stances: tuple[Stance, ...]
    scores: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON data."""
        entity = self.entity
        return {
            "code": entity.code,
            "alpha3": entity.alpha3,
            "name": entity.name,
            "kind": entity.kind.value,
            **({} if entity.type is None else {"type": entity.type}),
            "mentions": [
                {"text": m.text, "start": m.start, "end": m.end, "source": m.source.value} for m in entity.mentions
            ],
            "stances": [stance.to_dict() for stance in self.stances],
            "scores": self.scores,
        }


@dataclass(frozen=True, slots=True)
class SentenceResult:
    """A sentence with its offsets in the document and its entities, in the order of first mention."""

    text: str
    start: int
    end: int
    entities: tuple[EntityResult, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return {
            "text": self.text,
            "start": self.start,
            "end": self.end,
            "entities": [entity.to_dict() for entity in self.entities],
        }


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """An entity of a document and the number of sentences in which it takes each stance (zeros left out)."""

    code: str
    name: str
    stances: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return {"code": self.code, "name": self.name, "stances": self.stances}


@dataclass(frozen=True, slots=True)
class Relation:
    """Who takes which stance toward whom in a document.

    Attributes:
        source: Code of the holder.
        stance: The stance.
        target: Code of the target.
        sentences: Indices of the sentences that say so.
        score: The highest product of stance and target probability among them.
    """

    source: str
    stance: str
    target: str
    sentences: tuple[int, ...]
    score: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return {
            "source": self.source,
            "stance": self.stance,
            "target": self.target,
            "sentences": list(self.sentences),
            "score": self.score,
        }


@dataclass(frozen=True, slots=True)
class DocumentResult:
    """The answer for one document."""

    id: str | None
    sentences: tuple[SentenceResult, ...]
    summary: tuple[SummaryRow, ...]
    relations: tuple[Relation, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the document part of the ``POST /classify`` contract."""
        return {
            "id": self.id,
            "sentences": [sentence.to_dict() for sentence in self.sentences],
            "summary": [row.to_dict() for row in self.summary],
            "relations": [relation.to_dict() for relation in self.relations],
        }
