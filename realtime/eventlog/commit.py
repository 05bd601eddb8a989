"""Calls a function once the caller's data is committed."""

from __future__ import annotations

from collections.abc import Callable

from django.db import DEFAULT_DB_ALIAS, transaction


def after_commit(then: Callable[[], None], using: str = DEFAULT_DB_ALIAS) -> None:
    """Call ``then`` after the transaction of this thread commits, or now where there is none.

    After a commit, Django logs what ``then`` raises, since the caller's data is committed.
    Asking for the connection's state alone connects to no database.
    """
    if transaction.get_connection(using).in_atomic_block:
        transaction.on_commit(then, using=using, robust=True)
    else:
        then()
