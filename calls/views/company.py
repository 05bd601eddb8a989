"""The phone company in views: what fails there is asked for afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.http import HttpRequest
from django.utils import timezone

from calls import telephony
from calls.models import Call
from calls.reconciliation import ask_doubtful, ask_soon
from calls.telephony import CallOver, CallTaken, NoSuchCall, NotAsked, OutcomeUnknown, Telephony


def company(request: HttpRequest) -> Telephony:
    """Return the phone company; it calls the webhooks of the site that ``request`` came to."""
    return telephony.get_telephony(telephony.site_url(request))


@contextmanager
def asking_after(call: Call) -> Iterator[None]:
    """Have the company asked for a call of which it says something unexpected, or nothing.

    Once it answers without an error, it is asked for all calls that are in doubt.
    """
    try:
        yield
    except (CallOver, CallTaken, NoSuchCall, NotAsked, OutcomeUnknown):
        ask_soon(call)
        raise
    ask_doubtful(timezone.now())


def may_be_done(error: BaseException) -> bool:
    """Say whether what failed with ``error`` may have come about nevertheless."""
    return isinstance(error, OutcomeUnknown)
