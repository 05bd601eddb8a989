"""What was asked of all processes: the messages about rights that go to the channel layer."""

import pytest
from channels.layers import get_channel_layer

from realtime.layer.control import control_in, is_control


@pytest.fixture
def announced(monkeypatch):
    """The messages about rights, in their order."""
    layer = get_channel_layer()
    group_send = layer.group_send
    controls = []

    async def recording_group_send(group, message):
        if is_control(message):
            controls.append(control_in(message))
        await group_send(group, message)

    monkeypatch.setattr(layer, "group_send", recording_group_send)
    return controls
