"""The commands of a socket: subscribe, unsubscribe and send."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from realtime.concurrency.threads import run_application, run_message
from realtime.conf import realtime_settings
from realtime.exceptions import FrameError, Refused
from realtime.fanout.hub import Hub
from realtime.hints import hint
from realtime.logs import LIMITED, get_logger
from realtime.protocol import frames
from realtime.protocol.frames import Frame
from realtime.protocol.position import Position, parse_position
from realtime.protocol.stream_names import STREAM_NAME, user_stream_name
from realtime.sockets.failures import is_for_now
from realtime.sockets.realtime_socket import RealtimeSocket
from realtime.streams import Stream, find
from realtime.subscriptions.hooks import Hooks
from realtime.subscriptions.kinds import make_subscription, require_given
from realtime.subscriptions.subscription import Subscription

logger = get_logger(__name__)

_NO_ANSWER = "%s.authorize returned None, which refuses: return True or False."
_UNSERVED = (
    "subscribe stream=%s: no stream class serves the prefix %r. Register one in a module named "
    "streams of an installed app; modules of another name are not imported at start."
)

AWAY = "Something that the server needs for this is away; try again."
FAULT = "The server failed to do this; it is logged."
LATE = "The server is too busy to do this in time; try again."


class Commands:
    """Carries out the commands of one socket, and keeps its subscriptions by name."""

    __slots__ = ("_by_name", "_hooks", "_hub", "_socket")

    def __init__(self, socket: RealtimeSocket, hub: Hub) -> None:
        self._socket = socket
        self._hub = hub
        self._by_name: dict[str, Subscription] = {}
        self._hooks = Hooks(socket)

    async def run(self, frame: Frame) -> None:
        """Carry out one command; what goes wrong goes to the socket as an error."""
        ref = frame.get("ref")
        try:
            text = await self._handlers[frame["type"]](self, frame, ref)
        except FrameError as error:
            about = self._socket.id, error.code, error
            logger.info("refused socket=%s code=%s reason=%s", *about, extra=LIMITED)
            text = frames.error(error.code, error.message, ref)
        except Exception as error:
            text = self._failure(error, frame["type"], ref)
        if text is not None:
            self._socket.send_text(text)

    def end(self) -> None:
        """End all subscriptions; messages to their streams that have come are still handed on."""
        for subscription in self._by_name.values():
            subscription.end()
        self._hooks.end()

    async def finished(self) -> None:
        """Wait, after the end, for the hooks of the streams that were left."""
        await self._hooks.finished()

    def _failure(self, error: Exception, command: str, ref: int | str | None) -> str:
        """Log an error and return what the client gets: to try again, if that may help."""
        if is_for_now(error):
            # Thousands of sockets get it together, and no traceback says more.
            about = self._socket.id, command, error
            logger.error("failed socket=%s command=%s error=%r", *about, extra=LIMITED)
            sentence = LATE if isinstance(error, TimeoutError) else AWAY
            return frames.error("internal", sentence, ref)
        logger.error(
            "failed socket=%s command=%s",
            *(self._socket.id, command),
            exc_info=error,
            extra=LIMITED,
        )
        if command == "subscribe":
            return frames.error("failed", FAULT, ref)
        return frames.error("internal", FAULT, ref)

    async def _subscribe(self, frame: Frame, ref: int | str | None) -> None:
        after = _position_in(frame)
        deadline = _deadline()
        stream = await self._allowed_stream(frame, deadline)
        await self._hooks.before("before_subscribe", stream, deadline)
        subscription = await make_subscription(self._socket, stream, self._hub, deadline)
        self._by_name[stream.name] = subscription
        try:
            await subscription.start(after, ref, deadline)
        except BaseException:
            self._forget(stream.name)
            raise
        await self._hooks.subscribed(stream)

    async def _allowed_stream(self, frame: Frame, deadline: float) -> Stream:
        name = frame["stream"]
        if self._socket.user is None:
            raise FrameError("forbidden", "This socket is not signed in.")
        if name == "me":
            if frame.get("after") is not None:
                raise FrameError("refused", "after goes with the stream's own name, not with me.")
            name = user_stream_name(self._socket.user)
        if not STREAM_NAME.fullmatch(name):
            raise FrameError("bad_frame", f"{name[:80]!r} can't be a stream's name.")
        if name in self._by_name:
            raise FrameError("already_subscribed", f"This socket follows {name} already.")
        if len(self._by_name) >= (limit := realtime_settings().MAX_STREAMS_PER_SOCKET):
            raise FrameError("too_many", f"A socket follows at most {limit} streams.")
        stream = find(name, self._socket.id, frame.get("extra"))
        if stream is None:
            hint(logger, _UNSERVED, name, name.partition(".")[0], kind=name.partition(".")[0])
            raise FrameError("unknown_stream", f"There are no streams like {name}.")
        require_given(stream)
        user = self._socket.user
        async with asyncio.timeout_at(deadline):
            allowed = await run_application(user.pk, stream.authorize, user)
        if allowed is None:
            hint(logger, _NO_ANSWER, type(stream).__qualname__, kind=type(stream).__qualname__)
        if not allowed:
            raise FrameError("forbidden", f"You may not follow {name}.")
        return stream

    async def _unsubscribe(self, frame: Frame, ref: int | str | None) -> str:
        stream = self._followed(frame)
        await self._hooks.before("before_unsubscribe", stream, _deadline())
        self._forget(stream.name)
        return frames.unsubscribed(stream.name, ref)

    async def _send(self, frame: Frame, ref: int | str | None) -> str:
        stream, user = self._followed(frame), self._socket.user
        begin_within = realtime_settings().COMMAND_TIMEOUT
        message = user, frame["name"], frame.get("data")
        try:
            answer = await run_message(user.pk, begin_within, stream.receive, *message)
        except Refused as refusal:
            raise FrameError("refused", str(refusal)) from None
        return frames.reply(answer, ref)

    def _followed(self, frame: Frame) -> Stream:
        name = user_stream_name(self._socket.user) if frame["stream"] == "me" else frame["stream"]
        if name not in self._by_name:
            raise FrameError("not_subscribed", f"This socket does not follow {name[:80]!r}.")
        return self._by_name[name].stream

    def _forget(self, name: str) -> None:
        subscription = self._by_name.pop(name, None)
        if subscription is not None:
            subscription.end()
            self._hooks.left(subscription.stream)

    _handlers: dict[str, Callable[[Commands, Frame, Any], Awaitable[str | None]]] = {
        "subscribe": _subscribe,
        "unsubscribe": _unsubscribe,
        "send": _send,
    }


def _deadline() -> float:
    return asyncio.get_running_loop().time() + realtime_settings().COMMAND_TIMEOUT


def _position_in(frame: Frame) -> Position | None:
    if frame.get("after") is None:
        return None
    after = parse_position(frame["after"])
    if after is None:
        raise FrameError("bad_frame", "after is an object with an epoch and an offset.")
    return after
