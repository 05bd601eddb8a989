"""Finds the users of sessions: for all who come at one moment, in two queries and one thread."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.sessions.backends import db

from realtime.access.claims import Claim, claim_in
from realtime.access.login import Login
from realtime.access.sessions import is_in_table, read_sessions, session_store
from realtime.access.verification import GONE, claimed, is_plain, rows_of
from realtime.concurrency.per_loop import PerLoop
from realtime.concurrency.threads import run_sign_in

BATCH_SIZE = 500
"""Sessions of one read."""

MAX_KEY_LENGTH = 40
"""Characters of the column; anybody may send a longer cookie."""

PATIENCE = 0.1
"""Seconds after which the next read begins beside one that hangs."""


@dataclass(frozen=True, slots=True)
class Found:
    """The user of a session, and the authentication backend that it names."""

    user: Any
    backend: str


class Otherwise(Enum):
    """What else a session may be."""

    NOBODYS = "nobody's"
    ASK_ALONE = "ask alone"
    """Its backend has a request of its own for each user, which may take long."""


Answer = Found | Otherwise | Exception
"""An exception is what hides whose the session is."""
Read = Callable[[Collection[str]], Awaitable[Mapping[str, Answer]]]


def are_read_together() -> bool:
    """Tell whether the engine keeps its sessions in a table alone, as Django's default does."""
    store, own = session_store(), db.SessionStore
    return store.load is own.load and is_in_table(store)


def find(keys: Collection[str]) -> dict[str, Answer]:
    """Return whose the sessions are; raises what the database raises. Not for an event loop."""
    sessions = read_sessions([key for key in keys if len(key) <= MAX_KEY_LENGTH])
    claims = {key: claim_in(session) for key, session in sessions.items()}
    pks = {claim.pk for claim in claims.values() if claim and is_plain(claim.backend)}
    users = rows_of(get_user_model(), pks)
    return {key: _answer(claims.get(key), users) for key in keys}


def _answer(claim: Claim | None, users: Mapping[Any, Any]) -> Answer:
    if claim is None:
        return Otherwise.NOBODYS
    if not is_plain(claim.backend):
        return Otherwise.ASK_ALONE
    outcome = claimed(claim, users)
    if outcome is GONE:
        return Otherwise.NOBODYS
    return outcome if isinstance(outcome, Exception) else Found(outcome, claim.backend)


async def find_in_thread(keys: Collection[str]) -> Mapping[str, Answer]:
    """Read in a thread of those for signing in; see ``find``."""
    found: Mapping[str, Answer] = await run_sign_in(None, find, keys)
    return found


class SessionLogins:
    """Joins the reads of one event loop: what comes during one waits for the next."""

    def __init__(self, read: Read = find_in_thread) -> None:
        self._loop = asyncio.get_running_loop()
        self._read = read
        self._waiting: dict[str, asyncio.Future[tuple[Answer, float]]] = {}
        self._task: asyncio.Task[None] | None = None
        self._reads: set[asyncio.Task[None]] = set()

    async def login(self, session_key: str) -> Login | Otherwise:
        """Return the login of a session's user; raises what the stores raise."""
        future = self._waiting.get(session_key)
        if future is None:
            future = self._waiting[session_key] = self._loop.create_future()
            future.add_done_callback(lambda done: done.exception())  # Its caller may be gone.
        if self._task is None:
            self._task = self._loop.create_task(self._run())
        answer, asked_at = await asyncio.shield(future)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, Otherwise):
            return answer
        return Login(answer.user, session_key, answer.backend, verified_at=asked_at)

    async def _run(self) -> None:
        try:
            while self._waiting:
                keys = list(self._waiting)[:BATCH_SIZE]
                batch = {key: self._waiting.pop(key) for key in keys}
                read = self._loop.create_task(self._answer(batch))
                self._reads.add(read)  # The loop keeps no task alive.
                read.add_done_callback(self._reads.discard)
                await asyncio.wait({read}, timeout=PATIENCE)
        finally:
            self._task = None

    async def _answer(self, batch: dict[str, asyncio.Future[tuple[Answer, float]]]) -> None:
        asked_at = self._loop.time()
        try:
            found = await self._read(list(batch))
        except Exception as error:  # The futures hand it to each caller.
            for future in batch.values():
                future.set_exception(error)
        else:
            for key, future in batch.items():
                future.set_result((found[key], asked_at))


session_logins = PerLoop(SessionLogins)
