"""Calls a function once the caller's data is committed, in one database or in several."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.transaction import TransactionManagementError

Then = Callable[[], None]

RECENT_HOOKS = 4
"""Hooks of a transaction among which one's own is looked for: others may stand between."""

IN_ERROR = 3
"""What libpq says of a transaction in which a statement has failed (``PQTRANS_INERROR``)."""


def after_commit(then: Then, using: str) -> None:
    """Call ``then`` after this thread's transaction in a database, or now where there is none.

    After a commit, Django logs what ``then`` raises, since the caller's data is committed.
    Asking for the connection's state alone connects to no database.
    """
    if connections[using].in_atomic_block:
        transaction.on_commit(then, using=using, robust=True)
    else:
        then()


def collect_after_commit(item: Any, using: str, then: Callable[[Sequence[Any]], None]) -> None:
    """Call ``then`` with the items of a transaction after its commit, or with one where none is.

    A bulk deletion sends a signal for each row, and what follows from it can be done together.
    """
    connection = connections[using]
    if not connection.in_atomic_block:
        then([item])
        return
    hooks, savepoints = connection.run_on_commit, set(connection.savepoint_ids)
    for index in range(max(0, len(hooks) - RECENT_HOOKS), len(hooks)):
        its_savepoints, hook, *_ = hooks[index]
        if isinstance(hook, Collected) and hook.then == then and its_savepoints == savepoints:
            hook.items.append(item)
            hooks.append(hooks.pop(index))  # To be found again, whatever others do for each row.
            return
    transaction.on_commit(Collected(item, then), using=using, robust=True)


class Collected:
    """A hook with what was collected in one transaction, or in one of its savepoints."""

    def __init__(self, item: Any, then: Callable[[Sequence[Any]], None]) -> None:
        self.items = [item]
        self.then = then
        self.__qualname__ = then.__qualname__  # by which Django names a hook that fails

    def __call__(self) -> None:
        self.then(self.items)


def after_every_commit(then: Then) -> None:
    """Call ``then`` when each transaction of this thread is committed, or now where there is none.

    If one of them is rolled back, it is not called. Raises what ``require_commit`` does.
    """
    waiting = require_commit(DEFAULT_DB_ALIAS)
    if not waiting:
        then()
    for using in list(waiting):
        # Each is asked now: one that was rolled back first would look like one without any.
        hook = partial(_committed, using, waiting, then)
        # Django names a hook that fails by this attribute, which a partial doesn't have.
        hook.__qualname__ = _committed.__qualname__  # type: ignore[attr-defined]
        transaction.on_commit(hook, using=using, robust=True)


def databases_in_transaction() -> set[str]:
    """Return the aliases of the databases in which this thread has a transaction."""
    return _in_transaction(connections.all(initialized_only=True))


def require_commit(using: str) -> set[str]:
    """Make sure that this thread's transactions can be waited for.

    Connections that are open count, and the one to ``using``, whose first statement may follow.
    Returns the aliases of the databases in which this thread has a transaction. Raises
    ``TransactionManagementError`` where Django does not say when data is committed, or where it
    won't be.
    """
    known = list(connections.all(initialized_only=True))
    if not any(connection.alias == using for connection in known):
        known.append(connections[using])
    for connection in known:
        if _is_managed_by_hand(connection, using):
            raise TransactionManagementError(
                f"The transaction of the database {connection.alias!r} is managed by hand, so "
                "nobody can tell when it is committed. Publish with autocommit on, or in a "
                "transaction.atomic() that began with autocommit on."
            )
        if connection.in_atomic_block and _is_broken(connection):
            raise TransactionManagementError(
                f"An error has broken the transaction of the database {connection.alias!r}. It "
                "will be rolled back, so nothing can be published in it."
            )
    return _in_transaction(known)


def _in_transaction(known: Iterable[Any]) -> set[str]:
    return {connection.alias for connection in known if connection.in_atomic_block}


def _committed(using: str, waiting: set[str], then: Then) -> None:
    waiting.discard(using)
    if not waiting:
        then()


def _is_managed_by_hand(connection: Any, using: str) -> bool:
    """Tell whether autocommit is off, other than by ``atomic``.

    An ``atomic`` that found it off is a savepoint, and its hooks wait until autocommit is on again.
    """
    if connection.in_atomic_block:
        return not connection.commit_on_exit
    if connection.connection is None:
        return connection.alias == using and not connection.settings_dict["AUTOCOMMIT"]
    return not connection.autocommit


def _is_broken(connection: Any) -> bool:
    """PostgreSQL turns the commit of a failed transaction into a rollback without a word."""
    info = getattr(connection.connection, "info", None)
    return connection.needs_rollback or getattr(info, "transaction_status", None) == IN_ERROR
