"""The outside of the channel layer: what stands behind it, and layers that may fail.

Settings of a test: ``settings.CHANNEL_LAYERS = broker.settings``.
"""

import asyncio
import logging
from collections import defaultdict
from dataclasses import dataclass

logger = logging.getLogger(__name__)


class Broker:
    """Keeps the groups, and every layer that was made for it."""

    def __init__(self):
        self.groups = defaultdict(dict)
        self.layers = []
        self.requests = []
        """What was asked of it: ("join" or "leave", the group)."""
        self.error = None
        """What every request raises, if anything."""
        self.answers = asyncio.Event()
        """Requests wait while this is not set."""
        self.answers.set()

    @property
    def settings(self):
        return {"default": {"BACKEND": f"{__name__}.Layer", "CONFIG": {"broker": self}}}

    def members(self, group):
        return list(self.groups[group])

    async def request(self):
        if self.error is not None:
            raise self.error
        await self.answers.wait()


@dataclass
class Complaint:
    """An error that a layer's reader logs, and reads on, as those for Redis do."""

    text: str
    error: Exception


class Layer:
    """One layer, as a link or a publisher has it."""

    def __init__(self, broker):
        self.broker = broker
        self.channels = {}
        self.is_deaf = False
        """Whether messages get lost, as on a connection whose packets are dropped."""
        self.is_closed = False
        self.closing_takes = 0.0
        """Seconds."""
        self.closing_complaint = None
        broker.layers.append(self)

    async def new_channel(self):
        await self.broker.request()
        name = f"channel {self.broker.layers.index(self) + 1}.{len(self.channels)}"
        self.channels[name] = asyncio.Queue()
        return name

    async def send(self, channel, message):
        await self.broker.request()
        owner = next(layer for layer in self.broker.layers if channel in layer.channels)
        owner.put(channel, message)

    def put(self, channel, message):
        if not self.is_deaf:
            self.channels[channel].put_nowait(message)

    async def receive(self, channel):
        while isinstance(message := await self.channels[channel].get(), Complaint):
            logger.error(message.text, exc_info=message.error)
        if isinstance(message, Exception):
            raise message
        return message

    async def group_add(self, group, channel):
        self.broker.requests.append(("join", group))
        await self.broker.request()
        self.broker.groups[group][channel] = self

    async def group_discard(self, group, channel):
        self.broker.requests.append(("leave", group))
        await self.broker.request()
        self.broker.groups[group].pop(channel, None)

    async def group_send(self, group, message):
        await self.broker.request()
        for channel, layer in list(self.broker.groups[group].items()):
            layer.put(channel, message)

    async def close_pools(self):
        self.is_closed = True
        await asyncio.sleep(self.closing_takes)
        if self.closing_complaint is not None:
            logger.error(self.closing_complaint)
        for members in self.broker.groups.values():
            for channel in self.channels:
                members.pop(channel, None)
