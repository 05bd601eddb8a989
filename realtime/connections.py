"""Which sockets users have open now, in all processes, as those answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from asgiref.sync import sync_to_async

from realtime.layer.questions import SOCKETS, aask, ask
from realtime.recipients import is_user, stream_names

__all__ = ["ConnectedSocket"]


@dataclass(frozen=True)
class ConnectedSocket:
    """A socket that is open; ``user`` is the name of the user's own stream."""

    id: str
    user: str
    process: str
    latency: float | None
    """Seconds of the last round trip, None before the first."""
    streams: tuple[str, ...]
    """The streams that it follows."""


def open_sockets(users: Any) -> list[ConnectedSocket]:
    """Return the open sockets of a user, or of several, from sync code.

    All processes are asked, and those that answer within a second count: one that is stopped, or
    without a channel layer, is missing. A socket whose peer has gone is open until the heartbeat
    finds out. For who is online at all, ``presence`` and ``is_online`` are cheaper.

    Raises ``TypeError`` or ``ValueError`` for what is no user.
    """
    return _read(ask(SOCKETS, _about(users)))


async def aopen_sockets(users: Any) -> list[ConnectedSocket]:
    """Return the open sockets of users, from async code; see ``open_sockets``."""
    return _read(await aask(SOCKETS, await sync_to_async(_about)(users)))


def _about(users: Any) -> dict[str, Any]:
    several = [users] if is_user(users) else list(users)
    for user in several:
        if not is_user(user):
            raise TypeError(f"Pass a user, or several, not {user!r}.")
    return {"users": stream_names(several)}


def _read(answers: Mapping[str, Any]) -> list[ConnectedSocket]:
    return [
        ConnectedSocket(id, one["user"], process, one["latency"], tuple(one["streams"]))
        for process, answer in answers.items()
        for id, one in answer.items()
    ]
