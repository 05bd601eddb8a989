"""The commands of a socket: subscribe, unsubscribe and send."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from realtime.access.allowances import allowances
from realtime.access.login import Login
from realtime.conf import realtime_settings
from realtime.counters import COMMANDS, COMMANDS_REFUSED, STREAMS_REFUSED
from realtime.exceptions import FrameError, Refused, SignedOut
from realtime.fanout.hub import Hub
from realtime.hints import hint
from realtime.logs import LIMITED, get_logger
from realtime.protocol import frames
from realtime.protocol.close_codes import CloseCode
from realtime.protocol.frames import Frame
from realtime.protocol.position import Position, parse_position
from realtime.protocol.rate import Rate
from realtime.protocol.signed_names import plain_name
from realtime.protocol.stream_names import STREAM_NAME
from realtime.roster.roster import running_roster
from realtime.sockets.realtime_socket import RealtimeSocket
from realtime.streams import Stream
from realtime.streams.registry import find
from realtime.subscriptions import presence
from realtime.subscriptions.application import JSON_DEFAULT
from realtime.subscriptions.authorization import UNCHECKED, Authorization
from realtime.subscriptions.failed_commands import shown
from realtime.subscriptions.hooks import Hooks
from realtime.subscriptions.kinds import make_subscription, require_given
from realtime.subscriptions.message import carry_out
from realtime.subscriptions.subscription import Subscription
from realtime.subscriptions.withdrawal import withdraw

logger = get_logger(__name__)

_UNSERVED = (
    "subscribe stream=%s: no stream class serves the prefix %r. Register one in a module named "
    "streams of an installed app; modules of another name are not imported at start."
)


class Followed(NamedTuple):
    """A stream that the socket follows, and the right by which it does."""

    subscription: Subscription
    right: Authorization

    def end(self, *, has_dropped: bool = False) -> None:
        """Follow no more; ``has_dropped`` says that what still waits will not be sent."""
        self.right.end()
        self.subscription.end(has_dropped=has_dropped)


class Commands:
    """Carries out the commands of one socket, and keeps its subscriptions by name."""

    __slots__ = ("_by_name", "_hooks", "_hub", "_rate_of_sets", "_socket")

    def __init__(self, socket: RealtimeSocket, hub: Hub) -> None:
        self._socket = socket
        self._hub = hub
        self._by_name: dict[str, Followed] = {}
        self._hooks = Hooks(socket)
        self._rate_of_sets: Rate | None = None  # Most sockets set nothing.

    @property
    def followed(self) -> list[str]:
        """The names of the streams that the socket follows."""
        return list(self._by_name)

    async def run(self, frame: Frame) -> None:
        """Carry out one command; what goes wrong goes to the socket as an error."""
        clock = asyncio.get_running_loop().time
        began = clock()
        await self._run(frame)
        COMMANDS.add(clock() - began, frame["type"])

    async def _run(self, frame: Frame) -> None:
        ref = frame.get("ref")
        try:
            text = await self._handlers[frame["type"]](self, frame, ref)
        except SignedOut:
            logger.info("not carried out socket=%s: signed out", self._socket.id, extra=LIMITED)
            self._socket.close(CloseCode.SIGNED_OUT)
            return
        except Exception as error:
            refusal = shown(error, frame["type"], self._socket.id)
            COMMANDS_REFUSED.add(refusal.code)
            text = frames.error(refusal.code, refusal.message, ref)
        if text is not None:
            self._socket.send_text(text)

    def end(self) -> None:
        """End all subscriptions; messages to their streams that have come are still handed on."""
        for followed in self._by_name.values():
            followed.end()
        self._hooks.end()

    async def finished(self) -> None:
        """Wait, after the end, for the hooks of the streams that were left."""
        await self._hooks.finished()

    def reauthorize(self, stream: str | None = None, *, urgent: bool = True) -> None:
        """Ask again for the right to a stream, None: to each of them; see ``doubt``."""
        names = list(self._by_name) if stream is None else [stream]
        for name in names:
            if name in self._by_name:
                self._by_name[name].right.doubt(urgent=urgent)

    def right_ended(self, stream: str, reason: str) -> None:
        """Hand out nothing more of a stream; a ``subscribe`` that is under way is refused."""
        logger.info("right ended socket=%s stream=%s reason=%s", self._socket.id, stream, reason)
        has_answer = not self._by_name[stream].subscription.is_starting
        self._forget(stream, returns=reason == UNCHECKED, has_dropped=True)
        if has_answer:
            withdraw(self._socket, stream, reason)

    async def _subscribe(self, frame: Frame, ref: int | str | None) -> None:
        after = _position_in(frame)
        if self._socket.login is not None:
            await allowances().of(self._socket.login.account).turn()
        deadline = _deadline()
        login, stream = self._login, self._stream_to_follow(frame)
        subscription = make_subscription(self._socket, stream, self._hub)
        right = Authorization(self._socket, stream, self)
        self._by_name[stream.name] = Followed(subscription, right)
        try:
            if not await right.ask(deadline):
                raise FrameError("forbidden", f"You may not follow {stream.name}.")
            await self._hooks.before("before_subscribe", stream, deadline)
            meta = await presence.meta_at_join(stream, login, deadline)
            with_members = frame.get("presence") is True
            if not await subscription.start(after, ref, deadline, with_members=with_members):
                raise FrameError("forbidden", f"You may not follow {stream.name}.")
        except BaseException:
            self._forget(stream.name)
            raise
        if meta is not None and not self._socket.closing:
            running_roster().arrived(self._socket.id, str(login.user.pk), stream.name, meta=meta)
        await self._hooks.subscribed(stream)

    def _stream_to_follow(self, frame: Frame) -> Stream:
        login, asked = self._login, frame["stream"]
        name = plain_name(asked)
        if name == "me":
            if frame.get("after") is not None:
                raise FrameError("refused", "after goes with the stream's own name, not with me.")
            asked = name = _me(login)
        if not STREAM_NAME.fullmatch(name):
            raise FrameError("bad_frame", f"{name[:80]!r} can't be a stream's name.")
        if name in self._by_name:
            raise FrameError("already_subscribed", f"This socket follows {name} already.")
        if len(self._by_name) >= (limit := realtime_settings().MAX_STREAMS_PER_SOCKET):
            STREAMS_REFUSED.add("per_socket")
            raise FrameError("too_many", f"A socket follows at most {limit} streams.")
        stream = find(asked, self._socket.id, frame.get("extra"))
        if stream is None:
            hint(logger, _UNSERVED, name, name.partition(".")[0], kind=name.partition(".")[0])
            raise FrameError("unknown_stream", f"There are no streams like {name}.")
        require_given(stream)
        if not login.may_follow(name):
            raise FrameError("forbidden", f"The ticket of this socket is not for {name}.")
        if login.is_visitor and not stream.public:
            raise FrameError("forbidden", f"Only users who are signed in may follow {name}.")
        return stream

    async def _unsubscribe(self, frame: Frame, ref: int | str | None) -> str:
        stream, returns = self._followed(frame), frame.get("again") is True
        if not returns:
            await self._hooks.before("before_unsubscribe", stream, _deadline())
        self._forget(stream.name, returns=returns)
        return frames.unsubscribed(stream.name, ref)

    async def _send(self, frame: Frame, ref: int | str | None) -> str:
        self._followed(frame)
        message = frame["name"], frame.get("data")
        try:
            answer = await carry_out(self._login, lambda: self._followed(frame), *message)
        except Refused as refusal:
            raise FrameError("refused", str(refusal)) from None
        return frames.reply(answer, ref, JSON_DEFAULT)

    async def _presence(self, frame: Frame, ref: int | str | None) -> str:
        self._followed(frame)
        if self._rate_of_sets is None:
            self._rate_of_sets = presence.rate_of_sets()
        await presence.wait_for_turn(self._rate_of_sets)
        stream = self._followed(frame)  # The right to it may have ended meanwhile.
        meta = frame.get("meta")
        return frames.reply(await presence.set_meta(stream, self._login, meta, _deadline()), ref)

    def _followed(self, frame: Frame) -> Stream:
        name = _me(self._login) if frame["stream"] == "me" else plain_name(frame["stream"])
        if name not in self._by_name:
            raise FrameError("not_subscribed", f"This socket does not follow {name[:80]!r}.")
        return self._by_name[name].subscription.stream

    async def _authenticate(self, frame: Frame, ref: int | str | None) -> None:
        """Refuse it: the sign-in has taken the one that came in time."""
        raise FrameError("too_late", "authenticate is the first frame, and comes before welcome.")

    @property
    def _login(self) -> Login:
        if self._socket.login is None:
            raise FrameError("forbidden", "This socket is not signed in.")
        return self._socket.login  # type: ignore[no-any-return]

    def _forget(self, name: str, *, returns: bool = False, has_dropped: bool = False) -> None:
        """End a subscription; its user has left, unless the client ``returns`` in a moment."""
        followed = self._by_name.pop(name, None)
        if followed is not None:
            followed.end(has_dropped=has_dropped)
            self._hooks.left(followed.subscription.stream)
            running_roster().left(self._socket.id, name, immediately=not returns)

    _handlers: dict[str, Callable[[Commands, Frame, Any], Awaitable[str | None]]] = {
        "authenticate": _authenticate,
        "subscribe": _subscribe,
        "unsubscribe": _unsubscribe,
        "send": _send,
        "presence": _presence,
    }


def _deadline() -> float:
    return asyncio.get_running_loop().time() + realtime_settings().COMMAND_TIMEOUT


def _me(login: Login) -> str:
    if login.me is None:
        raise FrameError("forbidden", "This socket is not signed in, so it has no stream me.")
    return login.me


def _position_in(frame: Frame) -> Position | None:
    if frame.get("after") is None:
        return None
    after = parse_position(frame["after"])
    if after is None:
        raise FrameError("bad_frame", "after is an object with an epoch and an offset.")
    return after
