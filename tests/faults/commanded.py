"""A publisher in a process of its own, which a test leads step by step; see `on_command`."""

import asyncio
import contextlib
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator

from tests.processes.process import PROJECT
from tests.processes.site import Site

ANSWER_WITHIN = 30
"""Seconds for one step, on a busy machine."""


class Commanded:
    """A publisher that waits for commands."""

    def __init__(self, process: Process) -> None:
        self._process = process

    async def do(self, *command: str) -> str:
        """Give a command; returns `done`, the error's class, or nothing if it died."""
        assert self._process.stdin
        self._process.stdin.write(f"{' '.join(command)}\n".encode())
        return await self.answer()

    async def answer(self) -> str:
        assert self._process.stdout
        line = await asyncio.wait_for(self._process.stdout.readline(), ANSWER_WITHIN)
        return line.decode().strip()


@contextlib.asynccontextmanager
async def commanded(
    site: Site, module: str = "tests.faults.on_command"
) -> AsyncIterator[Commanded]:
    """Start a publisher to the streams of a site, or another program that does as it is asked."""
    process = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", module],
        cwd=PROJECT,
        env=site.env,
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
    )
    try:
        publisher = Commanded(process)
        assert await publisher.answer() == "postgresql"
        yield publisher
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
