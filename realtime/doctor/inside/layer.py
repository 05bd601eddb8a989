"""Sends a message over the channel layer to itself."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

from channels.layers import InMemoryChannelLayer

from realtime.doctor.finding import Findings
from realtime.doctor.inside.site import workers
from realtime.doctor.rules.site import judge_layer
from realtime.layer.backends import closing_of, own_layer

COMES_BACK_WITHIN = 2.0
"""Seconds."""

TRIES = 2
"""A group is joined when Redis says so, which nobody here sees: the first message may be early."""


async def examine_layer() -> Findings:
    """Return whether a message to a group comes back; a missing layer is a system check's."""
    layer = own_layer()
    try:
        seconds = await _round_trip(layer)
    finally:
        close = closing_of(layer)
        if close is not None:
            await close()
    return [judge_layer(isinstance(layer, InMemoryChannelLayer), workers(), seconds)]


async def _round_trip(layer: Any) -> float | None:
    clock = asyncio.get_running_loop().time
    channel, group = await layer.new_channel(), f"realtime-doctor-{uuid4().hex}"
    await layer.group_add(group, channel)
    try:
        for _ in range(TRIES):
            began = clock()
            await layer.group_send(group, {"type": "realtime.doctor"})
            try:
                async with asyncio.timeout(COMES_BACK_WITHIN / TRIES):
                    await layer.receive(channel)
            except TimeoutError:
                continue
            return clock() - began
        return None
    finally:
        await layer.group_discard(group, channel)
