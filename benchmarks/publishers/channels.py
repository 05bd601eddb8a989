"""Publishes with ``group_send`` in one event loop, since ``async_to_sync`` costs 2 ms each time."""

import asyncio

import django
from channels.layers import get_channel_layer

from benchmarks.publishers.lines import events


async def main() -> None:
    layer = get_channel_layer()
    lines = events()
    while line := await asyncio.to_thread(next, lines, None):
        stream, data = line
        await layer.group_send(stream, {"type": "call.state", "data": data})


if __name__ == "__main__":
    django.setup()
    asyncio.run(main())
