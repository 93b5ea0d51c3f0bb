"""Country-blind token ids: every mention becomes the placeholder token of its entity's slot."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tokenizers import AddedToken, Tokenizer

from model.documents import Span

SLOTS = 16
"""Placeholder tokens. The seventeenth entity of a sentence shares the first one's token, never its vector."""


@dataclass(frozen=True, slots=True)
class EncodableSentence:
    """A sentence and, per entity, the places of its mentions relative to the sentence's start."""

    text: str
    entities: tuple[tuple[Span, ...], ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a batch: a sentence, or a window of one that is longer than the model reads at once.

    Attributes:
        sentence: Index of the sentence.
        ids: Token ids with the special tokens at both ends.
        entities: Indices of the sentence's entities that are mentioned in the row.
        positions: For each of them, the positions of its placeholders in ``ids``.
    """

    sentence: int
    ids: list[int]
    entities: tuple[int, ...]
    positions: tuple[tuple[int, ...], ...]


def placeholder(slot: int) -> str:
    """Return the placeholder token of a slot."""
    return f"[ENTITY_{slot}]"


def masked_length(entity: int) -> int:
    """Return how many characters `mask` puts in the place of a mention of the entity with this index."""
    return len(placeholder(entity % SLOTS))


def add_placeholders(tokenizer: Tokenizer) -> list[int]:
    """Add the placeholder tokens to a tokenizer and return their ids, in slot order."""
    tokens = [placeholder(slot) for slot in range(SLOTS)]
    # Not special, so that `encode_special_tokens` leaves them active while it turns "[SEP]" in a text into plain words.
    tokenizer.add_tokens([AddedToken(token, normalized=False, special=False) for token in tokens])
    return slot_ids(tokenizer)


def slot_ids(tokenizer: Tokenizer) -> list[int]:
    """Return the ids of the placeholder tokens, in slot order.

    Raises:
        ValueError: the tokenizer has no placeholders.
    """
    ids = [tokenizer.token_to_id(placeholder(slot)) for slot in range(SLOTS)]
    known = [token for token in ids if token is not None]
    if len(known) != SLOTS:
        raise ValueError("the tokenizer has no placeholder tokens")
    return known


def vocabulary_size(tokenizer: Tokenizer) -> int:
    """Return how many rows an embedding table needs: one more than the highest id, which may leave holes."""
    return max(tokenizer.get_vocab().values()) + 1


class Encoder:
    """Turns sentences into rows of token ids in which no country can be told from another."""

    def __init__(self, tokenizer: Tokenizer, max_tokens: int) -> None:
        """Use a tokenizer that has the placeholders; rows hold at most ``max_tokens`` ids."""
        self.tokenizer = tokenizer
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        self.tokenizer.encode_special_tokens = True
        self.max_tokens = max_tokens
        self._slot_ids = frozenset(slot_ids(tokenizer))
        self._prefix, self._suffix = _special_tokens(tokenizer)

    def encode(self, sentences: Sequence[EncodableSentence]) -> list[Row]:
        """Encode sentences; those without entities give no row, long ones several.

        Args:
            sentences: Sentences whose spans lie inside their text and do not overlap.

        Returns:
            Rows in the order of the sentences.
        """
        wanted = [index for index, sentence in enumerate(sentences) if sentence.entities]
        masked = [mask(sentences[index]) for index in wanted]
        encodings = self.tokenizer.encode_batch_fast([text for text, _ in masked], add_special_tokens=False)
        rows: list[Row] = []
        for index, (_, order), encoding in zip(wanted, masked, encodings, strict=True):
            rows.extend(self.rows(index, encoding.ids, order))
        return rows

    def rows(self, sentence: int, ids: list[int], order: list[int]) -> Iterator[Row]:
        """Cut one sentence's ids into rows; ``order`` names the entity of each placeholder in turn, see `mask`."""
        places = [position for position, token in enumerate(ids) if token in self._slot_ids]
        if len(places) != len(order):
            raise ValueError(f"{len(order)} mentions gave {len(places)} placeholders")
        for start, end in _windows(len(ids), self.max_tokens - len(self._prefix) - len(self._suffix)):
            found: dict[int, list[int]] = {}
            for place in range(bisect_left(places, start), bisect_left(places, end)):
                found.setdefault(order[place], []).append(places[place] - start + len(self._prefix))
            if found:
                yield Row(
                    sentence,
                    self._prefix + ids[start:end] + self._suffix,
                    tuple(found),
                    tuple(tuple(positions) for positions in found.values()),
                )


def mask(sentence: EncodableSentence) -> tuple[str, list[int]]:
    """Replace every mention by its placeholder.

    Returns:
        The masked text and, for each placeholder in the order of the text, the index of its entity.
    """
    mentions = sorted((span.start, span.end, index) for index, spans in enumerate(sentence.entities) for span in spans)
    pieces: list[str] = []
    last = 0
    for start, end, index in mentions:
        pieces += (_plain(sentence.text[last:start]), placeholder(index % SLOTS))
        last = end
    pieces.append(_plain(sentence.text[last:]))
    return "".join(pieces), [index for _, _, index in mentions]


def _plain(text: str) -> str:
    """Keep a text from spelling a placeholder itself."""
    return text.replace("[ENTITY_", "(ENTITY_") if "[ENTITY_" in text else text


def _special_tokens(tokenizer: Tokenizer) -> tuple[list[int], list[int]]:
    """Return the ids that the tokenizer puts before and after a text."""
    bare = tokenizer.encode("a", add_special_tokens=False).ids
    full = tokenizer.encode("a", add_special_tokens=True).ids
    for start in range(len(full) - len(bare) + 1):
        if full[start : start + len(bare)] == bare:
            return full[:start], full[start + len(bare) :]
    raise ValueError("the tokenizer's special tokens do not stand around the text")


def _windows(length: int, size: int) -> Iterator[tuple[int, int]]:
    """Yield windows that cover ``length`` tokens and overlap by half, so that no mention loses both its sides."""
    if length <= size:
        yield 0, length
        return
    step = size // 2
    for start in range(0, length - size + step, step):
        yield start, min(start + size, length)
