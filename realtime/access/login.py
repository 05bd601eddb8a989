"""Whom a socket belongs to, and by what right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Login:
    """The user of a socket, as the sign-in found them; later checks replace ``user``."""

    user: Any
    session_key: str | None = None
    """The session that the user was found in; None where something else named the user."""
