"""The hooks of the streams that a socket follows: each runs in its turn, and one run for each."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import Any

from realtime.access.current_user import current_user
from realtime.concurrency.threads import run_application, run_hook
from realtime.conf import realtime_settings
from realtime.exceptions import FrameError, Refused, SignedOut
from realtime.logs import LIMITED, get_logger
from realtime.sockets.drain import running_drain
from realtime.sockets.failures import is_for_now
from realtime.sockets.realtime_socket import RealtimeSocket
from realtime.streams import Stream

logger = get_logger(__name__)

BEFORE = ("before_subscribe", "before_unsubscribe")
AFTER = ("on_subscribe", "on_unsubscribe", "on_heartbeat")


class Hooks:
    """Runs the hooks of a socket's streams; a class without hooks costs nothing.

    The hooks of one stream never run together. What one raises is logged, unless it may refuse.
    """

    __slots__ = ("_due", "_followed", "_last", "_socket")

    def __init__(self, socket: RealtimeSocket) -> None:
        self._socket = socket
        self._followed: dict[str, Stream] = {}
        """The streams that are followed and have hooks, by name."""
        self._last: dict[str, asyncio.Task[None]] = {}
        """The hook that was begun last, for each stream whose hooks have not ended."""
        self._due: dict[str, float] = {}
        """When ``on_heartbeat`` may run next, in seconds of the loop's clock."""

    async def before(self, hook: str, stream: Stream, deadline: float) -> None:
        """Ask one of ``BEFORE``; raises ``FrameError`` if it refuses, or what else it raises.

        ``deadline`` is of the loop's clock.
        """
        if hook not in own_hooks(stream):
            return
        login = self._socket.login
        try:
            async with asyncio.timeout_at(deadline):
                await _end_of(self._last.get(stream.name))
                user = await current_user(login)
                await run_application(login.account, getattr(stream, hook), user)
        except Refused as refusal:
            raise FrameError("refused", str(refusal)) from None

    async def subscribed(self, stream: Stream) -> None:
        """Run ``on_subscribe`` to its end, also if the socket ends; beat from now on."""
        hooks = own_hooks(stream)
        if hooks.isdisjoint(AFTER):
            return
        self._followed[stream.name] = stream
        if "on_heartbeat" in hooks:
            self._due[stream.name] = 0.0
            self._socket.call_on_proof(self._proved)
        if "on_subscribe" in hooks:
            await asyncio.shield(self._start("on_subscribe", stream))

    def left(self, stream: Stream) -> None:
        """Run ``on_unsubscribe``: the subscription has ended."""
        self._due.pop(stream.name, None)
        is_followed = self._followed.pop(stream.name, None) is not None
        if is_followed and "on_unsubscribe" in own_hooks(stream):
            running_drain().wait_for(self._start("on_unsubscribe", stream))

    def end(self) -> None:
        """Leave all streams: the socket has ended."""
        for stream in list(self._followed.values()):
            self.left(stream)

    async def finished(self) -> None:
        """Wait until the hooks that were begun have ended."""
        if self._last:
            await asyncio.wait(self._last.values())

    def _proved(self) -> None:
        """Note that the client is there: what was sent to it has arrived."""
        now = asyncio.get_running_loop().time()
        for name, due in self._due.items():
            if now >= due and name not in self._last:
                stream = self._followed[name]
                self._due[name] = now + stream.heartbeat_every
                self._start("on_heartbeat", stream)

    def _start(self, hook: str, stream: Stream) -> asyncio.Task[None]:
        task = asyncio.create_task(self._run(hook, stream, self._last.get(stream.name)))
        self._last[stream.name] = task
        task.add_done_callback(lambda done: self._ended(stream.name, done))
        return task

    def _ended(self, name: str, task: asyncio.Task[None]) -> None:
        if self._last.get(name) is task:
            del self._last[name]

    async def _run(self, hook: str, stream: Stream, last: asyncio.Task[None] | None) -> None:
        await _end_of(last)
        if self._socket.closing:
            await self._socket.finished()  # Messages that have come are handed on before.
        login = self._socket.login
        try:
            async with asyncio.timeout(realtime_settings().COMMAND_TIMEOUT):
                user = await self._user(hook)
                await run_hook(login.account, getattr(stream, hook), user)
        except SignedOut:
            pass  # The socket is about to end, and ``on_unsubscribe`` to run.
        except Exception as error:
            self._log(hook, stream, error)

    async def _user(self, hook: str) -> Any:
        """Return the user as of now; a user who is gone has left with the last that was known."""
        try:
            return await current_user(self._socket.login)
        except SignedOut:
            if hook != "on_unsubscribe":
                raise
            return self._socket.login.user

    def _log(self, hook: str, stream: Stream, error: Exception) -> None:
        logger.error(
            "hook failed socket=%s stream=%s hook=%s error=%r",
            *(self._socket.id, stream.name, hook, error),
            exc_info=None if is_for_now(error) or isinstance(error, Refused) else error,
            extra=LIMITED,
        )


def own_hooks(stream: Stream) -> frozenset[str]:
    """Return the names of the hooks that a stream's class has of its own."""
    stream_class: Any = type(stream)
    return _hooks_of(stream_class)


@cache
def _hooks_of(stream_class: Any) -> frozenset[str]:
    return frozenset(name for name in (*BEFORE, *AFTER) if _is_own(stream_class, name))


async def _end_of(task: asyncio.Task[None] | None) -> None:
    if task is not None and not task.done():
        await asyncio.wait({task})


def _is_own(stream_class: Any, name: str) -> bool:
    return getattr(stream_class, name) is not getattr(Stream, name)
