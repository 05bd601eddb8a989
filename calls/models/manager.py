"""The one door through which calls change."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import AbstractUser
from django.db import models, transaction
from django.utils import timezone

from calls.certainty import ANSWERING
from calls.models.changes import changing
from calls.models.leg import Leg
from calls.models.published import PEOPLE
from calls.states import ACTIVE, RING_SECONDS, Direction, State
from realtime.logs import get_logger

if TYPE_CHECKING:
    from calls.models.call import Call

logger = get_logger(__name__)

CLAIM = timedelta(seconds=RING_SECONDS)
"""An agent's phone rings no longer, so a claim that isn't answered by then never will be."""

PROMPT = timedelta(seconds=2)
"""A report of something older than this was late, and its own time is better than ours."""


class CallConflict(Exception):
    """The call's state or another agent forbids what an agent asked for; the text says why."""


class CallManager(models.Manager["Call"]):
    def listed(self) -> models.QuerySet["Call"]:
        """Return calls with all that ``data`` needs, newest first."""
        return self.select_related(*PEOPLE, "message").prefetch_related("legs")

    def active(self) -> models.QuerySet["Call"]:
        """Return the calls that are not over, as ``listed`` does."""
        return self.listed().filter(state__in=ACTIVE)

    def record(
        self,
        sid: str,
        state: State,
        *,
        parent: str = "",
        pk: int | None = None,
        sequence: int | None = None,
        duration: int | None = None,
        at: datetime | None = None,
        agent: AbstractUser | None = None,
        address: str = "",
        **new: Any,
    ) -> "Call | None":
        """Record what the phone company says of one leg; nothing else moves calls.

        ``parent`` is the sid of the call's own leg, for a child leg; ``agent`` and ``address`` are
        then the user whose phone it is, and the number. ``pk`` is the call that was placed before
        the company had a sid for it. ``sequence`` is the number of the event, if it has one;
        ``duration`` is the leg's length in seconds; ``at`` is when it happened. ``new``
        (``direction``, ``from_number``, ``to_number``, where it rings) is for a call that isn't
        known yet.

        What comes late or twice changes nothing. Returns the call, whose row stays locked until the
        caller's transaction ends; None for a leg of an unknown call.
        """
        now = timezone.now()
        with transaction.atomic():
            call = self._locked(parent) if parent else self._own(sid, pk, now, new)
            if call is None:
                logger.warning("webhook ignored sid=%s state=%s reason=unknown-parent", sid, state)
                return None
            # A change that waited for the lock is later than the changes that it waited for.
            when = happened(at, call.started_at, timezone.now())
            with changing(call, heard=True):
                leg = call.legs.filter(sid=sid).first() or Leg(
                    sid=sid,
                    call=call,
                    parent=parent,
                    user=agent if parent else call.placed_by,
                    address=address,
                    started_at=when,
                )
                if leg.enter(state, when, sequence=sequence, duration=duration):
                    call.learn(leg, duration=duration)
        return call

    @contextmanager
    def change(self, pk: int, *, heard: bool = False) -> Iterator["Call"]:
        """Lock a call, and publish what is changed of it, if anything.

        ``heard`` says that the company is the source: only its word puts off the next question.
        Raises ``Call.DoesNotExist``.
        """
        with transaction.atomic():
            call = self.select_for_update().get(pk=pk)
            with changing(call, heard=heard):
                yield call

    def claim(self, pk: int, agent: AbstractUser, token: str = "") -> "Call":
        """Reserve a ringing call for ``agent``; if two agents answer together, one gets it.

        The claim ends when her phone would have stopped ringing, or with ``release`` and the same
        ``token``. In its last seconds she may claim the call again. Raises ``CallConflict`` if the
        call no longer rings, or another request has it, and ``Call.DoesNotExist``.
        """
        with self.change(pk) as call:
            call.check_free_for(agent)
            if call.direction != Direction.INBOUND or call.state != State.RINGING:
                raise CallConflict("This call can't be answered: it isn't ringing here.")
            if not call.claim_ends_by(timezone.now() + ANSWERING):
                raise CallConflict("You are answering this call already.")
            call.claimed_by, call.claimed_until = agent, timezone.now() + CLAIM
            call.claim = token or secrets.token_hex(16)
        return call

    def release(self, pk: int, token: str) -> None:
        """End the claim that was made with ``token``; another's stays."""
        with self.change(pk) as call:
            if token and call.claim == token:
                call.unclaim()

    def doubt_claim(self, pk: int, token: str) -> None:
        """Let the claim that was made with ``token`` end soon, because its phone may not ring."""
        with self.change(pk) as call:
            if token and call.claim == token and call.claimed_until:
                call.claimed_until = min(call.claimed_until, timezone.now() + ANSWERING)

    def _locked(self, sid: str) -> "Call | None":
        return self.select_for_update().filter(sid=sid).first()

    def _own(self, sid: str, pk: int | None, now: datetime, new: dict[str, Any]) -> "Call":
        if pk is not None and not self.filter(sid=sid).exists():
            placed = self.select_for_update().filter(pk=pk, sid=None).first()
            if placed:
                placed.sid = sid
                placed.save(update_fields=["sid"])
                return placed
        first = {**new, "state": State.QUEUED, "started_at": now, "changed_at": now}
        call, _ = self.select_for_update().get_or_create(sid=sid, defaults=first)
        return call


def happened(at: datetime | None, began: datetime, now: datetime) -> datetime:
    """Return when something happened that is reported ``now`` with the time ``at``, if any.

    The company's clock isn't ours, and counts whole seconds. So its time is taken only for what is
    late, and is never before the call began.
    """
    return max(began, at) if at and now - at > PROMPT else now
