"""Which names a stream may have."""

from __future__ import annotations

import re
from typing import Any

STREAM_NAME = re.compile(r"[A-Za-z0-9_.-]{1,80}")


def require_stream_name(name: str) -> str:
    """Return ``name``; raises ``ValueError`` if it can't name a stream."""
    if not isinstance(name, str) or not STREAM_NAME.fullmatch(name):
        raise ValueError(
            f"A stream's name is 1 to 80 letters, digits, '_', '.' and '-', not {name!r}."
        )
    return name


def user_stream_name(user: Any) -> str:
    """Return the name of the user's own stream; raises ``ValueError`` for one without a pk."""
    if user.pk is None:
        raise ValueError(f"{user!r} has no primary key, and so no stream.")
    return require_stream_name(f"user.{user.pk}")
