"""Who follows the streams of a test's socket, kept from its frames as a page keeps it."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from realtime.protocol.presence import PRESENCE_EVENT, Member, Presence


class PresenceLists:
    """The lists of one socket, by stream."""

    def __init__(self) -> None:
        self._by_stream: dict[str, Presence] = defaultdict(Presence)

    def take(self, frame: Any) -> bool:
        """Note what a frame says of a list; returns whether that is all that it says."""
        kind = frame.get("type") if isinstance(frame, dict) else None
        if kind in ("subscribed", "reset") and "presence" in frame:
            self._by_stream[frame["stream"]].replace(frame["presence"], frame["offset"])
        elif kind == "unsubscribed":
            self._by_stream.pop(frame["stream"], None)
        elif kind == "event" and frame.get("name") == PRESENCE_EVENT:
            if frame["stream"] in self._by_stream:
                self._by_stream[frame["stream"]].apply(frame["data"], frame.get("offset"))
            return True
        return False

    def members(self, stream: str) -> list[Member] | None:
        """Return who is there, None where the server has sent no list."""
        return self._by_stream[stream].members if stream in self._by_stream else None
