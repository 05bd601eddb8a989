"""What an account may do, on all of its sockets in a process together: one set for each loop."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable

from realtime.concurrency.per_loop import PerLoop
from realtime.conf import realtime_settings
from realtime.counters import COMMANDS_DELAYED, STREAMS_REFUSED
from realtime.exceptions import FrameError
from realtime.logs import LIMITED, get_logger
from realtime.protocol.quota import Quota
from realtime.protocol.rate import Rate

logger = get_logger(__name__)

KEEP_STREAM = 30.0
"""Seconds for which a stream counts that was left: the process follows it so long (``fanout``)."""

FORGET_EVERY = 60.0
"""Seconds between two looks for accounts that have used nothing lately."""


class Allowance:
    """How fast one account may subscribe, and how many streams it may have a process follow."""

    __slots__ = ("_account", "_loop", "_streams", "_subscribes")

    def __init__(self, account: Hashable) -> None:
        settings = realtime_settings()
        self._loop = asyncio.get_running_loop()
        self._account = account
        # All that its sockets may follow, so that they may come back together.
        burst = settings.MAX_SOCKETS_PER_USER * settings.MAX_STREAMS_PER_SOCKET
        per_second = settings.MAX_SUBSCRIBES_PER_SECOND
        self._subscribes = Rate(per_second, now=self._loop.time(), burst=burst)
        self._streams = Quota(settings.MAX_STREAMS_PER_USER, KEEP_STREAM)

    async def turn(self) -> None:
        """Wait until one more subscribe may be carried out; its place is taken before the wait."""
        now = self._loop.time()
        self._subscribes.spend(1, now)
        if wait := self._subscribes.wait(now):
            COMMANDS_DELAYED.add("subscribes")
            about = self._account, wait
            logger.warning("subscribes delayed account=%s wait=%.2f", *about, extra=LIMITED)
            await asyncio.sleep(wait)

    def take(self, stream: str) -> None:
        """Count a stream that one of the sockets follows; raises ``FrameError`` for one too many.

        Counted are names, and each once.
        """
        if not self._streams.take(stream, self._loop.time()):
            about = self._account, stream
            logger.warning("too many streams account=%s stream=%s", *about, extra=LIMITED)
            STREAMS_REFUSED.add("per_user")
            raise FrameError("too_many", "Your sockets follow too many streams together.")

    def release(self, stream: str) -> None:
        """Note that one of the sockets follows the stream no longer."""
        self._streams.release(stream, self._loop.time())

    def is_unused(self, now: float) -> bool:
        """Tell whether a new one would allow the same."""
        return self._subscribes.is_full(now) and self._streams.is_unused(now)


class Allowances:
    """The allowance of each account; who leaves and comes back has the same one."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._by_account: dict[Hashable, Allowance] = {}
        self._forget_at = self._loop.time() + FORGET_EVERY

    def of(self, account: Hashable) -> Allowance:
        """Return the one of an account: a user's primary key, or what stands for a visitor."""
        now = self._loop.time()
        if now >= self._forget_at:
            self._forget_at = now + FORGET_EVERY
            for absent in [key for key, one in self._by_account.items() if one.is_unused(now)]:
                del self._by_account[absent]
        if account not in self._by_account:
            self._by_account[account] = Allowance(account)
        return self._by_account[account]


_allowances = PerLoop(Allowances)


def allowances() -> Allowances:
    """Return the allowances of the running event loop."""
    return _allowances.current()
