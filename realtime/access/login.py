"""Whom a socket belongs to, and by what right."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from django.utils.crypto import salted_hmac

from realtime.protocol.stream_names import user_stream_name

FRESH = 1.0
"""Seconds for which an answer of the stores counts; so does a sign-in."""

Identity = tuple[str | None, str | None, str | None]


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
    expires: float | None = None
    """When the right ends, in seconds since 1970; None where it has no end of its own."""
    streams: frozenset[str] | None = None
    """The only streams that may be followed; None leaves that to ``authorize``."""
    address: str | None = None
    """The address of a visitor."""
    digest: str | None = None
    """By what other processes name the session; a ticket has that of the session it came from."""
    password: str | None = None
    """The user's session hash at the sign-in by a ticket: a new password ends it."""
    has_ended: bool = field(init=False, default=False)
    """Whether the stores or a logout said so; what was true a moment ago counts no more."""
    me: str | None = field(init=False)
    """The name of the user's own stream, by which other processes name the user.

    A visitor has none.
    """

    def __post_init__(self) -> None:
        self.me = None if self.is_visitor else user_stream_name(self.user)
        if self.session_key is not None:
            self.digest = session_digest(self.session_key)

    @property
    def is_visitor(self) -> bool:
        """Whether nobody has signed in: a site may let visitors follow public streams."""
        return self.user.pk is None

    @property
    def account(self) -> str:
        """For whom budgets and threads count: the user, or the address of a visitor."""
        return self.me or f"visitor {self.address}"

    def may_follow(self, stream: str) -> bool:
        """Tell whether the stream is among those that the ticket named, if it named any."""
        return self.streams is None or stream in self.streams

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
        """Tell whether another socket has the same user, by the same right."""
        return self.identity == other.identity

    @property
    def identity(self) -> Identity:
        """The user, and what the sign-in went by: a session, a password, or neither."""
        return self.me, self.session_key, self.password

    def has_password_of(self, user: Any) -> bool:
        """Tell whether the user has the password still that the sign-in went by, if it did."""
        return self.password is None or self.password == user.get_session_auth_hash()


def session_digest(session_key: str) -> str:
    """Return by what other processes may name a session: its key would open it."""
    return salted_hmac("realtime.session", session_key, algorithm="sha256").hexdigest()[:32]
