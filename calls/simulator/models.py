"""What the company keeps: legs, what will happen to them and when, conferences, recordings."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any

from django.db import models, transaction

from calls import background
from calls.states import FINAL, State

PLAYER = "simulator"
"""The name of the loop that plays the company."""


class Direction(StrEnum):
    """How a leg came about, in Twilio's words."""

    INBOUND = "inbound"
    OUTBOUND_API = "outbound-api"
    OUTBOUND_DIAL = "outbound-dial"


class Kind(StrEnum):
    """What a step does to its leg."""

    MOVE = "move"
    """The leg enters a state."""
    END = "end"
    """The leg ends, in the state that suits the one it is in."""
    GO_ON = "go-on"
    """The verb that is being carried out is over."""
    TIMEOUT = "timeout"
    """Nobody has answered a ``<Dial>`` in time."""
    REQUEST = "request"
    """An address of the site is asked for TwiML."""
    NOTIFY = "notify"
    """An address of the site gets a form, whose answer doesn't matter."""


REQUESTS = frozenset({Kind.REQUEST, Kind.NOTIFY})
"""The steps that leave the company by HTTP."""


def new_sid(prefix: str) -> str:
    """Return a sid of Twilio's form; ``CA`` is a call's prefix."""
    return f"{prefix}{secrets.token_hex(16)}"


def new_conference_sid() -> str:
    return new_sid("CF")


def new_recording_sid() -> str:
    return new_sid("RE")


class Exchange(models.Model):
    """The company itself, one row: a transaction that has locked it changes the company alone.

    ``faults`` are the words that make the company misbehave, until they are used up or taken back.
    """

    faults = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"exchange {' '.join(self.faults)}"


@contextmanager
def locked_exchange() -> Iterator[Exchange]:
    """Open a transaction in which nobody else changes the company; then play what has come due."""
    with transaction.atomic():
        yield Exchange.objects.select_for_update().get_or_create(pk=1)[0]
        transaction.on_commit(partial(background.wake, PLAYER))


class Conference(models.Model):
    """A conference, which begins with its first participant and ends with the last."""

    sid = models.CharField(max_length=34, unique=True, default=new_conference_sid)
    name = models.CharField(max_length=128, db_index=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class Leg(models.Model):
    """The connection between the company and one phone; Twilio calls it a call.

    A leg that a ``<Dial>`` has made has the leg with the ``<Dial>`` as its ``parent``. It is
    ``dialled_by`` that one too, as long as that ``<Dial>`` rings it or connects it.
    ``sequence`` is the number of its next status callback. ``twiml`` is the document that is being
    carried out, ``verb`` the place in it, ``base_url`` where it came from.
    """

    sid = models.CharField(max_length=34, unique=True)
    parent = models.ForeignKey(
        "self", models.CASCADE, null=True, blank=True, related_name="children"
    )
    dialled_by = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="dialled"
    )
    direction = models.CharField(max_length=16, choices=[(one, one) for one in Direction])
    from_address = models.CharField(max_length=320)
    to_address = models.CharField(max_length=320, db_index=True)
    state = models.CharField(max_length=16, choices=[(one, one) for one in State])
    sequence = models.PositiveIntegerField(default=0)
    callback = models.CharField(max_length=500, blank=True)
    callback_events = models.JSONField(default=list)
    twiml = models.TextField(blank=True)
    verb = models.IntegerField(default=-1)
    base_url = models.CharField(max_length=500, blank=True)
    by_rest = models.BooleanField("its TwiML came by REST", default=False)
    conference = models.ForeignKey(
        Conference, models.SET_NULL, null=True, blank=True, related_name="legs"
    )
    ends_conference = models.BooleanField(default=False)
    held = models.BooleanField(default=False)
    muted = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    verb_began_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.sid} {self.state}"

    @property
    def is_over(self) -> bool:
        """Whether the leg has ended."""
        return self.state in FINAL

    @property
    def duration(self) -> int:
        """Seconds since the phone was picked up, until the end."""
        if self.answered_at is None or self.ended_at is None:
            return 0
        return round((self.ended_at - self.answered_at).total_seconds())


class Step(models.Model):
    """What happens to a leg at an instant.

    A request is ``leased_until`` an instant to the process ``leased_by``, which sends it;
    ``attempts`` have been made.
    """

    leg = models.ForeignKey(Leg, models.CASCADE, related_name="steps")
    kind = models.CharField(max_length=16, choices=[(kind, kind) for kind in Kind])
    due = models.DateTimeField(db_index=True)
    data = models.JSONField(default=dict)
    attempts = models.PositiveIntegerField(default=0)
    first_due = models.DateTimeField()
    leased_until = models.DateTimeField(null=True, blank=True)
    leased_by = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["due", "pk"]

    def __str__(self) -> str:
        return f"{self.kind} {self.leg_id}"


class Recording(models.Model):
    """What a caller has said to ``<Record>``."""

    sid = models.CharField(max_length=34, unique=True, default=new_recording_sid)
    leg = models.ForeignKey(Leg, models.CASCADE, related_name="recordings")
    seconds = models.PositiveIntegerField()

    def __str__(self) -> str:
        return self.sid


def schedule(leg: Leg, kind: Kind, due: datetime, **data: Any) -> Step:
    """Have something happen to a leg at an instant."""
    return Step.objects.create(leg=leg, kind=kind, due=due, first_due=due, data=data)


def cancel(leg: Leg, *kinds: Kind) -> None:
    """Have the steps of these kinds not happen."""
    leg.steps.filter(kind__in=kinds).delete()
