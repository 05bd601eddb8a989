"""Fixtures for pytest: ``pytest_plugins = ["realtime.testing.fixtures"]`` in ``conftest.py``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from channels.layers import get_channel_layer

from realtime.events import EVENT_TYPE


@dataclass(frozen=True)
class Published:
    """One event on one stream; ``data`` is as JSON carries it."""

    stream: str
    name: str
    data: Any = None
    key: str | None = None


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[Published]:
    """The events that go out during the test, in their order; sockets get them as ever.

    It listens where all of them pass, at the ``group_send`` of the channel layer. What is
    published inside a transaction passes after the commit; where the test itself is one, take
    ``django_capture_on_commit_callbacks(execute=True)`` of pytest-django.
    """
    layer = get_channel_layer()
    if layer is None:
        raise RuntimeError("No channel layer is configured: set CHANNEL_LAYERS for the tests.")
    records: list[Published] = []
    group_send = layer.group_send

    async def recording_group_send(group: str, message: dict[str, Any]) -> None:
        if message.get("type") == EVENT_TYPE:
            name, data, key = message["name"], message.get("data"), message.get("key")
            records.append(Published(message["stream"], name, data, key))
        await group_send(group, message)

    monkeypatch.setattr(layer, "group_send", recording_group_send)
    return records
