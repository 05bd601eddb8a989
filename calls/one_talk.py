"""One conversation at a time: an agent who talks puts the call on hold before another one.

Her phone can be in several calls, but then all customers except one talk to nobody.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth.models import AbstractUser
from django.db.models import Q
from django.utils import timezone

from calls.models import Call, CallConflict
from calls.reconciliation import ask_soon
from calls.states import ACTIVE, Direction, State

TALKING = "You are talking. Put that call on hold first."
CALLING = "You are calling {number}. Hang up that call first."
ANSWERING = "You are answering another call."


class TalksElsewhere(CallConflict):
    """The agent's phone is in another call, or about to be; ``call`` is that call."""

    def __init__(self, sentence: str, call: Call) -> None:
        super().__init__(sentence)
        self.call = call


def check_free(agent: AbstractUser, *, but: int | None = None) -> None:
    """Raise ``TalksElsewhere`` while another call than the one with the key ``but`` needs her.

    One that is on hold doesn't. Neither does one that isn't certain, because it may be over, and
    callers don't wait for that.
    """
    others = Call.objects.filter(state__in=ACTIVE, held=False, certain=True).exclude(pk=but)
    if talk := others.filter(legs__user=agent, legs__state=State.IN_PROGRESS).first():
        calls_out = talk.direction == Direction.OUTBOUND and talk.state != State.IN_PROGRESS
        sentence = CALLING.format(number=talk.to_number) if calls_out else TALKING
        raise TalksElsewhere(sentence, talk)
    claimed = Q(claimed_by=agent, claimed_until__gt=timezone.now())
    if answering := others.filter(claimed).first():
        raise TalksElsewhere(ANSWERING, answering)
    placed = others.filter(placed_by=agent, answered_by=None, direction=Direction.OUTBOUND)
    if calling := placed.first():
        raise TalksElsewhere(CALLING.format(number=calling.to_number), calling)


@contextmanager
def asking_for_other() -> Iterator[None]:
    """Have the company asked for the call that stands in the way: it may be over."""
    try:
        yield
    except TalksElsewhere as error:
        ask_soon(error.call)
        raise
