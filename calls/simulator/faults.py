"""What the words do to the company's webhooks; the words stay in the company's one row."""

from datetime import datetime, timedelta
from enum import StrEnum

from calls.simulator.models import Exchange, locked_exchange
from calls.states import FINAL, State


class Fault(StrEnum):
    """A word after which the company misbehaves."""

    LOSE_ANSWERED = "lose-answered"
    LOSE_FINALS = "lose-finals"
    TWICE = "twice"
    LATE = "late"
    REST_ERROR = "rest-error"
    REST_TIMEOUT = "rest-timeout"
    REST_LOST = "rest-lost"


LATE_BY = timedelta(seconds=10)


def add(fault: Fault) -> None:
    """Misbehave from now on."""
    with locked_exchange() as exchange:
        if fault not in exchange.faults:
            exchange.faults.append(fault)
            exchange.save()


def clear() -> None:
    """Behave from now on."""
    with locked_exchange() as exchange:
        exchange.faults = []
        exchange.save()


def active() -> frozenset[Fault]:
    """Return the words that are in force."""
    row = Exchange.objects.filter(pk=1).values_list("faults", flat=True).first()
    return frozenset(Fault(word) for word in row or [])


def sent_at(state: State, at: datetime, *, is_event: bool) -> list[datetime]:
    """Return when a webhook is sent that is due at an instant: not at all, once, twice.

    ``is_event`` says that it reports the state; others only carry it. The lock of the company is
    held.
    """
    faults = active()
    if is_event and state == State.IN_PROGRESS and Fault.LOSE_ANSWERED in faults:
        _use_up(Fault.LOSE_ANSWERED)
        return []
    if state in FINAL and Fault.LOSE_FINALS in faults:
        return []
    first = at + LATE_BY if Fault.LATE in faults else at
    return [first, first] if Fault.TWICE in faults else [first]


def _use_up(fault: Fault) -> None:
    exchange = Exchange.objects.get(pk=1)
    exchange.faults.remove(fault)
    exchange.save()
