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
    expires: float | None = None
    """When the right ends, in seconds since 1970; None where it has no end of its own."""
    streams: frozenset[str] | None = None
    """The only streams that may be followed; None leaves that to ``authorize``."""
    address: str | None = None
    """The address of a visitor."""
    digest: str | None = field(init=False)
    """By what other processes name that session."""

    def __post_init__(self) -> None:
        self.digest = None if self.session_key is None else session_digest(self.session_key)

    @property
    def is_visitor(self) -> bool:
        """Whether nobody has signed in: a site may let visitors follow public streams."""
        return self.user.pk is None

    @property
    def me(self) -> str | None:
        """The name of the user's own stream, by which other processes name the user.

        A visitor has none.
        """
        return None if self.is_visitor else user_stream_name(self.user)

    @property
    def account(self) -> str:
        """For whom budgets and threads count: the user, or the address of a visitor."""
        return self.me or f"visitor {self.address}"

    def may_follow(self, stream: str) -> bool:
        """Tell whether the stream is among those that the ticket named, if it named any."""
        return self.streams is None or stream in self.streams


def session_digest(session_key: str) -> str:
    """Return by what other processes may name a session: its key would open it."""
    return salted_hmac("realtime.session", session_key, algorithm="sha256").hexdigest()[:32]
