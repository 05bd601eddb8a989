"""The legs of a call: each is one phone's connection to the phone company."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models

from calls.states import FINAL, State, refusal
from realtime.logs import get_logger

logger = get_logger(__name__)


class Leg(models.Model):
    """One leg. The call's own leg is the one that began it, and has the call's sid.

    ``parent`` is the sid of the call's own leg, empty for that leg itself. ``user`` is the agent
    whose phone it is. ``sequence`` is the number of the newest event, which each leg counts itself.
    """

    sid = models.CharField("Twilio's sid", max_length=64, unique=True)
    call = models.ForeignKey("calls.Call", models.CASCADE, related_name="legs")
    parent = models.CharField(max_length=64, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    address = models.CharField(max_length=320, blank=True)
    state = models.CharField(max_length=16, choices=[(state, state) for state in State])
    sequence = models.PositiveIntegerField("last sequence number", null=True, blank=True)
    started_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.sid} {self.state}"

    @property
    def is_up(self) -> bool:
        """Somebody is connected at this leg."""
        return self.state == State.IN_PROGRESS

    def enter(
        self, state: State, when: datetime, *, sequence: int | None, duration: int | None = None
    ) -> bool:
        """Enter ``state`` if that is possible, and say whether anything has changed.

        A leg that is over learns from a late ``in-progress`` when it was answered. A child leg that
        is ``completed`` after ``duration`` seconds was answered: all others end differently.
        """
        if self.pk and (
            why := refusal(State(self.state), state, last=self.sequence, sequence=sequence)
        ):
            if state == State.IN_PROGRESS and self._learn_answer(when):
                return True
            logger.info("webhook ignored sid=%s state=%s reason=%s", self.sid, state, why)
            return False
        self.state = state
        self.sequence = self.sequence if sequence is None else sequence
        if state == State.IN_PROGRESS:
            self.answered_at = when
        if state in FINAL:
            self.ended_at = when
        if state == State.COMPLETED and self.parent and duration and not self.answered_at:
            self.answered_at = max(self.call.started_at, when - timedelta(seconds=duration))
            self.started_at = min(self.started_at, self.answered_at)
        self.save()
        return True

    def _learn_answer(self, when: datetime) -> bool:
        if self.answered_at is not None or self.state != State.COMPLETED:
            return False
        self.answered_at = min(when, self.ended_at or when)
        self.save(update_fields=["answered_at"])
        return True
