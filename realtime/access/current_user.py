"""The user of a socket as the stores have them now, so that rights of the past count for nothing.

An answer is good for a second, for all sockets of the same login. Logins that are asked about
during a read wait for the next one together: thousands that come back cost a few queries.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from realtime.access.login import Identity, Login
from realtime.access.user_sockets import sign_out, user_sockets
from realtime.access.verification import (
    GONE,
    Outcome,
    is_verified_together,
    needs_verification,
    verify,
)
from realtime.concurrency.per_loop import PerLoop
from realtime.concurrency.threads import run_sign_in
from realtime.exceptions import SignedOut

BATCH_SIZE = 1000
"""Logins of one read."""

READ_WITHIN = 30.0
"""Seconds after which a read is given up, so that those that wait behind it may begin."""

Verify = Callable[[Sequence[Login]], Awaitable[list[Outcome]]]


async def verify_in_thread(logins: Sequence[Login]) -> list[Outcome]:
    """Ask the stores in a thread of those for signing in; see ``verify``."""
    outcomes: list[Outcome] = await run_sign_in(None, verify, logins)
    return outcomes


class Verifier:
    """Asks the stores about logins, and keeps what they answer."""

    def __init__(self, verify: Verify = verify_in_thread) -> None:
        self._loop = asyncio.get_running_loop()
        self._verify = verify
        self._waiting: dict[Identity, tuple[Login, asyncio.Future[Outcome]]] = {}
        self._reading: asyncio.Task[None] | None = None

    async def current_user(self, login: Login) -> Any:
        """Return a copy of the user as they are now; see ``current_user``."""
        if login.has_ended:
            raise SignedOut(login.me)
        if not needs_verification(login):
            return login.user
        if login.is_fresh(self._loop.time()):
            return copy.copy(login.user)
        outcome = await self._ask(login)
        if isinstance(outcome, Exception):
            raise outcome
        if outcome is GONE:
            raise SignedOut(login.me)
        return copy.copy(outcome)

    async def check(self, logins: Sequence[Login]) -> list[Outcome]:
        """Ask about logins now, in one read of ``BATCH_SIZE`` at most; end those that are gone.

        Raises what the stores raise.
        """
        began = self._loop.time()
        async with asyncio.timeout(READ_WITHIN):
            outcomes = await self._verify(logins)
        for login, outcome in zip(logins, outcomes, strict=True):
            _settle(login, outcome, began)
        return outcomes

    async def _ask(self, login: Login) -> Outcome:
        if not is_verified_together(login):
            return (await self.check([login]))[0]
        identity = login.identity
        if identity not in self._waiting:
            future = self._loop.create_future()
            future.add_done_callback(lambda done: done.exception())  # Its caller may be gone.
            self._waiting[identity] = login, future
        if self._reading is None:
            self._reading = self._loop.create_task(self._read_waiting())
        return await asyncio.shield(self._waiting[identity][1])

    async def _read_waiting(self) -> None:
        try:
            while self._waiting:
                identities = list(self._waiting)[:BATCH_SIZE]
                await self._read(dict(self._waiting.pop(one) for one in identities))
        finally:
            self._reading = None

    async def _read(self, batch: dict[Login, asyncio.Future[Outcome]]) -> None:
        try:
            outcomes = await self.check(list(batch))
        except Exception as error:  # The futures hand it to each caller.
            for future in batch.values():
                future.set_exception(error)
        else:
            for future, outcome in zip(batch.values(), outcomes, strict=True):
                future.set_result(outcome)


def _settle(login: Login, outcome: Outcome, asked_at: float) -> None:
    """Keep an answer for all sockets of the same login, or end these."""
    if isinstance(outcome, Exception):
        return
    sockets = user_sockets().of_login(login)
    if outcome is GONE:
        login.end()
        sign_out(sockets)
    else:
        for one in [login, *(socket.login for socket in sockets)]:
            one.verified(outcome, asked_at)


verifiers = PerLoop(Verifier)


async def current_user(login: Login) -> Any:
    """Return the user of a login as the stores have them now, with no permissions remembered.

    The object is the caller's own. Raises ``SignedOut`` if the user or the session is gone, and
    then ends the sockets of that login; raises what a store raises that is away.
    """
    return await verifiers.current().current_user(login)
