"""What a function that checks tickets may grant: a user, until when, and to which streams."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from realtime.protocol.stream_names import require_stream_name


@dataclass(frozen=True, slots=True)
class Grant:
    """What an ``AUTHENTICATE`` function returns where a user alone does not say all.

    ``expires`` ends the socket, in seconds since 1970 (``time.time()``), and lets its client come
    back with a new ticket. ``streams`` are the names of the only streams that it may follow; None
    leaves that to ``authorize``. Raises ``TypeError`` or ``ValueError`` for anything else.
    """

    user: Any
    expires: float | None = None
    streams: Iterable[str] | None = None

    def __post_init__(self) -> None:
        expires, streams = self.expires, self.streams
        if expires is not None and (
            isinstance(expires, bool) or not isinstance(expires, int | float)
        ):
            raise TypeError(f"expires is a number of seconds since 1970, or None, not {expires!r}.")
        if isinstance(streams, str):
            raise TypeError(f"streams are the names of several streams, not the text {streams!r}.")
        if streams is not None:
            names = frozenset(require_stream_name(name) for name in streams)
            object.__setattr__(self, "streams", names)
