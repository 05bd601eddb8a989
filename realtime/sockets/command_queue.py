"""The commands of one socket: run in their order, one at a time, and finished after its end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from realtime.logs import LIMITED, get_logger
from realtime.sockets.waiting_frames import WaitingFrames

logger = get_logger(__name__)

FINISH_WITHIN = 5.0
"""Seconds that the commands which are kept may take after the end of their socket."""


class Command(NamedTuple):
    """``run`` carries it out; one that is ``kept`` is carried out after the socket's end too."""

    run: Callable[[], Awaitable[None]]
    kept: bool = False


class CommandQueue:
    """Runs the commands of the socket ``name``; ``pace`` waits until the next one may begin.

    ``on_overflow`` is called when too many wait.
    """

    __slots__ = (
        "_commands",
        "_has_ended",
        "_loop",
        "_name",
        "_on_overflow",
        "_pace",
        "_present",
        "_runner",
        "_waiting",
    )

    def __init__(
        self,
        name: str,
        loop: asyncio.AbstractEventLoop,
        *,
        pace: Callable[[], Awaitable[None]],
        on_overflow: Callable[[], None],
    ) -> None:
        self._name = name
        self._loop = loop
        self._pace = pace
        self._on_overflow = on_overflow
        self._commands: list[Command] = []
        self._has_ended = False
        self._present: Command | None = None
        self._waiting: WaitingFrames | None = None
        self._runner: asyncio.Task[None] | None = None

    def add(self, command: Command) -> None:
        """Run ``command`` after those that wait."""
        self._commands.append(command)
        if self._runner is None:
            self._waiting = WaitingFrames(self._loop, self._on_overflow)
            self._runner = self._loop.create_task(self._run())
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
        if self._has_ended:
            return
        self._has_ended = True
        self._commands = [command for command in self._commands if command.kept]
        if self._waiting is not None:
            self._waiting.stop()
            self._waiting = None
        if self._runner is not None and not self._is_kept(self._runner):
            self._runner.cancel()
            self._runner = self._loop.create_task(self._run()) if self._commands else None
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

    async def _run(self) -> None:
        try:
            while self._commands:
                self._present = None
                await self._pace()
                if not self._commands:
                    return
                self._present = self._commands.pop(0)
                if self._waiting is not None:
                    self._waiting.took()
                await self._present.run()
        finally:
            if self._runner is asyncio.current_task():
                self._runner = self._waiting = self._present = None
