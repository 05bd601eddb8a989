"""The names of streams that the server has signed: what stands in them, and which name is plain.

``room.7~<expires>~<user>~<signature>``: until when (milliseconds since 1970, in base 36) and for
the user of which stream it is good. Both may be empty. No stream's name has a ``~``.
"""

from __future__ import annotations

from typing import NamedTuple

from realtime.protocol.stream_names import STREAM_NAME

MARK = "~"

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"

MAX_SIGNED_NAME = 256
"""Characters of the longest one: two names of 80, an end, a signature of 43, three marks."""


class Claims(NamedTuple):
    """What is signed: the stream, until when (milliseconds since 1970), and for which user."""

    stream: str
    expires: int | None = None
    user: str | None = None
    """The name of the user's own stream; None: for all."""

    def is_good_for(self, user: str | None, now: float) -> bool:
        """Tell whether the user with that stream may follow at ``now`` (seconds since 1970)."""
        return self.user in (None, user) and (self.expires is None or now * 1000 < self.expires)


def plain_name(stream: str) -> str:
    """Return the name of the stream that a name stands for, signed or not."""
    return stream.partition(MARK)[0]


def is_signed(stream: str) -> bool:
    """Tell whether a name pretends to be signed."""
    return MARK in stream


def written(claims: Claims) -> str:
    """Return the text that is to be signed."""
    expires = "" if claims.expires is None else _base36(claims.expires)
    return MARK.join((claims.stream, expires, claims.user or ""))


def read(text: str) -> Claims | None:
    """Return what was signed; None for a text that ``written`` never returns."""
    parts = text.split(MARK)
    if len(parts) != 3 or not STREAM_NAME.fullmatch(parts[0]):
        return None
    stream, expires, user = parts
    try:
        return Claims(stream, int(expires, 36) if expires else None, user or None)
    except ValueError:
        return None


def _base36(number: int) -> str:
    digits = ""
    while number > 0:
        number, digit = divmod(number, 36)
        digits = DIGITS[digit] + digits
    return digits or "0"
