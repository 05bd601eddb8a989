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
from realtime.concurrency.joined_reads import JoinedReads
from realtime.concurrency.per_loop import PerLoop
from realtime.concurrency.threads import run_sign_in

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
    """Signs in by sessions: those who come at one moment on one event loop share a read."""

    def __init__(self, read: Read = find_in_thread) -> None:
        self._read = read
        self._reads = JoinedReads[tuple[Answer, float]](self._read_timed, patience=PATIENCE)

    async def login(self, session_key: str) -> Login | Otherwise:
        """Return the login of a session's user; raises what the stores raise."""
        _, (answer, asked_at) = await self._reads.get(session_key)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, Otherwise):
            return answer
        return Login(answer.user, session_key, answer.backend, verified_at=asked_at)

    async def _read_timed(self, keys: Collection[str]) -> dict[str, tuple[Answer, float]]:
        asked_at = asyncio.get_running_loop().time()
        return {key: (found, asked_at) for key, found in (await self._read(keys)).items()}


session_logins = PerLoop(SessionLogins)
