"""Shows at every desk who is available, busy or away: the presence of the stream ``desk``.

What it shows is derived from calls and statuses each time, so a change that was missed is mended by
the next one.
"""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ImproperlyConfigured

from calls.agents import agents, person
from calls.availability import DESK, Standing, standings
from realtime import presence, update_presence
from realtime.logs import LIMITED, get_logger

logger = get_logger(__name__)

ATTEMPTS = 3


def meta(agent: AbstractUser) -> dict[str, Any]:
    """Return what the desks show of an agent who joins them."""
    return described(agent, standings([agent])[agent.pk])


def described(agent: AbstractUser, standing: Standing) -> dict[str, Any]:
    return {"name": person(agent)["name"], "status": standing}


def refresh() -> None:
    """Update what the desks show of the agents who are there, where it isn't true any more."""
    try:
        # Another process may have written what was true before: the last to write looks again.
        for _ in range(ATTEMPTS):
            outdated = list(_outdated())
            for agent, now in outdated:
                update_presence(DESK, agent, now)
            if not outdated:
                break
    except ImproperlyConfigured:
        return  # Presence is off.
    # Each backend has its own exceptions. The call went on, and the next change tries again.
    except Exception as error:
        logger.warning("desks not refreshed reason=%r", error, extra=LIMITED)


def _outdated() -> Iterable[tuple[AbstractUser, dict[str, Any]]]:
    shown = {int(one.user): one.meta for one in presence(DESK)}
    here = list(agents().filter(pk__in=shown)) if shown else []
    now = standings(here) if here else {}
    for agent in here:
        described_now = described(agent, now[agent.pk])
        if shown[agent.pk] != described_now:
            yield agent, described_now
