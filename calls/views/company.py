"""The phone company in views: what fails there is asked for afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.http import HttpRequest

from calls import telephony
from calls.models import Call
from calls.reconciliation import ask_soon
from calls.telephony import CallOver, CallTaken, NoSuchCall, NotBegun, OutcomeUnknown, Telephony


def company(request: HttpRequest) -> Telephony:
    """Return the phone company; it calls the webhooks of the site that ``request`` came to."""
    return telephony.get_telephony(telephony.site_url(request))


@contextmanager
def asking_after(call: Call) -> Iterator[None]:
    """Have the company asked for a call of which it says something unexpected, or nothing."""
    try:
        yield
    except (CallOver, CallTaken, NoSuchCall, OutcomeUnknown):
        ask_soon(call)
        raise


def may_be_done(error: BaseException) -> bool:
    """Say whether what failed with ``error`` may have come about nevertheless."""
    return isinstance(error, OutcomeUnknown) and not isinstance(error, NotBegun)
