"""The outgoing half of a socket: what differs between ASGI servers is known only here.

ASGI can neither send without waiting nor end a connection that can't be written to. Uvicorn's
``send`` waits while the peer doesn't read; Daphne's never waits.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import types
from collections.abc import Awaitable, Callable, Coroutine, Generator, MutableMapping
from typing import Any

logger = logging.getLogger(__name__)

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

CUT_AFTER = 1.0
"""Seconds that a peer which doesn't answer or read has to take its close, before it is cut off."""

CLOSE_TIMEOUT = 10.0
"""Seconds that a healthy peer has to answer a close, before it is cut off."""


class Transport:
    """Sends to one socket and never makes the caller wait.

    A message that can't go out at once is queued, and one task sends the queue and ends with it.
    """

    __slots__ = ("_backlog", "_drain", "_send", "closing")

    def __init__(self, send: Send) -> None:
        self.closing = False
        self._send: Any = server_send(send)
        self._backlog: list[Message] = []
        self._drain: asyncio.Task[None] | None = None

    def send(self, message: Message) -> None:
        """Send ``message``, or queue it behind those that wait; nothing after a close."""
        if self.closing:
            return
        if self._drain is not None:
            self._backlog.append(message)
            return
        coroutine = self._send(message)
        try:
            awaited = coroutine.send(None)
        except StopIteration:
            return
        except Exception as error:
            self._gone(error)
            return
        self._drain = asyncio.get_running_loop().create_task(self._finish(coroutine, awaited))

    def send_text(self, text: str) -> None:
        """Send a text frame; see ``send``."""
        self.send({"type": "websocket.send", "text": text})

    def close(self, code: int, last_frame: str | None = None, *, cut_after: float) -> None:
        """Say ``last_frame``, close, and cut the connection ``cut_after`` seconds later.

        Where the peer doesn't read, nothing can be said, and the connection is cut at once.
        """
        if self.closing:
            return
        if self._drain is not None:
            self.cut()
            return
        if last_frame is not None:
            self.send_text(last_frame)
        if self.closing:
            return
        # Uvicorn's "websockets" protocol waits with asyncio.timeout, which works in a task only.
        self._backlog.append({"type": "websocket.close", "code": int(code), "reason": ""})
        if self._drain is None:
            self._drain = asyncio.get_running_loop().create_task(self._send_backlog())
        self.closing = True
        self.cut_later(cut_after)

    def cut_later(self, seconds: float) -> None:
        """Cut the connection after that time, if it has not ended by then."""
        asyncio.get_running_loop().call_later(seconds, self.cut)

    def cut(self) -> None:
        """End the connection without waiting for anything; harmless on one that has ended."""
        self.closing = True
        if self._drain is not None and self._drain is not asyncio.current_task():
            self._drain.cancel()
        if abort := find_abort(self._send):
            abort()

    async def _finish(self, coroutine: Coroutine[Any, Any, None], awaited: Any) -> None:
        try:
            await _resume(coroutine, awaited)
        except Exception as error:
            self._gone(error)
        await self._send_backlog()

    async def _send_backlog(self) -> None:
        try:
            while self._backlog:
                waiting, self._backlog = self._backlog, []
                for message in waiting:
                    await self._send(message)
        except Exception as error:
            self._gone(error)
        finally:
            self._drain = None

    def _gone(self, error: Exception) -> None:
        """The server does not send: the peer has left (ASGI: an OSError), or it failed."""
        if not isinstance(error, OSError):
            logger.error("send failed error=%r: the connection is cut", error)
        self._backlog.clear()
        self.cut()


@types.coroutine
def _resume(coroutine: Coroutine[Any, Any, None], awaited: Any) -> Generator[Any, Any, None]:
    """Await a coroutine that was stepped once already and waits for ``awaited``."""
    while True:
        try:
            yield awaited
        except BaseException as error:
            step = functools.partial(coroutine.throw, error)
        else:
            step = functools.partial(coroutine.send, None)
        try:
            awaited = step()
        except StopIteration:
            return


def server_send(send: Send) -> Send:
    """Return the server's own ``send`` from below Channels' session middleware, and below ours.

    They only forward what a WebSocket sends, at 2.7 microseconds a frame.
    """
    wrapped: Send | None = getattr(getattr(send, "__self__", None), "real_send", None)
    return send if wrapped is None else server_send(wrapped)


def find_abort(send: Any, depth: int = 8) -> Callable[[], Any] | None:
    """Return what ends the connection behind ``send`` at once, or None on an unknown server.

    Uvicorn's ``send`` is a method of its protocol; Daphne's is a partial that holds its protocol.
    A middleware's own ``send`` is looked through, ``depth`` of them.
    """
    if isinstance(send, functools.partial):
        owner = send.args[0] if send.args else None
    else:
        owner = getattr(send, "__self__", None)
    transport = getattr(owner, "transport", None)
    for name in ("abort", "abortConnection"):
        if callable(abort := getattr(transport, name, None)):
            return abort  # type: ignore[no-any-return]
    if depth:
        for cell in getattr(send, "__closure__", None) or ():
            if callable(cell.cell_contents) and (
                abort := find_abort(cell.cell_contents, depth - 1)
            ):
                return abort
    return None
