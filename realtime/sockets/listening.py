"""Hands a socket's messages to who listens, on a server that can, so that no task waits for them.

A task that waits takes 4 KiB with the coroutines of the server, of the routers and of the consumer,
the scope that these hold, and what wakes it.
"""

from __future__ import annotations

import asyncio
import sys
from contextvars import Context, copy_context
from types import FrameType
from typing import Any, Protocol

from realtime.sockets.asgi import NO_STATUS_RECEIVED, Message, Receive

FORWARDING = ("channels", "realtime", "uvicorn")
"""The packages whose applications do nothing after the one that they have called."""


class Listener(Protocol):
    """What takes the messages of one socket."""

    def take(self, message: Message) -> None:
        """Take a ``websocket.receive``."""

    async def ended(self, code: int | None) -> None:
        """Do what is due at the end, which came with ``code``."""


class Listening:
    """Stands where a server has the queue of a socket's messages; ``tasks`` are the server's."""

    __slots__ = ("_context", "_listener", "_tasks")

    def __init__(self, listener: Listener, tasks: set[asyncio.Task[None]]) -> None:
        self._context: Context = copy_context()
        self._listener: Listener | None = listener
        self._tasks = tasks

    def put_nowait(self, message: Message) -> None:
        """Hand a message on, up to the first that says that the socket has ended."""
        listener = self._listener
        if listener is None:
            return
        if message["type"] != "websocket.disconnect":
            self._context.run(listener.take, message)
            return
        self._listener = None  # Which refers to the server's own objects.
        ended = listener.ended(message.get("code") or NO_STATUS_RECEIVED)
        # A task factory need not take a context, nor may an eager task enter one that is in use.
        task = self._context.copy().run(asyncio.get_running_loop().create_task, ended)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def qsize(self) -> int:
        """Return how many messages wait: none does."""
        return 0


def leave_to(listener: Listener, receive: Receive) -> bool:
    """Have the server call ``listener`` from now on, so that the application may return.

    Returns False, and has done nothing, where the server can't, where ``receive`` is not the
    server's own, or where a middleware may do something after the application.
    """
    listen = getattr(getattr(receive, "__self__", None), "listen", None)
    task = asyncio.current_task()
    if listen is None or task is None or not _only_forwarded(task):
        return False
    return bool(listen(listener))


def _only_forwarded(task: asyncio.Task[None]) -> bool:
    """Tell whether nobody between the server's coroutine and the caller does more than to wait."""
    outermost: Any = getattr(task.get_coro(), "cr_frame", None)
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and _package(frame) in FORWARDING:
        if frame is outermost:
            return bool(outermost.f_code.co_name == "run_asgi")
        frame = frame.f_back
    return False


def _package(frame: FrameType) -> str:
    name: str = frame.f_globals.get("__name__", "")
    return name.partition(".")[0]
