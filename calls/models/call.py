"""A call: what is known of it, and what others see."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils import timezone

from calls.agents import person
from calls.certainty import ANSWERING, check_at
from calls.derivation import Derived, Known, customers, derive, is_complete, is_connected, split
from calls.models.leg import Leg
from calls.models.manager import CallConflict, CallManager
from calls.models.party import PartyDigits
from calls.models.published import published
from calls.outcomes import Outcome
from calls.ringing_phones import Ringing, is_active_at
from calls.states import ACTIVE, FINAL, Direction, State

SEARCHED = ["answered_by", "placed_by", "rejected_by", "party", "party_backwards"]
"""By what the history is searched; each has an index with the calls in the order of their ends."""


def agent_field() -> models.ForeignKey:
    """Return a field for an agent's part in a call, which outlives the agent."""
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )


class Call(models.Model):
    """One phone call. ``version`` counts the changes that others see.

    Its state is that of its legs, see ``calls.states.call_state``. ``answered_by`` is the agent who
    talks, which only the phone company knows. ``claimed_by`` is the agent who pressed Answer, until
    ``claimed_until``; ``claim`` names the request that did. ``rung`` are all agents whose phones
    were rung, again for each transfer, and ``rung_now`` those whose phones ring. ``unreceived`` are
    those at whose desks it rang without any of them receiving that in time. ``sid`` is None while
    the company hasn't said that it placed the call. ``certain`` is False while the company
    can't be asked for a state that may be over; ``check_at`` is when it is asked, and
    ``checked_until`` the lease of the process that asks. Times are those of this server's clock,
    except for what was reported late.
    """

    sid = models.CharField("Twilio's sid", max_length=64, unique=True, null=True, blank=True)
    direction = models.CharField(
        max_length=8, choices=[(one, one) for one in Direction], default=Direction.INBOUND
    )
    from_number = models.CharField("from", max_length=320)
    to_number = models.CharField("to", max_length=320)
    party = PartyDigits()
    party_backwards = PartyDigits(backwards=True)
    state = models.CharField(max_length=16, choices=[(state, state) for state in State])
    outcome = models.CharField(
        max_length=12, choices=[(one, one) for one in Outcome], blank=True, default=""
    )
    answered_by = agent_field()
    placed_by = agent_field()
    claimed_by = agent_field()
    rejected_by = agent_field()
    transfer_to = agent_field()
    claimed_until = models.DateTimeField(null=True, blank=True)
    claim = models.CharField(max_length=64, blank=True, default="")
    rung = models.JSONField(default=list, blank=True)
    rung_now = models.JSONField(default=list, blank=True)
    declined = models.JSONField(default=list, blank=True)
    unreceived = models.JSONField(default=list, blank=True)
    voicemail = models.BooleanField(default=False)
    held = models.BooleanField(default=False)
    conference = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True, db_index=True)
    changed_at = models.DateTimeField()
    duration = models.PositiveIntegerField("duration in seconds", null=True, blank=True)
    certain = models.BooleanField(default=True)
    check_at = models.DateTimeField(null=True, blank=True, db_index=True)
    failed_checks = models.PositiveIntegerField(default=0)
    checked_until = models.DateTimeField(null=True, blank=True)

    objects = CallManager()

    class Meta:
        ordering = ["-started_at", "-pk"]
        indexes = [
            models.Index(fields=["state"]),
            models.Index(fields=["-started_at", "-id"]),
            *(models.Index(fields=[key, "ended_at", "id"]) for key in SEARCHED),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["to_number"],
                condition=models.Q(sid=None, state__in=sorted(ACTIVE)),
                name="one_unnamed_call",
            )
        ]

    def __str__(self) -> str:
        return f"{self.sid} {self.state}"

    @property
    def is_over(self) -> bool:
        return self.state in FINAL

    @property
    def claimant(self) -> AbstractUser | None:
        """The agent whose claim holds."""
        return None if self.claim_ends_by(timezone.now()) else self.claimed_by

    @property
    def owner(self) -> AbstractUser | None:
        """The agent who talks, is answering, or has placed the call; nobody has a voice message."""
        return (
            self.claimant if self.voicemail else self.answered_by or self.claimant or self.placed_by
        )

    @property
    def rings_at(self) -> list[int]:
        """The agents of whom any may answer, where nobody does yet."""
        waits = self.direction == Direction.INBOUND and self.state == State.RINGING
        return list(self.rung_now) if waits and not self.claimant else []

    def check_free_for(self, agent: AbstractUser) -> None:
        """Raise ``CallConflict`` if the call is over, or another agent has it."""
        if self.is_over:
            raise CallConflict("This call is over.")
        if self.owner and self.owner != agent:
            raise CallConflict(f"{person(self.owner)['name']} has this call.")

    def unclaim(self) -> None:
        """End the claim; for use in ``Call.objects.change``."""
        self.claimed_by, self.claimed_until, self.claim = None, None, ""

    def fail(self) -> None:
        """End a call that the company never placed; for use in ``Call.objects.change``."""
        self.state, self.outcome = State.FAILED, Outcome.FAILED
        self._end([])

    def data(self) -> dict[str, Any]:
        """Return the call as events and lists carry it."""
        return published(self)

    def claim_ends_by(self, instant: datetime) -> bool:
        """Say whether nobody's claim holds at ``instant``."""
        return self.claimed_until is None or self.claimed_until <= instant

    def end_vain_claim(self, now: datetime) -> None:
        """End a claim that is over at ``now``, or soon will be and for which no phone rings."""
        rings = is_active_at(self.claimed_by_id, self.legs.all())
        if self.claim_ends_by(now if rings else now + ANSWERING):
            self.unclaim()

    def leave_to_voicemail(self) -> None:
        """Note that the customer may leave a message, because no agent is there any more.

        An incoming call can then be answered again. For use in ``Call.objects.change``.
        """
        self.transfer_to, self.rung_now, self.held, self.voicemail = None, [], False, True
        if self.direction == Direction.INBOUND:
            self.state = State.RINGING

    def end_vain_transfer(self) -> None:
        """Forget a transfer for which no phone rings: the process that began it has died."""
        if self.transfer_to_id and not is_active_at(self.transfer_to_id, self.legs.all()):
            self.transfer_to, self.rung_now = None, []

    def learn(self, leg: Leg, *, duration: int | None = None) -> None:
        """Derive state, people and outcome from the legs, of which ``leg`` has changed."""
        legs = list(self.legs.all())
        own, others = split(legs)
        if leg.user_id and leg.user_id == self.transfer_to_id:
            self.held = False  # The customer hears that phone ring, and no music.
        self._enter(derive(self._known(), State(own.state if own else self.state), others))
        self._ring(Ringing(self.rung_now, self.transfer_to_id).after(leg, legs, State(self.state)))
        self.certain, self.failed_checks = True, 0
        if self.is_over:
            self._end([own, *customers(self._known(), others)] if own else [])
        if not leg.parent and duration is not None:
            self.duration = duration

    def next_check(self, *, heard: bool) -> datetime | None:
        """Return when to ask the company, if it hasn't said anything until then.

        What others than the company change doesn't put a question off, unless it is being asked.
        """
        if not self.certain:
            return self.check_at
        due = check_at(
            State(self.state),
            now=self.changed_at,
            voicemail=self.voicemail,
            claimed_until=self.claimed_until,
            unplaced_since=self.started_at if self.sid is None else None,
            transferred=self.transfer_to_id is not None,
            connected=is_connected(self._known(), list(self.legs.all())),
            complete=not self.is_over or self._is_complete(),
        )
        asked = self.checked_until is not None and self.checked_until > self.changed_at
        keeps = due and self.check_at and not (heard or asked)
        return min(due, self.check_at) if keeps else due

    def _known(self) -> Known:
        return Known(
            direction=Direction(self.direction),
            conference=self.conference,
            transferred=self.transfer_to_id is not None,
            held=self.held,
            voicemail=self.voicemail,
            rung=self.rung,
            declined=self.declined,
            rejected=self.rejected_by_id is not None,
            outcome=self.outcome,
        )

    def _enter(self, derived: Derived[Leg]) -> None:
        self.state, self.outcome = derived.state, derived.outcome
        if derived.talk:
            self._talk(derived.talk)
            self.answered_at = derived.answered_at

    def _talk(self, leg: Leg) -> None:
        talker = leg.user or (self.placed_by if self.direction == Direction.OUTBOUND else None)
        self.answered_by = talker or self.answered_by or self.claimant
        self.voicemail = self.voicemail and self.is_over  # It may be the only trace of a message.
        self.unclaim()

    def _ring(self, ringing: Ringing) -> None:
        self.rung_now = list(ringing.now)
        if ringing.transfer_to is None:
            self.transfer_to = None

    def _end(self, legs: list[Leg]) -> None:
        ends = [leg.ended_at for leg in legs if leg.ended_at]
        self.ended_at = max(ends, default=self.ended_at or timezone.now())
        self.rung_now, self.transfer_to, self.held = [], None, False
        self.unclaim()
        if self._is_complete():
            self.check_at = None

    def _is_complete(self) -> bool:
        """Tell whether all is known of a call that is over, with its message."""
        own, others = split(list(self.legs.all()))
        return is_complete(self._known(), own, others) and not self._lacks_message()

    def _lacks_message(self) -> bool:
        return self.voicemail and getattr(self, "message", None) is None
