"""A body in pieces, taken apart into lines of bounded length."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a body.

    Attributes:
        number: Its number, from 1.
        content: Its bytes without the line end; None if there are more than the limit.
    """

    number: int
    content: bytes | None


async def split_lines(pieces: AsyncIterable[bytes], max_bytes: int) -> AsyncIterator[Line]:
    """Yield the lines of a body that are not blank, as they arrive.

    Memory is bounded by the longest line that is let through and the largest piece; what is longer is skipped.

    Args:
        pieces: The body.
        max_bytes: Longest line.
    """
    number, held, overlong = 1, bytearray(), False
    async for piece in pieces:
        *ended, rest = piece.split(b"\n")
        for end in ended:
            if overlong or len(held) + len(end) > max_bytes:
                yield Line(number, None)
            elif (content := bytes(held + end)).strip():
                yield Line(number, content)
            number, overlong = number + 1, False
            held.clear()
        if overlong or len(held) + len(rest) > max_bytes:
            overlong = True
            held.clear()
        else:
            held += rest
    if overlong:
        yield Line(number, None)
    elif held.strip():
        yield Line(number, bytes(held))
