"""The outgoing half of a socket, on any ASGI server.

ASGI can neither send without waiting nor end a connection that can't be written to. Uvicorn's
``send`` waits while the peer doesn't read; Daphne's never waits; Granian's is no coroutine.
"""

from __future__ import annotations

import asyncio
import functools
import types
from collections.abc import Awaitable, Callable, Coroutine, Generator
from enum import StrEnum
from types import CoroutineType
from typing import Any

from realtime.logs import LIMITED, get_logger
from realtime.sockets.asgi import Message, Send
from realtime.sockets.servers import find_abort, is_departure, server_send
from realtime.sockets.unsent import unsent_bytes

logger = get_logger(__name__)

ABORT_AFTER = 1.0
"""Seconds that a peer which doesn't answer or read has to take its close, before it is cut off."""

CLOSE_TIMEOUT = 10.0
"""Seconds that a healthy peer has to answer a close, before it is cut off."""


class Way(StrEnum):
    """How a server's ``send`` is called."""

    UNTRIED = "untried"
    STEPPED = "stepped"
    """Its coroutine runs to its first wait in the caller: no task for a frame that can go out."""
    IN_TASKS = "in tasks"
    """ASGI promises an awaitable, no more; and some coroutines need a task of their own."""


STEPPED = Way.STEPPED
"""Read for every delivery: on Python 3.11 an attribute of an enum costs 0.1 microseconds."""


class Transport:
    """Sends to one socket and never makes the caller wait.

    A message that can't go out immediately is queued; a task sends the queue, and ends with it. A
    message stays in the queue until the server has taken it.
    """

    __slots__ = ("_handed_over", "_outbox", "_send", "_sending", "_way", "closing")

    def __init__(self, send: Send) -> None:
        self.closing = False
        self._send: Any = server_send(send)
        self._way = Way.UNTRIED
        self._outbox: list[Message] = []
        self._handed_over = 0
        """Messages of the outbox that the server has and did not finish: the first one, or none."""
        self._sending: asyncio.Task[None] | None = None

    def send(self, message: Message) -> None:
        """Send ``message``, or queue it behind those that wait; nothing after a close."""
        if self.closing:
            return
        if self._sending is not None:
            self._outbox.append(message)
            return
        if self._way is not STEPPED:
            send = self._send_first if self._way is Way.UNTRIED else self._send_in_task
            send(message)
            return
        try:
            coroutine = self._send(message)
            awaited = coroutine.send(None)
        except StopIteration:
            return
        except Exception as error:
            self._failed(error)
            return
        self._wait_for(message, _resume(coroutine, awaited))

    def _wait_for(self, message: Message, begun: Awaitable[None]) -> None:
        """Queue what the server has begun to send; others wait behind it."""
        self._outbox.append(message)
        self._handed_over = 1
        self._start(self._finish(begun))

    def _send_in_task(self, message: Message) -> None:
        self._outbox.append(message)
        self._start(self._send_outbox())

    def _send_first(self, message: Message) -> None:
        """Find the way of this server with the first message to it."""
        self._way = Way.IN_TASKS
        try:
            awaitable = self._send(message)
            if type(awaitable) is not CoroutineType:
                self._wait_for(message, awaitable)
                return
            awaited = _step_without_task(awaitable)
        except StopIteration:
            self._way = Way.STEPPED
        except RuntimeError:
            # So fails what needs a task, as asyncio.timeout does, before it has sent anything.
            self._send_in_task(message)
        except Exception as error:
            self._failed(error)
        else:
            self._way = Way.STEPPED
            self._wait_for(message, _resume(awaitable, awaited))

    def send_text(self, text: str) -> None:
        """Send a text frame; see ``send``."""
        self.send({"type": "websocket.send", "text": text})

    def drop_waiting(self, is_dropped: Callable[[str], bool]) -> None:
        """Drop the frames that wait and of which ``is_dropped`` says so.

        The one that the server is sending is its own by now, and can't be recalled.
        """
        at = self._handed_over
        self._outbox[at:] = [
            message for message in self._outbox[at:] if not is_dropped(message.get("text", ""))
        ]

    def close(self, code: int, last_frame: str | None = None, *, abort_after: float) -> None:
        """Send ``last_frame``, close, and abort the connection ``abort_after`` seconds later.

        Where the peer doesn't read, nothing can be sent, and the connection is aborted.
        """
        if self._sending is not None and self._way is STEPPED and not self.closing:
            self.abort()
        else:
            self.close_patiently(code, last_frame, abort_after=abort_after)

    def close_patiently(
        self, code: int, last_frame: str | None = None, *, abort_after: float
    ) -> None:
        """Do what ``close`` does, but give a peer that doesn't read that time for the code too.

        Without the code it would come back.
        """
        if self.closing:
            return
        if last_frame is not None:
            self.send_text(last_frame)
        if self.closing:
            return
        # Uvicorn's "websockets" protocol waits with asyncio.timeout, which works in a task only.
        self._outbox.append({"type": "websocket.close", "code": int(code), "reason": ""})
        if self._sending is None:
            self._start(self._send_outbox())
        self.closing = True
        self.abort_later(abort_after)

    def unsent(self) -> int | None:
        """Return the bytes that wait to leave this machine; None if the server doesn't show it."""
        in_server = unsent_bytes(getattr(find_abort(self._send), "__self__", None))
        if in_server is None:
            return None
        return in_server + sum(len(message.get("text", "")) for message in self._outbox)

    async def flush(self, seconds: float) -> None:
        """Wait until all that was to be sent has gone out, at most for that time."""
        if self._sending is not None:
            await asyncio.wait({self._sending}, timeout=seconds)

    def stop(self) -> None:
        """Send nothing more, as the connection has ended."""
        self.closing = True

    def abort_later(self, seconds: float) -> None:
        """Abort the connection after that time, if it has not ended by then."""
        asyncio.get_running_loop().call_later(seconds, self.abort)

    def abort(self) -> None:
        """End the connection without waiting for anything; harmless on one that has ended."""
        self.closing = True
        if self._sending is not None and self._sending is not asyncio.current_task():
            self._sending.cancel()
        if abort := find_abort(self._send):
            abort()

    def _start(self, sending: Coroutine[Any, Any, None]) -> None:
        self._sending = asyncio.get_running_loop().create_task(sending)

    async def _finish(self, begun: Awaitable[None]) -> None:
        """Wait for a message that is on its way, then send what waits behind it."""
        try:
            await begun
            self._sent_first()
        except Exception as error:
            self._failed(error)
        await self._send_outbox()

    async def _send_outbox(self) -> None:
        try:
            while self._outbox:
                self._handed_over = 1
                await self._send(self._outbox[0])
                self._sent_first()
        except Exception as error:
            self._failed(error)
        finally:
            self._sending = None

    def _sent_first(self) -> None:
        del self._outbox[0]
        self._handed_over = 0

    def _failed(self, error: Exception) -> None:
        """Abort: the peer has left, or the server failed to send."""
        if not is_departure(error):
            logger.error("send failed error=%r: the connection is aborted", error, extra=LIMITED)
        self._outbox.clear()
        self.abort()


def _step_without_task(coroutine: Coroutine[Any, Any, None]) -> Any:
    """Run a coroutine to its first wait as if no task ran, and return what it waits for.

    The running task is the caller's: a timeout that the coroutine sets on it would cancel the
    caller, and one server's ``send`` would end the hub.
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    if task is None:
        return coroutine.send(None)
    asyncio.tasks._leave_task(loop, task)
    try:
        return coroutine.send(None)
    finally:
        asyncio.tasks._enter_task(loop, task)


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
