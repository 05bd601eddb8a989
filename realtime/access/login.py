"""Whom a socket belongs to, and by what right."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any


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

    @property
    def is_visitor(self) -> bool:
        """Whether nobody has signed in: a site may let visitors follow public streams."""
        return self.user.pk is None

    @property
    def account(self) -> Hashable:
        """For whom budgets and threads count: a user's primary key, or a visitor's address."""
        return ("visitor", self.address) if self.is_visitor else self.user.pk

    def may_follow(self, stream: str) -> bool:
        """Tell whether the stream is among those that the ticket named, if it named any."""
        return self.streams is None or stream in self.streams
