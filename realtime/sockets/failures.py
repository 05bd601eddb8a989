"""Tells failures that pass by themselves from faults that stay until somebody mends them.

For the first a client is asked to come back; for the second that would go on without end.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator

from django.db import InterfaceError, OperationalError

AWAY_NUMBERS = {
    errno.EAGAIN,
    errno.EHOSTDOWN,
    errno.EHOSTUNREACH,
    errno.EIO,
    errno.EMFILE,
    errno.ENETDOWN,
    errno.ENETUNREACH,
    errno.ENFILE,
    errno.ENOMEM,
    errno.ESTALE,
    errno.ETIMEDOUT,
}
"""What the system says while a network, a disk or itself is in trouble."""

AWAY_NAMES = {
    "BusyLoadingError",
    "ClusterDownError",
    "ConnectionError",
    "HostLookupError",
    "InterfaceError",
    "MasterDownError",
    "MemcacheServerError",
    "MemcacheUnexpectedCloseError",
    "OperationalError",
    "ReadOnlyError",
    "ServerDead",
    "ServerDown",
    "TimeoutError",
    "gaierror",
}
"""Classes of clients of stores (Redis, Memcached, databases), which need not be installed here."""


def is_for_now(error: BaseException) -> bool:
    """Tell whether a store or the network was away, so that the same may work in a while."""
    return any(_is_away(cause) for cause in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen = set()
    cause: BaseException | None = error
    while cause is not None and cause not in seen:
        yield cause
        seen.add(cause)
        cause = cause.__cause__


def _is_away(error: BaseException) -> bool:
    if isinstance(error, OperationalError | InterfaceError):
        return not _is_wrong_sql(error.__cause__)
    if isinstance(error, sqlite3.Error):
        return not _is_wrong_sql(error)
    if isinstance(error, OSError) and error.errno in AWAY_NUMBERS:
        return True
    return any(base.__name__ in AWAY_NAMES for base in type(error).__mro__)


def _is_wrong_sql(error: BaseException | None) -> bool:
    """SQLite says OperationalError of a missing table, which others call a ProgrammingError."""
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR
