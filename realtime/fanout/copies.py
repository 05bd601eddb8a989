"""One event for followers that select: it is parsed once, and encoded once for equal fields."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any

from realtime.eventlog import LoggedEvent
from realtime.layer.messages import Event
from realtime.protocol import frames


class Copies:
    """An event, and a message for each text of fields that followers have given.

    ``frame`` is the event's own, or as it is replayed.
    """

    def __init__(self, event: Event, frame: str) -> None:
        self.event = event
        self.offset = event.offset if isinstance(event, LoggedEvent) else None
        """The event's offset, None for one that is not kept."""
        self._frame = frame
        self._messages: dict[str, dict[str, str]] = {}

    @cached_property
    def data(self) -> Any:
        """What the event says."""
        event = self.event
        return event.data if isinstance(event, LoggedEvent) else json.loads(event.frame)["data"]

    def message(self, extra: str) -> dict[str, str]:
        """Return the message for all followers with these fields, a JSON object or no text."""
        message = self._messages.get(extra)
        if message is None:
            text = frames.extended(self._frame, extra) if extra else self._frame
            message = self._messages[extra] = {"type": "websocket.send", "text": text}
        return message
