"""Publishing several events together: one round trip to the log, and one commit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from asgiref.sync import sync_to_async

from realtime.concurrency.connections import run_async
from realtime.concurrency.per_loop import in_event_loop
from realtime.drafts import addressed
from realtime.eventlog import Addressed
from realtime.events import awaits_thread, hand_over, hand_over_in_loop
from realtime.recipients import Recipient

__all__ = ["Publication", "apublish_many", "publish_many"]

MAX_PUBLICATIONS = 1000
"""Events of one ``publish_many``: one statement, or one script that Redis does nothing beside."""


@dataclass(frozen=True)
class Publication:
    """An event for ``publish_many``; its fields are the arguments of ``publish``."""

    to: Recipient | Iterable[Recipient]
    name: str
    data: Any = None
    key: str | None = None
    exclude: str | None = None


def publish_many(publications: Iterable[Publication], *, ephemeral: bool = False) -> list[str]:
    """Publish several events together, from sync code; returns their ids.

    In each stream, they have the order of ``publications``. With the database log they are
    committed together, or none is. ``ephemeral`` holds for all of them.

    Raises what ``publish`` does, and ``ValueError`` for more than ``MAX_PUBLICATIONS``. Where one
    of them can't be published, none is.
    """
    if in_event_loop():
        raise RuntimeError("publish_many() was called in an event loop: await apublish_many().")
    events = _checked(publications)
    hand_over(events, ephemeral=ephemeral)
    return [draft.id for _, draft in events]


async def apublish_many(
    publications: Iterable[Publication], *, ephemeral: bool = False
) -> list[str]:
    """Do what ``publish_many`` does, from async code."""
    if awaits_thread(ephemeral):
        in_thread = sync_to_async(publish_many)(list(publications), ephemeral=ephemeral)
        return await run_async(in_thread)
    events = _checked(publications)
    await hand_over_in_loop(events, ephemeral=ephemeral)
    return [draft.id for _, draft in events]


def _checked(publications: Iterable[Publication]) -> list[Addressed]:
    events = [addressed(one.to, one.name, one.data, one.key, one.exclude) for one in publications]
    if len(events) > MAX_PUBLICATIONS:
        raise ValueError(
            f"At most {MAX_PUBLICATIONS} events are published together, not {len(events)}."
        )
    return events
