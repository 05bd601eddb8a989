"""Which names a stream may have, and which one is a user's own."""

from __future__ import annotations

import hashlib
import re
from typing import Any

MAX_LENGTH = 80
STREAM_NAME = re.compile(rf"[A-Za-z0-9_.-]{{1,{MAX_LENGTH}}}")

USER_PREFIX = "user"
ESCAPED_USER_PREFIX = "user-"
"""The prefix where the primary key can't stand in a name as it is.

Apart from the other one, so that no escaped key is another user's plain one.
"""

HASH_DIGITS = 32


def require_stream_name(name: str) -> str:
    """Return ``name``; raises ``ValueError`` if it can't name a stream."""
    if not isinstance(name, str) or not STREAM_NAME.fullmatch(name):
        raise ValueError(
            f"A stream's name is 1 to {MAX_LENGTH} letters, digits, '_', '.' and '-', not {name!r}."
        )
    return name


def user_stream_name(user: Any) -> str:
    """Return the name of the user's own stream; raises ``ValueError`` for one without a pk."""
    if user.pk is None:
        raise ValueError(f"{user!r} has no primary key, and so no stream.")
    return pk_stream_name(str(user.pk))


def pk_stream_name(pk: str) -> str:
    """Return the name of the stream of the user with that primary key, as text.

    ``user.<pk>`` where that is a legal name. Otherwise each byte of UTF-8 that is no letter or
    digit becomes ``-`` and two hexadecimal digits. What is then too long ends with ``_``, which no
    other escaped name has, and the first 128 bits of the key's SHA-256.
    """
    plain = f"{USER_PREFIX}.{pk}"
    if STREAM_NAME.fullmatch(plain):
        return plain
    escaped = f"{ESCAPED_USER_PREFIX}.{_escaped(pk)}"
    if len(escaped) <= MAX_LENGTH:
        return escaped
    digest = hashlib.sha256(pk.encode()).hexdigest()[:HASH_DIGITS]
    return f"{escaped[: MAX_LENGTH - HASH_DIGITS - 1]}_{digest}"


def _escaped(text: str) -> str:
    return re.sub(rb"[^A-Za-z0-9]", lambda found: b"-%02X" % ord(found[0]), text.encode()).decode()
