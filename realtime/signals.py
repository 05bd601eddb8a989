"""Signals about who is there: one process of the site sends each, once for what happened.

Receivers run in a thread. Where presence is kept in a database, they run in a transaction, each in
a savepoint: what one that raises did there is undone and logged, and the others run.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from asgiref.sync import async_to_sync
from django.db import transaction
from django.dispatch import Signal

from realtime.eventlog.commit import databases_in_transaction

__all__ = ["stream_first", "stream_last", "user_came_online", "user_went_offline"]

Receiver = Callable[..., Any]


class PresenceSignal(Signal):
    """A signal whose receivers can't break the transaction for each other.

    Django has no public way to run something around each receiver.
    """

    def _live_receivers(self, sender: Any) -> tuple[list[Receiver], list[Receiver]]:
        sync, asynchronous = super()._live_receivers(sender)
        return [
            *(_in_savepoints(one, one) for one in sync),
            *(_in_savepoints(async_to_sync(one), one) for one in asynchronous),
        ], []


def _in_savepoints(call: Receiver, receiver: Receiver) -> Receiver:
    def call_in_savepoints(**arguments: Any) -> Any:
        with ExitStack() as savepoints:
            for using in databases_in_transaction():
                savepoints.enter_context(transaction.atomic(using))
            return call(**arguments)

    name = getattr(receiver, "__qualname__", None) or repr(receiver)
    call_in_savepoints.__qualname__ = f"{receiver.__module__}.{name}"
    return call_in_savepoints


user_came_online = PresenceSignal()
"""The first socket of a user is open; ``sender`` is the user model.

``user_pk`` is the primary key as text, ``user`` the user, or None for one who was deleted.
"""

user_went_offline = PresenceSignal()
"""A user has had no socket for ``OFFLINE_AFTER`` seconds; the arguments are the same."""

stream_first = PresenceSignal()
"""Somebody is in a stream in which nobody was; ``sender`` is its class, ``stream`` its name."""

stream_last = PresenceSignal()
"""Nobody is in a stream any more; the arguments are the same."""
