"""Fixtures for pytest: ``pytest_plugins = ["realtime.testing.fixtures"]`` in ``conftest.py``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from channels.layers import get_channel_layer

from realtime.eventlog import Addressed, AfterNumbering, Draft, EventLog, event_log
from realtime.eventlog.base import OnNumbered
from realtime.layer.reading import events_in

__all__ = ["Published", "published"]


@dataclass(frozen=True)
class Published:
    """One event on one stream; ``data`` is as JSON carries it."""

    stream: str
    name: str
    data: Any = None
    key: str | None = None


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[Published]:
    """The events that go out during the test, in their order; sockets get them as always.

    It listens where all of them pass, at the ``group_send`` of the channel layer. What is
    published inside a transaction passes after the commit; where the test itself is one, take
    ``django_capture_on_commit_callbacks(execute=True)`` of pytest-django.
    """
    layer = get_channel_layer()
    if layer is None:
        raise RuntimeError("No channel layer is configured: set CHANNEL_LAYERS for the tests.")
    records: list[Published] = []
    keys = _note_keys(monkeypatch)
    group_send = layer.group_send

    async def recording_group_send(group: str, message: dict[str, Any]) -> None:
        for event in events_in(message):
            data = json.loads(event.frame)["data"]
            records.append(Published(event.stream, event.name, data, keys.get(event.id)))
        await group_send(group, message)

    monkeypatch.setattr(layer, "group_send", recording_group_send)
    return records


def _note_keys(monkeypatch: pytest.MonkeyPatch) -> dict[Any, str | None]:
    """Return the keys of the events that are appended to the log from now on, by their ids."""
    keys: dict[Any, str | None] = {}
    log = event_log()
    if log is not None:
        append, append_many = type(log).append, type(log).append_many
        append_in_loop = type(log).append_in_loop

        def noting_append(
            log: EventLog, streams: Sequence[str], draft: Draft, on_numbered: OnNumbered
        ) -> None:
            keys[draft.id] = draft.key
            append(log, streams, draft, on_numbered)

        def noting_append_many(
            log: EventLog, events: Sequence[Addressed], on_numbered: OnNumbered
        ) -> None:
            keys.update((draft.id, draft.key) for _, draft in events)
            append_many(log, events, on_numbered)

        async def noting_append_in_loop(
            log: EventLog, events: Sequence[Addressed], on_numbered: AfterNumbering
        ) -> None:
            keys.update((draft.id, draft.key) for _, draft in events)
            await append_in_loop(log, events, on_numbered)

        monkeypatch.setattr(type(log), "append", noting_append)
        monkeypatch.setattr(type(log), "append_many", noting_append_many)
        monkeypatch.setattr(type(log), "append_in_loop", noting_append_in_loop)
    return keys
