"""The right of a socket's user to follow one stream: asked for at first, and again later."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Awaitable, Callable, Hashable
from enum import StrEnum
from typing import Any, Protocol

from realtime.access.current_user import current_user
from realtime.access.login import Login
from realtime.concurrency.threads import run_application, run_check
from realtime.concurrency.timers import timers
from realtime.conf import realtime_settings
from realtime.exceptions import SignedOut
from realtime.hints import hint
from realtime.logs import LIMITED, get_logger
from realtime.protocol.right import Right, Verdict
from realtime.sockets.failures import is_for_now
from realtime.sockets.realtime_socket import RealtimeSocket
from realtime.streams import Stream
from realtime.streams.registry import renewed
from realtime.subscriptions.check_queue import check_queue

logger = get_logger(__name__)

_NO_ANSWER = "%s.authorize returned None, which refuses: return True or False."

WITHDRAWN = "forbidden"
"""The user may not follow the stream any more."""
UNCHECKED = "internal"
"""Nobody could be asked for too long; the client may try again."""


Run = Callable[..., Awaitable[Any]]
"""Runs a function of the application, on behalf of a user."""


class State(StrEnum):
    """How a right stands."""

    ASKING = "asking"
    """``authorize`` is under way."""
    DOUBTED = "doubted"
    """It is under way, and its answer may be older than the last reason to ask."""
    HELD = "held"
    """The user has the right; a timer asks again."""
    DUE = "due"
    """The user has the right, and a check of it waits its turn."""
    ENDED = "ended"


class Holder(Protocol):
    """Who follows a stream by that right."""

    def right_ended(self, stream: str, reason: str) -> None:
        """Hand out nothing more of a stream; ``reason`` is ``WITHDRAWN`` or ``UNCHECKED``."""


class Authorization:
    """Asks ``stream.authorize`` for the user of ``socket``, and tells ``holder`` of the end."""

    __slots__ = ("_holder", "_right", "_slot", "_socket", "_state", "_stream")

    def __init__(self, socket: RealtimeSocket, stream: Stream, holder: Holder) -> None:
        self._socket = socket
        self._stream = stream
        self._holder: Holder | None = holder
        self._right = Right(stream.reauthorize_every)
        self._state = State.ASKING
        self._slot: int | None = None

    @property
    def user(self) -> Hashable:
        """Whose right it is."""
        account: Hashable = self._socket.login.account
        return account

    async def ask(self, deadline: float) -> bool:
        """Return whether the user may follow the stream; a later end is the holder's to hear.

        Raises what ``authorize`` raises, and ``TimeoutError`` at ``deadline`` of the loop's clock.
        """
        async with asyncio.timeout_at(deadline):
            allowed = await self._ask(self._stream, run_application)
        if self._has_ended or not allowed:
            return False
        self._granted()
        return True

    def doubt(self, *, urgent: bool = True) -> None:
        """Ask again: there is a reason to think that the right has ended.

        One that is ``urgent`` goes before those whose time has come.
        """
        if self._state is State.HELD or (self._state is State.DUE and urgent):
            self._ask_in_turn(urgent=urgent)
        elif self._state is State.ASKING:
            self._state = State.DOUBTED

    def end(self) -> None:
        """Ask no more."""
        if self._state is State.DUE:
            check_queue().discard(self)
        self._state = State.ENDED
        self._holder = None  # Which refers to this one.
        self._wake_at(math.inf)

    async def check(self) -> bool:
        """Ask again, and end the right if the user has it no longer; returns False on a failure."""
        if self._state is not State.DUE:
            return True
        try:
            async with asyncio.timeout(realtime_settings().COMMAND_TIMEOUT):
                allowed = await self._ask(renewed(self._stream), run_check)
        except SignedOut:
            return True  # The socket is closed, and the right ends with it.
        except Exception as error:
            self._failed(error)
            return False
        if self._has_ended:
            return True
        if allowed:
            self._granted()
        else:
            self._end(WITHDRAWN)
        return True

    @property
    def _has_ended(self) -> bool:
        return self._state is State.ENDED

    async def _ask(self, stream: Stream, run: Run) -> bool:
        """Return an answer that was begun after the last reason to ask."""
        self._state = State.ASKING
        allowed = await _is_allowed(stream, self._socket.login, run)
        while self._state is State.DOUBTED:
            self._state = State.ASKING
            allowed = await _is_allowed(renewed(stream), self._socket.login, run)
        return allowed

    def _ask_in_turn(self, *, urgent: bool) -> None:
        self._state = State.DUE
        self._right.asked(_now())
        self._wake_at(self._right.wake_at)
        check_queue().add(self, urgent=urgent)

    def _granted(self) -> None:
        self._state = State.HELD
        self._right.granted(_now(), random.random())
        self._wake_at(self._right.wake_at)

    def _failed(self, error: Exception) -> None:
        logger.error(
            "right not checked socket=%s stream=%s error=%r",
            *(self._socket.id, self._stream.name, error),
            exc_info=None if is_for_now(error) else error,
            extra=LIMITED,
        )
        if not self._has_ended:
            self._state = State.HELD
            self._right.failed(_now())
            self._wake_at(self._right.wake_at)

    def _end(self, reason: str) -> None:
        holder = self._holder
        self.end()
        if holder is not None:
            holder.right_ended(self._stream.name, reason)

    def wake(self) -> None:
        """Ask again, or end the right, if it is time for that."""
        self._slot = None
        verdict = self._right.wake(_now())
        if verdict is Verdict.END:
            self._end(UNCHECKED)
        elif verdict is Verdict.ASK:
            self._ask_in_turn(urgent=False)
        else:
            self._wake_at(self._right.wake_at)

    def _wake_at(self, when: float) -> None:
        if self._slot is not None:
            timers.current().discard(self._slot, self)
        self._slot = None if when == math.inf else timers.current().add(when, self)


async def _is_allowed(stream: Stream, login: Login, run: Run) -> bool:
    user = await current_user(login)
    allowed = await run(login.account, stream.authorize, user)
    if allowed is None:
        name = type(stream).__qualname__
        hint(logger, _NO_ANSWER, name, kind=name)
    return bool(allowed)


def _now() -> float:
    return asyncio.get_running_loop().time()
