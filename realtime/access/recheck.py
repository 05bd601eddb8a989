"""Looks for rights that have ended where no signal said so: a row changed by SQL, an expiry."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice

from realtime.access.current_user import BATCH_SIZE, Verifier, verifiers
from realtime.access.login import Login
from realtime.access.user_sockets import user_sockets
from realtime.access.verification import is_verified_together, needs_verification
from realtime.concurrency.per_loop import PerLoop
from realtime.conf import realtime_settings
from realtime.logs import LIMITED, get_logger

logger = get_logger(__name__)

JITTER = 0.2
"""The part by which the time between two checks differs, so that processes don't ask together."""

GRACE = 300.0
"""Seconds for which a right is kept while the stores don't answer; they may be restored by then."""

SPREAD = 10_000
"""Milliseconds over which those come back whose rights nobody could confirm."""


class Recheck:
    """Asks the stores about all users with sockets in this loop, now and then."""

    def __init__(self, verifier: Verifier | None = None) -> None:
        self._verifier = verifier or verifiers.current()
        self._loop = asyncio.get_running_loop()
        self._wanted: set[str] = set()
        self._is_wanted = asyncio.Event()
        self._task = self._loop.create_task(self._run(), name="realtime-recheck")

    def soon(self, users: Iterable[str]) -> None:
        """Ask about these users now, each by the name of their own stream, if they are here."""
        here = [me for me in users if user_sockets().of_user(me)]
        self._wanted.update(here)
        if here:
            self._is_wanted.set()

    def all_soon(self) -> None:
        """Ask about all users now."""
        self.soon(user_sockets().users())

    async def _run(self) -> None:
        next_at = self._next()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(next_at):
                    await self._is_wanted.wait()
            if self._loop.time() >= next_at:
                next_at = self._next()
                self._wanted = user_sockets().users()
            try:
                await self._check(self._take_wanted())
            except Exception:  # The next check may work, and rights depend on it.
                logger.exception("re-check failed")

    def _next(self) -> float:
        jitter = random.uniform(1 - JITTER, 1 + JITTER)
        return self._loop.time() + realtime_settings().RECHECK * jitter

    def _take_wanted(self) -> set[str]:
        users, self._wanted = self._wanted, set()
        self._is_wanted.clear()
        return users

    async def _check(self, users: Collection[str]) -> None:
        """Ask about users; those who are wanted meanwhile go before the rest of them."""
        for batch in _batches(users):
            await self._check_batch(batch)
            for urgent in _batches(self._take_wanted()):
                await self._check_batch(urgent)

    async def _check_batch(self, logins: Sequence[Login]) -> None:
        try:
            outcomes = await self._verifier.check(logins)
        except Exception as error:
            outcomes = [error] * len(logins)
        failed = [
            (login, outcome)
            for login, outcome in zip(logins, outcomes, strict=True)
            if isinstance(outcome, Exception)
        ]
        if failed:
            about = len(failed), failed[0][1]
            logger.error("re-check failed logins=%d error=%r", *about, extra=LIMITED)
        for login, _ in failed:
            self._send_away_after_grace(login)

    def _send_away_after_grace(self, login: Login) -> None:
        if self._loop.time() > login.verified_at + GRACE:
            for socket in user_sockets().of_login(login):
                socket.drain(random.randrange(SPREAD))


def _batches(users: Iterable[str]) -> Iterator[list[Login]]:
    """Return what is asked in one read, each when its turn comes."""
    waiting = iter(users)
    while some := list(islice(waiting, BATCH_SIZE)):
        logins = _logins(some)
        together = [login for login in logins if is_verified_together(login)]
        for start in range(0, len(together), BATCH_SIZE):
            yield together[start : start + BATCH_SIZE]
        yield from ([login] for login in logins if not is_verified_together(login))


def _logins(users: Iterable[str]) -> list[Login]:
    """Return the logins of users, one for all sockets of the same."""
    distinct = {
        socket.login.identity: socket.login for me in users for socket in user_sockets().of_user(me)
    }
    return [login for login in distinct.values() if needs_verification(login)]


_rechecks = PerLoop(Recheck)


def running_recheck() -> Recheck:
    """Return the re-check of the running event loop; the first call starts it."""
    return _rechecks.current()
