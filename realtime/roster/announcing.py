"""Announces what has changed: an event for those who follow the stream, and signals."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError

from realtime.eventlog import Draft, LoggedEvent, event_log
from realtime.eventlog.commit import after_every_commit
from realtime.layer.broadcast import broadcast
from realtime.layer.messages import ephemeral_messages, logged_messages
from realtime.logs import get_logger
from realtime.protocol.presence import PRESENCE_EVENT
from realtime.protocol.stream_names import pk_stream_name
from realtime.roster.base import ONLINE, Notice, PresenceBackend, new_id
from realtime.signals import stream_first, stream_last, user_came_online, user_went_offline
from realtime.streams.registry import find

logger = get_logger(__name__)


BATCH = 100
"""Users in one event: with meta of 1 KiB each it is less than what may be in flight."""


def announces_users() -> bool:
    """Tell whether somebody wants to know who comes online or goes offline."""
    return user_came_online.has_listeners() or user_went_offline.has_listeners()


def announce_pending(backend: PresenceBackend) -> None:
    """Announce all that waits, except what another process has begun with; may take long.

    What fails is logged, and stays for a later time; it holds up its own stream or user alone.
    """
    tried: set[str] = set()
    while untried := [one for one in backend.pending() if one not in tried]:
        for notice in untried:
            tried.add(notice)
            announce_one(backend, notice)


def announce_one(backend: PresenceBackend, notice: str) -> None:
    """Announce what one notice says, if it is still there and nobody has begun with it."""
    try:
        backend.deliver(notice, announce)
    except Exception as error:
        logger.error("presence not announced notice=%s", notice, exc_info=error)


def announce(notice: Notice) -> None:
    """Publish a notice's event and send its signals, inside the transaction where there is one."""
    if notice.stream == ONLINE:
        _signal_users(user_came_online, notice.join)
        _signal_users(user_went_offline, notice.leave)
        return
    _publish(notice)
    sender = type(find(notice.stream))
    if notice.first:
        stream_first.send_robust(sender, stream=notice.stream)
    if notice.last:
        stream_last.send_robust(sender, stream=notice.stream)


def _signal_users(signal: Any, entries: Sequence[dict[str, Any]]) -> None:
    model = get_user_model()
    for entry in entries:
        if signal.has_listeners(model):
            user_pk = entry["user"]
            signal.send_robust(sender=model, user_pk=user_pk, user=_user(user_pk))


def _user(pk: str) -> Any:
    try:
        return get_user_model()._base_manager.filter(pk=pk).first()
    except (ValueError, ValidationError):
        return None  # The key is of another user model, from before a change.


def _publish(notice: Notice) -> None:
    log = event_log()
    for number, data in enumerate(_batches(notice)):
        key = f"presence.{notice.id}.{number}"
        draft = Draft(new_id(), PRESENCE_EVENT, data, int(time.time() * 1000), key)
        if log is None:
            _broadcast_ephemeral(notice.stream, draft)
        else:
            log.append([notice.stream], draft, _broadcast)


def _batches(notice: Notice) -> Iterator[str]:
    """Yield the data of as many events as are needed."""
    for kind in ("join", "leave", "update"):
        entries = _for_pages(getattr(notice, kind))
        for start in range(0, len(entries), BATCH):
            yield json.dumps({kind: entries[start : start + BATCH]}, separators=(",", ":"))


def _broadcast_ephemeral(stream: str, draft: Draft) -> None:
    messages = ephemeral_messages([stream], draft)
    after_every_commit(lambda: broadcast(messages))


def _broadcast(events: Sequence[LoggedEvent]) -> None:
    if events:
        broadcast(logged_messages(events))


def _for_pages(entries: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**entry, "user": pk_stream_name(entry["user"])} for entry in entries]
