"""Who could take a call now: the same few queries for any number of agents."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from calls.agents import agents
from calls.models import AgentStatus, Call, Leg
from calls.models.agent_status import Status
from calls.rounds import Candidate
from calls.states import ACTIVE, State
from realtime import presence
from realtime.logs import LIMITED, get_logger

logger = get_logger(__name__)

DESK = "desk"
"""The stream that every open desk follows."""


class Standing(StrEnum):
    """What an agent does, as the others see it."""

    AVAILABLE = "available"
    RINGING = "ringing"
    """Her phone alone rings, for a call that another agent hands over."""
    BUSY = "busy"
    AWAY = "away"


@dataclass(frozen=True)
class Agent:
    """An agent, and what is known of her now."""

    user: AbstractUser
    standing: Standing
    free_since: datetime
    """The end of her last call, or when she became available if that is later."""

    @property
    def candidate(self) -> Candidate:
        return Candidate(self.user.pk, self.free_since)


def available_agents() -> list[Agent]:
    """Return the agents who could take a call now: at a desk, not away, not busy.

    Where nobody knows who is at a desk, because presence is off or its store doesn't answer, all
    count who are neither away nor busy.
    """
    everybody = list(agents())
    here, standing = _at_desks(), standings(everybody)
    since = dict(AgentStatus.objects.values_list("user", "idle_since"))
    return [
        Agent(user, Standing.AVAILABLE, max(since.get(user.pk, user.date_joined), came))
        for user in everybody
        if standing[user.pk] == Standing.AVAILABLE
        and (came := user.date_joined if here is None else here.get(user.pk))
    ]


def standings(users: Collection[AbstractUser]) -> dict[int, Standing]:
    """Return what each of the agents does, by primary key."""
    away = set(AgentStatus.objects.filter(status=Status.AWAY).values_list("user", flat=True))
    shown = {**dict.fromkeys(away, Standing.AWAY), **_occupied()}
    return {user.pk: shown.get(user.pk, Standing.AVAILABLE) for user in users}


def _at_desks() -> dict[int, datetime] | None:
    """Return since when agents are at their desks, by primary key; None if that isn't known."""
    try:
        return {int(one.user): one.since for one in presence(DESK)}
    except ImproperlyConfigured:
        return None
    # Each backend has its own exceptions, and whatever fails there, a caller is waiting here.
    except Exception as error:
        logger.warning("agents at desks not known reason=%r", error, extra=LIMITED)
        return None


def _occupied() -> dict[int | None, Standing]:
    """Return what those do who talk, are answering, placing or offered a call, by primary key.

    A claim that has run out holds nobody up, nor does a customer who leaves a message. A leg may be
    up beside the one of ``answered_by``: that of an agent who is about to leave a call that she has
    transferred.
    """
    active, now = Call.objects.filter(state__in=ACTIVE), timezone.now()
    busy: set[int | None] = set()
    rung: set[int | None] = set()
    parts = active.values_list(
        "answered_by", "placed_by", "transfer_to", "claimed_by", "claimed_until", "voicemail"
    )
    for talks, placed, offered, claimed, until, voicemail in parts:
        busy |= set() if voicemail else {placed if talks is None else talks}
        rung |= {offered}
        busy |= {claimed} if until and until > now else set()
    up = Leg.objects.filter(state=State.IN_PROGRESS, call__in=active, parent__gt="")
    busy |= set(up.values_list("user", flat=True))
    return {**dict.fromkeys(rung, Standing.RINGING), **dict.fromkeys(busy, Standing.BUSY)}
