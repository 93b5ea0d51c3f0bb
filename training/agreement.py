"""Two annotated files of the same sentences side by side; :mod:`model.agreement` measures how far they agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from model.agreement import stances_by_code
from model.annotation import AnnotatedSentence
from model.errors import CorpusError
from model.scheme import STANCES, LabelScheme
from training.corpus import read_corpus
from training.reading.columns import Columns


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One unit that was judged differently, in words."""

    id: str
    question: str
    first: str
    second: str


def read_both(
    first: Path, second: Path, scheme: LabelScheme = STANCES, columns: Columns | None = None
) -> list[tuple[AnnotatedSentence, AnnotatedSentence]]:
    """Read two annotations of the same sentences, matched by id.

    Raises:
        CorpusError: a file is faulty, they share no sentence, or an id has different texts in them.
    """
    others = {sentence.id: sentence for sentence in read_corpus([second], scheme, columns)}
    pairs = [(mine, others[mine.id]) for mine in read_corpus([first], scheme, columns) if mine.id in others]
    if not pairs:
        raise CorpusError(f"{first} and {second} share no id")
    for mine, theirs in pairs:
        if mine.text != theirs.text:
            raise CorpusError(f"{mine.id}: the text is not the same in {first} and {second}")
    return pairs


def disagreements(
    pairs: Sequence[tuple[AnnotatedSentence, AnnotatedSentence]], scheme: LabelScheme
) -> list[Disagreement]:
    """List what two annotators judged differently: entities, labels, and the targets of labels that both give."""
    found = []
    for first, second in pairs:
        mine, theirs = stances_by_code(first), stances_by_code(second)
        if mine.keys() != theirs.keys():
            found.append(Disagreement(first.id, "entities", " ".join(mine), " ".join(theirs)))
        for code in dict.fromkeys([*mine, *theirs]):
            for name in scheme.names:
                one, other = mine.get(code, {}).get(name), theirs.get(code, {}).get(name)
                if (one is None) != (other is None) or set(one or ()) != set(other or ()):
                    found.append(Disagreement(first.id, f"{code} {name}", _said(one), _said(other)))
    return found


def _said(targets: tuple[str, ...] | None) -> str:
    return "no" if targets is None else "toward " + (" ".join(targets) or "nobody")
