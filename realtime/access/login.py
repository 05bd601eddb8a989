"""Whom a socket belongs to, and by what right."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from django.utils.crypto import salted_hmac

from realtime.protocol.stream_names import user_stream_name

FRESH = 1.0
"""Seconds for which an answer of the stores counts; so does a sign-in."""


@dataclass(slots=True, eq=False)
class Login:
    """The user of a socket, as the stores had them at ``verified_at``.

    Applications get copies of ``user``, which may remember things; see ``current_user``.
    """

    user: Any
    session_key: str | None = None
    """The session that the user was found in; None where something else named the user."""
    backend: str | None = None
    """The authentication backend that the session names."""
    verified_at: float = 0.0
    """When the stores were last asked, of the event loop's clock."""
    doubted_at: float = -math.inf
    """When there was last a reason to ask them: no earlier answer counts."""
    has_ended: bool = field(init=False, default=False)
    """Whether the stores or a logout said so; what was true a moment ago counts no more."""
    me: str = field(init=False)
    """The name of the user's own stream, by which other processes name the user."""
    digest: str | None = field(init=False)
    """By what other processes name the session."""

    def __post_init__(self) -> None:
        self.me = user_stream_name(self.user)
        self.digest = None if self.session_key is None else session_digest(self.session_key)

    def doubt(self, now: float) -> None:
        """Let no answer count that the stores gave before ``now``."""
        self.doubted_at = now

    def is_fresh(self, now: float) -> bool:
        """Tell whether the last answer counts still."""
        return self.doubted_at < self.verified_at and now <= self.verified_at + FRESH

    def verified(self, user: Any, asked_at: float) -> None:
        """Take the user whom the stores had when they were asked, unless a later answer is here."""
        if asked_at >= self.verified_at:
            self.user, self.verified_at = user, asked_at

    def end(self) -> None:
        """Note that the right has ended, for what is still to be carried out."""
        self.has_ended = True

    def is_same(self, other: Login) -> bool:
        """Tell whether another socket has its user from the same session, or the same user."""
        return self.session_key == other.session_key and self.me == other.me


def session_digest(session_key: str) -> str:
    """Return by what other processes may name a session: its key would open it."""
    return salted_hmac("realtime.session", session_key, algorithm="sha256").hexdigest()[:32]
