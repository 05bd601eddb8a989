"""Whom a socket belongs to, and by what right."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.utils.crypto import salted_hmac

from realtime.protocol.stream_names import user_stream_name


@dataclass(slots=True)
class Login:
    """The user of a socket, as the sign-in found them; later checks replace ``user``."""

    user: Any
    session_key: str | None = None
    """The session that the user was found in; None where something else named the user."""
    digest: str | None = field(init=False)
    """By what other processes name that session."""

    def __post_init__(self) -> None:
        self.digest = None if self.session_key is None else session_digest(self.session_key)

    @property
    def me(self) -> str:
        """The name of the user's own stream, by which other processes name the user."""
        return user_stream_name(self.user)


def session_digest(session_key: str) -> str:
    """Return by what other processes may name a session: its key would open it."""
    return salted_hmac("realtime.session", session_key, algorithm="sha256").hexdigest()[:32]
