"""A channel layer for PostgreSQL, by ``LISTEN`` and ``NOTIFY``: no other server is needed.

Like the pub/sub layers of Redis it stores nothing: groups are kept in the process that joins them,
and a message for which nobody listens is gone. All that a site sends goes over one channel of
PostgreSQL, since that looks through a list of them for each message that it hands to a process.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

from channels.layers import BaseChannelLayer
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS

from realtime.concurrency.per_loop import PerLoop
from realtime.layer.listener import Listener

__all__ = ["PostgresChannelLayer"]


class PostgresChannelLayer(BaseChannelLayer):  # type: ignore[misc]
    """The channel layer.

    ``database`` is the alias of a database in ``DATABASES``; ``dsn`` a connection string of libpq,
    which goes before it. ``prefix`` is the channel of PostgreSQL's that is used: letters, digits
    and underscores. ``capacity`` messages wait for a consumer that does not receive them, of those
    after them none; ``channel_capacity`` has other numbers for patterns of channels' names.

    Messages are JSON, of any length. Raises ``ImproperlyConfigured`` without psycopg 3.
    """

    extensions = ["groups"]
    logs_in = "realtime.layer.postgres_loop"
    """Whose lines a link takes as its faults, see ``backends``."""

    def __init__(
        self,
        database: str = DEFAULT_DB_ALIAS,
        dsn: str | None = None,
        prefix: str = "channels",
        capacity: int = 100,
        channel_capacity: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__(capacity=capacity)
        self.channel_capacity = self.compile_capacities(channel_capacity or {})
        if not re.fullmatch(r"\w{1,63}", prefix, re.ASCII):
            raise ImproperlyConfigured(
                f"PostgresChannelLayer's prefix is 1 to 63 letters, digits or _, not {prefix!r}."
            )
        try:
            from realtime.layer.postgres_loop import LoopLayer
        except ImportError as error:
            raise ImproperlyConfigured(
                f'PostgresChannelLayer needs psycopg 3: pip install "psycopg[binary]" ({error}).'
            ) from error
        self._loops = PerLoop(lambda: LoopLayer(self.get_capacity, database, dsn, prefix))

    async def send(self, channel: str, message: Mapping[str, Any]) -> None:
        """Send a message to a channel."""
        self.require_valid_channel_name(channel)
        await self._loops.current().send(f"c:{channel}", message)

    async def group_send(self, group: str, message: Mapping[str, Any]) -> None:
        """Send a message to all members of a group."""
        self.require_valid_group_name(group)
        await self._loops.current().send(f"g:{group}", message)

    async def new_channel(self, prefix: str = "specific") -> str:
        """Return the name of a channel that is read in this event loop."""
        channel = f"{prefix}.{uuid4().hex}"
        await self._loops.current().open_channel(channel)
        return channel

    async def receive(self, channel: str) -> Any:
        """Return the next message of a channel; of several who wait one gets it."""
        self.require_valid_channel_name(channel)
        return await self._loops.current().receive(channel)

    async def group_add(self, group: str, channel: str) -> None:
        """Make a channel of this event loop a member of a group.

        Raises ``RuntimeError`` for another channel.
        """
        self.require_valid_group_name(group)
        await self._loops.current().join(group, channel)

    async def group_discard(self, group: str, channel: str) -> None:
        """End a membership, if there is one."""
        self._loops.current().leave(group, channel)

    def call_on_message(
        self,
        channel: str,
        on_message: Callable[[Any], None],
        on_error: Callable[[Exception], None],
    ) -> None:
        """Call ``on_message`` with each message to a channel, which nobody receives then.

        ``on_error`` gets what could not be decoded, and errors after which messages are missing.
        Both are called in the event loop and must not raise. Raises ``KeyError`` for a channel that
        ``new_channel`` did not return.
        """
        self._loops.current().listen(channel, Listener(json.loads, on_message, on_error))

    async def close_connections(self) -> None:
        """Close what this event loop has open, and forget its channels and groups."""
        self._loops.current().close()
