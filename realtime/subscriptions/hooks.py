"""The hooks of the streams that a socket follows: each runs in its turn, and one run for each."""

from __future__ import annotations

import asyncio
import math
from functools import cache
from typing import Any

from realtime.access.current_user import current_user
from realtime.concurrency.threads import run_hook
from realtime.conf import realtime_settings
from realtime.exceptions import FrameError, Refused, SignedOut
from realtime.logs import LIMITED, get_logger
from realtime.sockets.drain import running_drain
from realtime.sockets.failures import is_for_now
from realtime.sockets.realtime_socket import RealtimeSocket
from realtime.streams import Stream
from realtime.subscriptions.application import ask

logger = get_logger(__name__)

BEFORE = ("before_subscribe", "before_unsubscribe")
AFTER = ("on_subscribe", "on_unsubscribe", "on_heartbeat")


class Chain:
    """The hooks of one stream on one socket, which run one after the other."""

    __slots__ = ("due", "last", "stream")

    def __init__(self) -> None:
        self.stream: Stream | None = None
        """The stream while it is followed."""
        self.last: asyncio.Task[None] | None = None
        """The hook that was begun last, while it runs."""
        self.due = math.inf
        """When ``on_heartbeat`` may run next, in seconds of the loop's clock."""


class Hooks:
    """Runs the hooks of a socket's streams; a class without hooks costs nothing.

    What a hook raises is logged, unless it may refuse.
    """

    __slots__ = ("_chains", "_socket")

    def __init__(self, socket: RealtimeSocket) -> None:
        self._socket = socket
        self._chains: dict[str, Chain] = {}
        """By the names of streams that are followed or whose hooks still run."""

    async def before(self, hook: str, stream: Stream, deadline: float) -> None:
        """Ask one of ``BEFORE``; raises ``FrameError`` if it refuses, or what else it raises.

        ``deadline`` is of the loop's clock.
        """
        if hook not in own_hooks(stream):
            return
        login, chain = self._socket.login, self._chains.get(stream.name)
        try:
            async with asyncio.timeout_at(deadline):
                await _end_of(None if chain is None else chain.last)
            await ask(login, getattr(stream, hook), deadline=deadline)
        except Refused as refusal:
            raise FrameError("refused", str(refusal)) from None

    async def subscribed(self, stream: Stream) -> None:
        """Run ``on_subscribe`` to its end, also if the socket ends; beat from now on."""
        hooks = own_hooks(stream)
        if hooks.isdisjoint(AFTER):
            return
        chain = self._chains.setdefault(stream.name, Chain())
        chain.stream = stream
        if "on_heartbeat" in hooks:
            chain.due = 0.0
            self._socket.call_on_proof(self._proved)
        if "on_subscribe" in hooks:
            await asyncio.shield(self._start("on_subscribe", stream, chain))

    def left(self, stream: Stream) -> None:
        """Run ``on_unsubscribe``, if there was a subscription: it has ended."""
        chain = self._chains.get(stream.name)
        if chain is None or chain.stream is None:
            return
        chain.stream, chain.due = None, math.inf
        if "on_unsubscribe" in own_hooks(stream):
            running_drain().wait_for(self._start("on_unsubscribe", stream, chain))
        self._drop_if_over(stream.name, chain)

    def end(self) -> None:
        """Leave all streams: the socket has ended."""
        for chain in list(self._chains.values()):
            if chain.stream is not None:
                self.left(chain.stream)

    async def finished(self) -> None:
        """Wait until the hooks that were begun have ended."""
        running = [chain.last for chain in self._chains.values() if chain.last is not None]
        if running:
            await asyncio.wait(running)

    def _proved(self) -> None:
        """Note that the client is there: what was sent to it has arrived."""
        now = asyncio.get_running_loop().time()
        for chain in self._chains.values():
            if chain.stream is not None and chain.last is None and now >= chain.due:
                chain.due = now + chain.stream.heartbeat_every
                self._start("on_heartbeat", chain.stream, chain)

    def _start(self, hook: str, stream: Stream, chain: Chain) -> asyncio.Task[None]:
        task = chain.last = asyncio.create_task(self._run(hook, stream, chain.last))
        task.add_done_callback(lambda done: self._ended(stream.name, chain, done))
        return task

    def _ended(self, name: str, chain: Chain, task: asyncio.Task[None]) -> None:
        if chain.last is task:
            chain.last = None
            self._drop_if_over(name, chain)

    def _drop_if_over(self, name: str, chain: Chain) -> None:
        if chain.stream is None and chain.last is None:
            del self._chains[name]

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
