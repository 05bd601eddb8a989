"""The commands of one socket: run in their order, one at a time, and finished after its end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple, Protocol

from realtime.logs import LIMITED, get_logger
from realtime.sockets.waiting_frames import WaitingFrames

logger = get_logger(__name__)

FINISH_WITHIN = 5.0
"""Seconds that the commands which are kept may take after the end of their socket."""


class Command(NamedTuple):
    """``run`` carries it out; one that is ``kept`` is carried out after the socket's end too."""

    run: Callable[[], Awaitable[None]]
    kept: bool = False


class Commanded(Protocol):
    """Whose commands they are; functions in its place would be more objects for each socket."""

    async def pace(self) -> None:
        """Wait until the next command may begin."""

    def flooded(self) -> None:
        """Act on too many commands that wait."""


class CommandQueue:
    """Runs the commands of ``owner``, the socket ``name``."""

    __slots__ = (
        "_commands",
        "_loop",
        "_name",
        "_owner",
        "_present",
        "_runner",
        "_waiting",
    )

    def __init__(self, name: str, loop: asyncio.AbstractEventLoop, owner: Commanded) -> None:
        self._name = name
        self._loop = loop
        self._owner: Commanded | None = owner
        self._commands: list[Command] = []
        self._present: Command | None = None
        self._waiting: WaitingFrames | None = None
        self._runner: asyncio.Task[None] | None = None

    def add(self, command: Command) -> None:
        """Run ``command`` after those that wait, unless the socket has ended."""
        if self._owner is None:
            return
        self._commands.append(command)
        if self._runner is None:
            self._waiting = WaitingFrames(self._loop, self._owner.flooded)
            self._runner = self._loop.create_task(self._run(self._owner))
        if self._waiting is not None:
            self._waiting.arrived()

    @property
    def runner(self) -> asyncio.Task[None] | None:
        """The task that runs what is left, None where nothing is."""
        return self._runner

    def clear(self) -> None:
        """Forget the commands that wait."""
        self._commands.clear()

    def end(self) -> None:
        """Go on with what is kept, for ``FINISH_WITHIN`` seconds: the socket has ended."""
        owner, self._owner = self._owner, None  # Which refers to this one.
        if owner is None:
            return
        self._commands = [command for command in self._commands if command.kept]
        if self._waiting is not None:
            self._waiting.stop()
            self._waiting = None
        if self._runner is not None and not self._is_kept(self._runner):
            self._runner.cancel()
            self._runner = self._loop.create_task(self._run(owner)) if self._commands else None
        if self._runner is not None:
            self._loop.call_later(FINISH_WITHIN, self._break_off, self._runner)

    def _is_kept(self, runner: asyncio.Task[None]) -> bool:
        """Tell whether what the runner does now goes on; a command may end its own socket."""
        present = self._present
        return runner is asyncio.current_task() or (present is not None and present.kept)

    def _break_off(self, runner: asyncio.Task[None]) -> None:
        if not runner.done():
            about = self._name, len(self._commands) + 1
            logger.warning("broken off socket=%s commands=%d", *about, extra=LIMITED)
            self._commands.clear()
            runner.cancel()

    async def _run(self, owner: Commanded) -> None:
        try:
            while self._commands:
                self._present = None
                await owner.pace()
                if not self._commands:
                    return
                self._present = self._commands.pop(0)
                if self._waiting is not None:
                    self._waiting.took()
                await self._present.run()
        finally:
            if self._runner is asyncio.current_task():
                self._runner = self._waiting = self._present = None
