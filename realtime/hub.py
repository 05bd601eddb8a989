"""Who follows what in this process: one hub for each event loop, the only reader of the layer."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Iterator
from typing import Any, Protocol

from realtime.conf import realtime_settings
from realtime.events import EVENT_TYPE, group_name
from realtime.layer_link import ANSWER_WITHIN, LayerLink
from realtime.protocol import frames
from realtime.protocol.close_codes import CloseCode
from realtime.ring import Message
from realtime.socket import Socket

logger = logging.getLogger(__name__)

LEAVE_AFTER = 30.0
"""Seconds for which a stream's group is kept after its last follower has left."""


class Follower(Protocol):
    """What follows a stream."""

    def deliver(self, message: Any, size: int) -> None:
        """Take an encoded event, a ``websocket.send`` of ``size`` bytes, without waiting."""


class Hub:
    """The local followers of each stream; encodes an event once and hands it to all of them."""

    def __init__(self) -> None:
        self._followers: dict[str, dict[Follower, None]] = {}
        self._joined: dict[str, asyncio.Task[None]] = {}
        self._leaving: dict[str, asyncio.TimerHandle] = {}
        self._departures: dict[str, asyncio.Task[None]] = {}
        self._sockets: dict[Any, dict[Socket, None]] = {}
        self._link = LayerLink(self._groups, self.deliver)

    async def follow(self, stream: str, follower: Follower) -> None:
        """Hand ``follower`` all events of ``stream`` from now on; returns when they arrive here.

        While the channel layer is down it returns at once: the link joins when it is back.
        """
        self._followers.setdefault(stream, {})[follower] = None
        if leaving := self._leaving.pop(stream, None):
            leaving.cancel()
        if stream not in self._joined:
            self._joined[stream] = asyncio.create_task(self._join(stream))
        await asyncio.wait({self._joined[stream]}, timeout=ANSWER_WITHIN)

    def unfollow(self, stream: str, follower: Follower) -> None:
        """Hand ``follower`` nothing more; harmless for one that does not follow."""
        followers = self._followers.get(stream)
        if followers is None or followers.pop(follower, False) is False or followers:
            return
        del self._followers[stream]
        loop = asyncio.get_running_loop()
        self._leaving[stream] = loop.call_later(LEAVE_AFTER, self._leave, stream)

    def deliver(self, message: Message) -> None:
        """Hand an event's message to the followers of its stream."""
        if message.get("type") != EVENT_TYPE:
            return
        try:
            followers = self._followers.get(message["stream"])
            if not followers:
                return
            text = frames.event(
                message["stream"],
                message["name"],
                message.get("data"),
                event_id=message.get("id") or uuid.uuid4().hex,
                at=message.get("at") or int(time.time() * 1000),
            )
        except (KeyError, TypeError, ValueError) as error:
            logger.error("event dropped stream=%r error=%r", message.get("stream"), error)
            return
        logger.info(
            "deliver event=%s stream=%s name=%s sockets=%d",
            message.get("id"),
            message["stream"],
            message["name"],
            len(followers),
        )
        encoded = {"type": "websocket.send", "text": text}
        for follower in list(followers):
            follower.deliver(encoded, len(text))

    def signed_in(self, socket: Socket) -> None:
        """Count a user's socket; one too many ends the oldest, which may be a dead one."""
        sockets = self._sockets.setdefault(socket.user.pk, {})
        sockets[socket] = None
        if len(sockets) > realtime_settings().MAX_SOCKETS_PER_USER:
            oldest = next(iter(sockets))
            self.gone(oldest)
            oldest.end(CloseCode.TOO_MANY_SOCKETS)

    def gone(self, socket: Socket) -> None:
        """Forget a user's socket; harmless for one that was never counted."""
        key = getattr(socket.user, "pk", None)
        sockets = self._sockets.get(key, {})
        sockets.pop(socket, None)
        if not sockets:
            self._sockets.pop(key, None)

    async def _join(self, stream: str) -> None:
        if departure := self._departures.get(stream):
            await departure
        await self._link.join(group_name(stream))

    def _leave(self, stream: str) -> None:
        del self._leaving[stream], self._joined[stream]
        departure = asyncio.create_task(self._link.leave(group_name(stream)))
        self._departures[stream] = departure
        departure.add_done_callback(lambda _: self._departures.pop(stream, None))

    def _groups(self) -> Iterator[str]:
        return (group_name(stream) for stream in self._joined)


_hubs: dict[asyncio.AbstractEventLoop, Hub] = {}


def running_hub() -> Hub:
    """Return the hub of the running event loop; the first call starts it."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        for closed in [other for other in _hubs if other.is_closed()]:
            del _hubs[closed]
        _hubs[loop] = Hub()
    return _hubs[loop]
