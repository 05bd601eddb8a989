"""A call: what is known of it, and what others see."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils import timezone

from calls.agents import person
from calls.certainty import ANSWERING, DISCONNECTED, PLACING, TRANSFER, check_at
from calls.derivation import Derived, Known, customers, derive, is_complete, is_connected
from calls.models.leg import Leg
from calls.models.manager import CallConflict, CallManager
from calls.models.party import PartyDigits
from calls.models.published import published
from calls.outcomes import Outcome
from calls.signals import announce
from calls.states import ACTIVE, FINAL, Direction, State
from realtime.logs import get_logger

logger = get_logger(__name__)

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
        rings = self._has_leg_of(self.claimed_by_id)
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
        if self.transfer_to_id and not self._has_leg_of(self.transfer_to_id):
            self.transfer_to, self.rung_now = None, []

    def learn(self, leg: Leg, *, duration: int | None = None) -> None:
        """Derive state, people and outcome from the legs, of which ``leg`` has changed."""
        own, others = split(self.legs.all())
        if leg.user_id and leg.user_id == self.transfer_to_id:
            self.held = False  # The customer hears that phone ring, and no music.
        self._enter(derive(self._known(), State(own.state if own else self.state), others))
        self._stop_ringing_at(leg)
        self.certain, self.failed_checks = True, 0
        if self.is_over:
            self._end([own, *customers(self._known(), others)] if own else [])
        if not leg.parent and duration is not None:
            self.duration = duration

    @contextmanager
    def changing(self, *, heard: bool) -> Iterator[None]:
        """Save what the block changes of this locked row, and publish it if others see it.

        ``heard`` says that the company is the source.
        """
        previous = State(self.state) if self.version else None
        before, stored = previous and self._published(), self._stored()
        yield
        if before == self._published():
            if stored != self._stored():
                self.save()
            return
        self.version += 1
        self.changed_at = timezone.now()
        self.check_at = self._check_at(heard=heard)
        self.save()
        logger.info(
            "call changed call=%d sid=%s state=%s version=%d",
            self.pk,
            self.sid,
            self.state,
            self.version,
        )
        announce(self, previous)

    def _stored(self) -> dict[str, Any]:
        """Return the columns of the row; a list is a copy."""
        values = {field.attname: getattr(self, field.attname) for field in self._meta.fields}
        return {name: [*one] if isinstance(one, list) else one for name, one in values.items()}

    def _published(self) -> dict[str, Any]:
        return {**self.data(), "version": None, "at": None}

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

    def _stop_ringing_at(self, leg: Leg) -> None:
        """End the ringing where a phone has stopped, and everywhere once an agent talks."""
        over = leg.state in FINAL and self._is_last_to_ring(leg)
        if leg.user_id == self.transfer_to_id and (leg.is_up or over):
            self.transfer_to = None
        answered = self.state == State.IN_PROGRESS and self.transfer_to is None
        stopped = {leg.user_id} if over and leg.state in SILENT else set()
        self.rung_now = [] if answered else [pk for pk in self.rung_now if pk not in stopped]

    def _is_last_to_ring(self, leg: Leg) -> bool:
        """Tell whether a leg ended that rang, and no other one of its agent goes on."""
        return leg.answered_at is None and not self._has_leg_of(leg.user_id, but=leg)

    def _has_leg_of(self, user: int | None, *, but: Leg | None = None) -> bool:
        """Tell whether a leg at this agent's phone rings or is up."""
        legs = (leg for leg in self.legs.all() if leg.user_id == user and leg != but)
        return any(leg.state in ACTIVE for leg in legs)

    def _end(self, legs: list[Leg]) -> None:
        ends = [leg.ended_at for leg in legs if leg.ended_at]
        self.ended_at = max(ends, default=self.ended_at or timezone.now())
        self.rung_now, self.transfer_to, self.held = [], None, False
        self.unclaim()
        if self._is_complete():
            self.check_at = None

    def _is_complete(self) -> bool:
        """Tell whether all is known of a call that is over, with its message."""
        own, others = split(self.legs.all())
        return is_complete(self._known(), own, others) and not self._lacks_message()

    def _lacks_message(self) -> bool:
        return self.voicemail and getattr(self, "message", None) is None

    def _check_at(self, *, heard: bool) -> datetime | None:
        """Return when to ask the company, if it hasn't said anything until then.

        What others than the company change doesn't put a question off, unless it is being asked.
        """
        if not self.certain:
            return self.check_at
        now = self.changed_at
        due = check_at(
            State(self.state),
            now=now,
            voicemail=self.voicemail,
            claimed_until=self.claimed_until,
            complete=not self.is_over or self._is_complete(),
        )
        if due and self.sid is None:
            due = min(due, max(now, self.started_at + PLACING))
        if due and self.transfer_to_id:
            due = min(due, now + TRANSFER)
        talks = is_connected(self._known(), list(self.legs.all()))
        if due and self.state == State.IN_PROGRESS and not talks:
            due = min(due, now + DISCONNECTED)
        asked = self.checked_until is not None and self.checked_until > now
        keeps = due and self.check_at and not (heard or asked)
        return min(due, self.check_at) if keeps else due


def split(legs: Iterable[Leg]) -> tuple[Leg | None, list[Leg]]:
    """Return the call's own leg of its legs, if it is known, and the others."""
    every = list(legs)
    own = next((leg for leg in every if not leg.parent), None)
    return own, [leg for leg in every if leg.parent]


SILENT = FINAL - {State.FAILED}
"""The ends of a leg that rang; one that failed may never have rung, and its agent may answer."""
