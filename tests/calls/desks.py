"""Agents at their desks, as the presence of the stream ``desk`` knows them."""

import json
from typing import Any

from calls.availability import DESK
from realtime import presence
from realtime.roster import Member, presence_backend

LEASE = 60.0
GRACE = 3.0


def sit_down(*users: Any, **meta: str) -> None:
    """Let exactly these users have a desk open, the first one since the longest time."""
    backend = presence_backend()
    assert backend is not None
    members = [
        Member(f"socket-{user.pk}", DESK, str(user.pk), number, json.dumps(meta))
        for number, user in enumerate(users, 1)
    ]
    backend.replace("desks", LEASE, members, grace=0)
    backend.sweep(GRACE, False)


def shown() -> dict[int, dict[str, Any]]:
    """Return what the desks show of the agents who are there, by primary key."""
    return {int(one.user): one.meta for one in presence(DESK)}
