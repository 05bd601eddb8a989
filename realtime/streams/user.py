"""The own stream of each user."""

from __future__ import annotations

from typing import Any

from realtime.concurrency.threads import nonblocking
from realtime.protocol.stream_names import USER_PREFIX, user_stream_name
from realtime.streams.registry import register
from realtime.streams.stream import Stream


@register(USER_PREFIX)
class UserStream(Stream):
    """A user's own stream, ``user.<pk>``: only that user may follow it.

    A primary key that can't stand in a name is escaped there, so don't read it from ``key``: the
    methods get the user.
    """

    reauthorize_every = None  # The answer never changes.

    @nonblocking
    def authorize(self, user: Any) -> bool:
        return self.name == user_stream_name(user)
