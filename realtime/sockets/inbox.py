"""What Uvicorn needs of asyncio's queue and event, whose empty deques take 3 KiB of each socket."""

from __future__ import annotations

import asyncio
from typing import Any


class Inbox:
    """The messages of the peer; an ``asyncio.Queue``, empty or not, would take 3 KiB."""

    __slots__ = ("_come", "_taking", "waiters")

    def __init__(self) -> None:
        self._come: list[Any] | None = None
        self._taking: list[Any] | None = None
        """The oldest messages, the first at the end: taking from the front costs the length."""
        self.waiters: list[asyncio.Future[None]] = []
        """Who has to be woken by the next message."""

    def qsize(self) -> int:
        """Return how many messages wait."""
        return len(self._come or ()) + len(self._taking or ())

    def empty(self) -> bool:
        """Tell whether no message waits."""
        return self._come is None and self._taking is None

    def put_nowait(self, message: Any) -> None:
        """Add a message, and wake all that wait for one."""
        if self._come is None:
            self._come = [message]
        else:
            self._come.append(message)
        for waiter in self.waiters:
            if not waiter.done():
                waiter.set_result(None)

    def take(self) -> Any:
        """Return the oldest message; there has to be one."""
        taking = self._taking
        if taking is None:
            assert self._come is not None
            taking, self._come = self._come[::-1], None
        message = taking.pop()
        self._taking = taking or None
        return message


class Gate:
    """Does what Uvicorn needs of an ``asyncio.Event``, whose empty queue takes 0.7 KiB."""

    __slots__ = ("_is_open", "_waiters")

    def __init__(self) -> None:
        self._is_open = True
        self._waiters: list[asyncio.Future[None]] | None = None

    def is_set(self) -> bool:
        """Tell whether nobody has to wait."""
        return self._is_open

    def set(self) -> None:
        """Let all go on that wait."""
        self._is_open = True
        waiters, self._waiters = self._waiters or (), None
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    def clear(self) -> None:
        """Have all wait from now on."""
        self._is_open = False

    async def wait(self) -> None:
        """Wait until it is set."""
        if not self._is_open:
            waiter = asyncio.get_running_loop().create_future()
            waiting = [one for one in self._waiters or () if not one.done()]  # Who gave up is.
            self._waiters = [*waiting, waiter]
            await waiter
