"""``RealtimeCommunicator``: a client for tests, on an ASGI application in the same process."""

from __future__ import annotations

import itertools
import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

from realtime.events import apublish
from realtime.exceptions import RealtimeError
from realtime.protocol.frames import (
    SUBPROTOCOL,
    TICKET_PROTOCOL,
    Frame,
    authenticate,
    ping,
)
from realtime.protocol.presence import Member
from realtime.recipients import Recipient, stream_names
from realtime.sockets.asgi import Application
from realtime.testing.application_socket import browser_scope
from realtime.testing.page_socket import PageSocket, is_a

GOING_AWAY = 1001
"""What a browser says when its page is left (RFC 6455, section 7.4.1)."""


class RealtimeCommunicator:
    """A socket to an ASGI ``application``, open inside ``async with``; it answers pings by itself.

    ``path`` may have a query. ``user`` is put into the scope, as an authentication middleware
    would; without it, a session cookie among ``headers`` counts. A ``ticket`` counts before both.
    ``headers`` are added to the ``Host`` and ``Origin`` that a browser sends. ``subprotocols`` are
    offered to the server.

    What does not come within ``timeout`` seconds, here the welcome, or can't come any more, raises
    ``AssertionError``. What the application raises is raised by what waits for it.
    """

    def __init__(
        self,
        application: Application,
        *,
        path: str = "/realtime/",
        user: Any = None,
        ticket: str | None = None,
        headers: Mapping[str, str] | None = None,
        subprotocols: Sequence[str] = (SUBPROTOCOL,),
        timeout: float = 1,
    ) -> None:
        announced = [] if ticket is None else [TICKET_PROTOCOL]
        scope = browser_scope(path, headers or {}, [*subprotocols, *announced])
        if user is not None:
            scope["user"] = user
        # A visitor who sends nothing would have to wait for the refusal.
        first = ping("hello") if ticket is None else authenticate(ticket)
        self._socket = PageSocket(application, scope, first)
        self._timeout = timeout
        self._refs = itertools.count(1)

    @property
    def welcome(self) -> Frame | None:
        """The server's first frame; None where it has refused to talk."""
        return self._socket.welcome

    @property
    def unread(self) -> list[Any]:
        """The frames that have come and were not asked for yet."""
        return self._socket.unread

    @property
    def me(self) -> str | None:
        """The name of the user's own stream, as ``welcome`` gave it."""
        return None if self.welcome is None else self.welcome.get("me")

    @property
    def subprotocol(self) -> str | None:
        """The subprotocol that the server has selected."""
        return self._socket.subprotocol

    async def subscribe(
        self,
        stream: str = "me",
        *,
        after: dict[str, Any] | None = None,
        extra: dict[str, Any] | None = None,
        timeout: float = 1,  # noqa: ASYNC109
    ) -> Frame:
        """Follow a stream and return the ``subscribed`` frame; ``after`` is a position.

        ``extra`` are values of the fields that the stream's class names.

        Raises ``RealtimeError`` if the server refuses.
        """
        frame: Frame = {"type": "subscribe", "stream": stream}
        if after is not None:
            frame |= {"after": after, "presence": True}
        if extra is not None:
            frame["extra"] = extra
        return await self._ask(frame, timeout)

    async def unsubscribe(self, stream: str, *, timeout: float = 1) -> Frame:  # noqa: ASYNC109
        """Follow a stream no longer and return the ``unsubscribed`` frame.

        Raises ``RealtimeError`` if the server refuses.
        """
        return await self._ask({"type": "unsubscribe", "stream": stream}, timeout)

    async def send(
        self,
        stream: str,
        name: str,
        data: Any = None,
        *,
        timeout: float = 1,  # noqa: ASYNC109
    ) -> Any:
        """Send a message to the application behind a stream and return the data of its reply.

        Raises ``RealtimeError`` if the server refuses.
        """
        frame = {"type": "send", "stream": stream, "name": name, "data": data}
        return (await self._ask(frame, timeout))["data"]

    async def presence(
        self,
        stream: str,
        users: Iterable[Recipient] | None = None,
        *,
        timeout: float = 1,  # noqa: ASYNC109
    ) -> list[Member]:
        """Return who is there in a stream that this socket follows, the first to come first.

        With ``users``, or the names of their streams, wait until it is exactly these.
        """
        name = (self.me or stream) if stream == "me" else stream
        wanted = None if users is None else set(stream_names(users))

        def found() -> list[Member] | None:
            members = self._socket.presence.members(name)
            there = {member["user"] for member in members or ()}
            return members if wanted in (None, there) else None

        members = await self._socket.wait(found, timeout)
        there = self._socket.presence.members(name)
        return self._socket.require(
            members, f"list of {wanted or 'members'} (there is {there})", timeout
        )

    async def set_presence(
        self,
        stream: str,
        meta: dict[str, Any],
        *,
        timeout: float = 1,  # noqa: ASYNC109
    ) -> dict[str, Any]:
        """Say something of this socket's user on the list, and return what the server made of it.

        Raises ``RealtimeError`` if the server refuses.
        """
        answer = await self._ask({"type": "presence", "stream": stream, "meta": meta}, timeout)
        decided: dict[str, Any] = answer["data"]
        return decided

    async def event(self, name: str | None = None, timeout: float = 1) -> Frame:  # noqa: ASYNC109
        """Return the next event, or the next of that name; others wait to be asked for."""

        def wanted(frame: Any) -> bool:
            return is_a("event", frame) and name in (None, frame.get("name"))

        frame: Frame = await self._socket.next(
            wanted, f"event {name}" if name else "event", timeout
        )
        return frame

    async def no_event(self, name: str | None = None, timeout: float = 1) -> None:  # noqa: ASYNC109
        """Show that no event (or none of that name) has come that was published before this call.

        A marker is published to each stream that the socket follows. When the markers have arrived,
        so has all that was published before them, or it never will.

        Raises ``AssertionError`` if such an event is unread, or a marker doesn't come, and
        ``RuntimeError`` where the socket follows nothing.
        """
        if not self._socket.followed:
            raise RuntimeError("Follow a stream first: the marker has to reach this socket.")
        for stream in list(self._socket.followed):
            marker = uuid.uuid4().hex
            await apublish(stream, marker, ephemeral=True)
            await self.event(marker, timeout)
        events = [one for one in self.unread if is_a("event", one)]
        found = [event for event in events if name in (None, event["name"])]
        if found:
            raise AssertionError(f"No event {name or ''} should have come, but: {found}")

    async def frame(self, type: str | None = None, timeout: float = 1) -> Any:  # noqa: ASYNC109
        """Return the next frame, or the next of that type; others wait to be asked for.

        One that isn't JSON is returned as the text or the bytes that it is.
        """

        def wanted(frame: Any) -> bool:
            return type is None or is_a(type, frame)

        return await self._socket.next(wanted, type or "frame", timeout)

    async def send_frame(self, frame: Frame | str | bytes) -> None:
        """Send any frame: an object as JSON, text and bytes as they are."""
        self._socket.send(json.dumps(frame) if isinstance(frame, dict) else frame)

    async def closed(self, timeout: float = 1) -> int:  # noqa: ASYNC109
        """Wait until the server has closed the socket and return the close code.

        It is 1006 where the handshake was refused.
        """
        code = await self._socket.wait(lambda: self._socket.close_code, timeout)
        return self._socket.require(code, "close", timeout)

    async def close(self, code: int = GOING_AWAY, timeout: float = 1) -> None:  # noqa: ASYNC109
        """Close the socket, as by leaving the page, and wait until the application has ended."""
        self._socket.end(code)
        await self._socket.finish(timeout)

    def go_silent(self) -> None:
        """Answer no pings any more; they can be seen with ``frame("ping")``."""
        self._socket.go_silent()

    def resume(self) -> None:
        """Answer the pings that came meanwhile, as a page does that was frozen, and all to come."""
        self._socket.resume()

    async def __aenter__(self) -> Self:
        self._socket.open()
        try:
            welcome = await self._socket.wait(lambda: self.welcome, self._timeout)
            self._socket.require(welcome or self._socket.close_code, "welcome", self._timeout)
        except BaseException:
            self._socket.abandon()
            raise
        return self

    async def __aexit__(self, error_type: type[BaseException] | None, *_: object) -> None:
        if error_type is None:
            await self.close()
        else:
            self._socket.abandon()  # What the application does now would hide the test's error.

    async def _ask(self, frame: Frame, timeout: float) -> Frame:  # noqa: ASYNC109
        """Send a command and return its answer."""
        ref = next(self._refs)
        await self.send_frame({**frame, "ref": ref})

        def answers(frame: Any) -> bool:
            return isinstance(frame, dict) and frame.get("ref") == ref

        answer: Frame = await self._socket.next(answers, f"answer to {frame['type']}", timeout)
        if answer["type"] == "error":
            raise RealtimeError(answer["code"], answer["message"])
        if answer["type"] == "subscribed":
            self._socket.followed[answer["stream"]] = None
        return answer
