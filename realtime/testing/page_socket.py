"""A socket as a page has it: it answers pings, keeps lists, and holds the other frames."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from realtime.protocol.frames import Frame, ping, pong
from realtime.protocol.reading import heartbeat_frame
from realtime.sockets.asgi import Application, Scope
from realtime.testing.application_socket import ApplicationSocket, Found
from realtime.testing.presence_lists import PresenceLists


class PageSocket(ApplicationSocket):
    """Takes each frame of the ``application`` as the browser client does."""

    def __init__(self, application: Application, scope: Scope, first_frame: str) -> None:
        super().__init__(application, scope, self._take, first_frame)
        self.welcome: Frame | None = None
        self.unread: list[Any] = []
        """The frames that have come and were not asked for yet."""
        self.followed: dict[str, None] = {}
        """The streams that were asked for and given, until the server says that they ended."""
        self.presence = PresenceLists()
        self._silent = False
        self._unanswered: list[str] = []

    def go_silent(self) -> None:
        """Answer no pings any more; they are held as other frames are."""
        self._silent = True

    def resume(self) -> None:
        """Answer the pings that came meanwhile, and all to come."""
        self._silent = False
        while self._unanswered:
            self.send(pong(self._unanswered.pop(0)))

    async def next(self, wanted: Callable[[Any], bool], what: str, seconds: float) -> Any:
        """Take out the first frame that is ``wanted``, as soon as it has come.

        Raises ``AssertionError``, which says ``what`` is missing, if it has not after ``seconds``.
        """

        def position() -> int | None:
            return next((at for at, frame in enumerate(self.unread) if wanted(frame)), None)

        at = await self.wait(position, seconds)
        return self.unread.pop(self.require(at, what, seconds))

    def require(self, found: Found | None, what: str, seconds: float) -> Found:
        """Return what was found, or raise ``AssertionError`` with what there is instead."""
        if found is not None:
            return found
        code = self.close_code
        state = f"open after {seconds} s" if code is None else f"closed with {code}"
        if not self.accepted:
            state = f"not accepted, {state}"
        raise AssertionError(f"No {what} came; the socket is {state}, unread: {self.unread}")

    def _take(self, frame: str | bytes) -> None:
        heartbeat = heartbeat_frame(frame) if isinstance(frame, str) else None
        if heartbeat is None:
            self._show(decoded(frame))
        elif heartbeat["type"] == "ping" and self._silent:
            self._unanswered.append(heartbeat["nonce"])
            self.unread.append(heartbeat)
        elif heartbeat["type"] == "ping":
            self.send(pong(heartbeat["nonce"]))

    def _show(self, frame: Any) -> None:
        if self.welcome is None and is_a("welcome", frame):
            self.welcome = frame
            self.send(ping("welcomed"))  # As the protocol asks of a client.
        elif not self.presence.take(frame):
            if is_a("unsubscribed", frame):
                self.followed.pop(frame.get("stream", ""), None)
            self.unread.append(frame)


def decoded(frame: str | bytes) -> Any:
    """Return what JSON text stands for, and anything else as it is."""
    try:
        return json.loads(frame)
    except ValueError:
        return frame


def is_a(type: str, frame: Any) -> bool:
    """Tell whether a frame is an object of that type."""
    return isinstance(frame, dict) and frame.get("type") == type
