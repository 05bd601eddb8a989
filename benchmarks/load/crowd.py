"""Many sockets to one server, and what they receive."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from picows import WSCloseCode, ws_connect

if TYPE_CHECKING:
    from benchmarks.load.conversations import Conversation

MAX_HANDSHAKES = 50
"""Handshakes under way at the same time: with 100, channels_redis runs out of connections."""

TIMEOUT = 60.0
"""Seconds that a server may take for anything before the run fails."""


class Crowd:
    """The sockets of one run.

    ``on_event`` gets the payload of each event of the application. ``heartbeats`` counts the pings
    that were answered. ``closes`` lists the codes of closed sockets.
    """

    def __init__(
        self, conversation: type[Conversation], port: int, max_handshakes: int = MAX_HANDSHAKES
    ) -> None:
        self.on_event: Callable[[bytes], None] = lambda payload: None
        self.heartbeats = 0
        self.closes: list[int] = []
        self.members: list[Conversation] = []
        self._conversation = conversation
        self._port = port
        self._slots = asyncio.Semaphore(max_handshakes)

    async def join(self, users: range) -> None:
        """Connect a socket for each of ``users``; returns when all follow their two streams."""
        joined = [self._conversation(self, user) for user in users]
        self.members += joined
        await asyncio.gather(*(self.connect(member) for member in joined))

    async def connect(self, member: Conversation) -> None:
        """Connect one socket, and wait until it follows its streams."""
        async with self._slots, asyncio.timeout(TIMEOUT):
            await ws_connect(
                lambda: member,
                f"ws://127.0.0.1:{self._port}{member.path}",
                extra_headers=member.headers,
                websocket_handshake_timeout=TIMEOUT,
                enable_auto_pong=False,  # The conversation answers pings, and counts them.
                use_aiofastnet=False,  # It never reports a reset while reading is paused.
            )
            await member.ready

    async def come_back(self) -> None:
        """Connect each socket again."""
        self.members = [member.again() for member in self.members]
        await asyncio.gather(*(self.connect(member) for member in self.members))

    async def leave(self) -> None:
        """Close all sockets; returns when they are closed."""
        for member in self.members:
            member.transport.send_close(WSCloseCode.OK)
            member.transport.disconnect()
        await asyncio.gather(*(member.transport.wait_disconnected() for member in self.members))
