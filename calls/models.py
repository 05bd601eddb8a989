"""Calls, and the one method that changes them."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models, transaction
from django.utils import timezone

from calls.agents import person
from calls.signals import call_changed
from calls.states import ACTIVE, FINAL, State, refusal
from realtime.logs import get_logger

logger = get_logger(__name__)


class Direction(models.TextChoices):
    INBOUND = "inbound"
    OUTBOUND = "outbound"


class CallConflict(Exception):
    """The call's state or another agent forbids what an agent asked for; the text says why."""


class CallManager(models.Manager["Call"]):
    def active(self) -> models.QuerySet["Call"]:
        """Return the calls that are not over, newest first."""
        return self.select_related("answered_by").filter(state__in=ACTIVE)

    @transaction.atomic
    def record(
        self,
        sid: str,
        state: State,
        *,
        sequence: int | None = None,
        agent: AbstractUser | None = None,
        duration: int | None = None,
        **new: str,
    ) -> "Call":
        """Record what the phone company reports; nothing else creates or changes calls.

        ``sequence`` is the number of the event, if it has one. ``agent`` is the user whose phone
        answered. ``duration`` is the call's length in seconds. ``new`` (``direction``,
        ``from_number``, ``to_number``) is for a call that isn't known yet. An event that comes late
        or twice changes nothing. Returns the call; its row stays locked until the transaction ends.
        """
        began = timezone.now()
        first = {**new, "state": state, "started_at": began, "changed_at": began}
        call, created = self.select_for_update().get_or_create(sid=sid, defaults=first)
        previous = None if created else State(call.state)
        if previous and (reason := refusal(previous, state, last=call.sequence, sequence=sequence)):
            logger.info("webhook ignored sid=%s state=%s reason=%s", sid, state, reason)
            return call
        # A change that waited for the lock is later than the changes that it waited for.
        now = began if created else timezone.now()
        call._enter(state, now, sequence=sequence, agent=agent, duration=duration)
        call.save()
        logger.info(
            "call changed call=%d sid=%s state=%s version=%d", call.pk, sid, state, call.version
        )
        call_changed.send(sender=Call, call=call, previous=previous)
        return call

    @transaction.atomic
    def claim(self, pk: int, agent: AbstractUser) -> "Call":
        """Reserve a ringing call for ``agent``; if two agents answer together, one gets it.

        Raises ``CallConflict`` if it no longer rings or another agent has it, and
        ``Call.DoesNotExist``.
        """
        call = self.select_for_update().get(pk=pk)
        call.check_free_for(agent)
        if call.direction != Direction.INBOUND or call.state != State.RINGING:
            raise CallConflict("This call can't be answered: it isn't ringing here.")
        call.claimed_by = agent
        call.save(update_fields=["claimed_by"])
        return call


class Call(models.Model):
    """One phone call. Only ``record`` changes what others see; ``version`` counts those changes.

    ``claimed_by`` is the agent who pressed Answer or placed the call. ``answered_by`` is the agent
    who talks, which only the phone company knows. Times are taken from this server's clock.
    """

    sid = models.CharField("Twilio's sid", max_length=64, unique=True)
    direction = models.CharField(max_length=8, choices=Direction)
    from_number = models.CharField("from", max_length=320)
    to_number = models.CharField("to", max_length=320)
    state = models.CharField(max_length=16, choices=[(state, state) for state in State])
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    version = models.PositiveIntegerField(default=0)
    sequence = models.PositiveIntegerField("last sequence number", null=True, blank=True)
    started_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True, db_index=True)
    changed_at = models.DateTimeField()
    duration = models.PositiveIntegerField("duration in seconds", null=True, blank=True)

    objects = CallManager()

    class Meta:
        ordering = ["-started_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.sid} {self.state}"

    def check_free_for(self, agent: AbstractUser) -> None:
        """Raise ``CallConflict`` if the call is over, or another agent has it."""
        if self.state in FINAL:
            raise CallConflict("This call is over.")
        owner = self.answered_by or self.claimed_by
        if owner and owner != agent:
            raise CallConflict(f"{person(owner)['name']} has this call.")

    def data(self) -> dict[str, Any]:
        """Return the call as an event carries it; times are milliseconds since the epoch."""
        return {
            "call": self.pk,
            "sid": self.sid,
            "state": self.state,
            "direction": self.direction,
            "from": self.from_number,
            "to": self.to_number,
            "version": self.version,
            "answered_by": person(self.answered_by) if self.answered_by else None,
            "at": milliseconds(self.changed_at),
        }

    def listed(self) -> dict[str, Any]:
        """Return the call as a list carries it: ``data`` and its three times."""
        return {
            **self.data(),
            "started_at": milliseconds(self.started_at),
            "answered_at": milliseconds(self.answered_at),
            "ended_at": milliseconds(self.ended_at),
        }

    def _enter(
        self,
        state: State,
        now: datetime,
        *,
        sequence: int | None,
        agent: AbstractUser | None,
        duration: int | None,
    ) -> None:
        self.state, self.changed_at = state, now
        self.version += 1
        self.sequence = self.sequence if sequence is None else sequence
        if state == State.IN_PROGRESS:
            self.answered_at, self.answered_by = now, agent or self.claimed_by
        if state in FINAL:
            self.ended_at, self.duration = now, duration


def milliseconds(instant: datetime | None) -> int | None:
    """Return an instant as integer milliseconds since the epoch."""
    return None if instant is None else round(instant.timestamp() * 1000)
