"""A message in the payloads of notifications: cut into parts, and put together again."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

PART = 7800
"""Bytes of a message in one notification; PostgreSQL takes 7,999 with the name and numbers."""

TEXT = 25
"""PostgreSQL's number for the type ``text``."""


def payloads(target: str, number: int, message: bytes) -> list[bytes]:
    """Return the parts of a message; ``number`` tells it from others that one connection sends."""
    parts = [message[start : start + PART] for start in range(0, len(message), PART)]
    head, last = f"{target} {number}".encode("ascii"), len(parts) - 1
    return [b"%s %d/%d %s" % (head, place, last, part) for place, part in enumerate(parts)]


class Part(NamedTuple):
    """A part of a message, with its place among those."""

    target: str
    number: bytes
    place: bytes
    text: bytes


def part_in(payload: bytes) -> Part:
    """Read a payload; raises ``ValueError`` for what is none of ours."""
    target, number, place, text = payload.split(b" ", 3)
    return Part(target.decode("ascii"), number, place, text)


class Joined:
    """Puts messages together. Their parts come one after the other."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._parts_of: tuple[str, bytes] | None = None

    def take(self, part: Part) -> bytes | None:
        """Take a part; returns the message with its last one.

        Of one whose beginning is missing the rest is left. Raises ``ValueError`` for a place that
        is none.
        """
        place, last = map(int, part.place.split(b"/"))
        message = part.target, part.number
        if place == 0:
            self._parts, self._parts_of = [], message
        elif message != self._parts_of or place != len(self._parts):
            return None
        self._parts.append(part.text)
        if place < last:
            return None
        whole, self._parts = b"".join(self._parts), []
        return whole

    def forget(self) -> None:
        """Forget the parts of a message that is not whole yet: some may be missing."""
        self._parts_of = None


def text_array(values: Sequence[bytes]) -> bytes:
    """Return a ``text[]`` as PostgreSQL has it in binary: dimensions, no nulls, type, size, from.

    As text, each quote and backslash of the payloads would have to be escaped.
    """
    parts = [struct.pack("!5i", 1, 0, TEXT, len(values), 1)]
    for value in values:
        parts += [struct.pack("!i", len(value)), value]
    return b"".join(parts)
