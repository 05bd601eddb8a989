"""The signals of a call that has changed: one inside its transaction, one after the commit."""

from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction
from django.dispatch import Signal

from calls.states import State

if TYPE_CHECKING:
    from calls.models import Call

call_recorded = Signal()
"""Sent inside the transaction that creates a call or changes what others see of it.

It is for what has to become true together with the change, as publishing does: if a receiver
raises, the change is rolled back, and the phone company gets a 500. The call's row is locked
meanwhile. Arguments: ``sender`` (the class ``Call``), ``call`` (already changed) and ``previous``
(the state before, None for a new call).
"""

call_changed = Signal()
"""Sent with the same arguments after the commit, for everything else that follows from a change.

A receiver that raises is logged with its name by Django (logger ``django.dispatch``). It undoes
nothing, and the others are called. Receivers run in the process that recorded the change, and are
not called again if it is killed before. ``call.version`` shows the order of changes that several
processes have recorded.
"""

call_unreceived = Signal()
"""Sent inside the transaction that rings the next agents for a call, because no desk at which it
rang has received that. Arguments: ``sender`` (the class ``Call``) and ``call``.
"""


def announce(call: "Call", previous: State | None) -> None:
    """Send both signals for a call that has been saved, the second one after the commit."""
    arguments = {"sender": type(call), "call": call, "previous": previous}
    call_recorded.send(**arguments)
    transaction.on_commit(partial(call_changed.send_robust, **arguments))
