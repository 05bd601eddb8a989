"""Runs one check within its time; its failure is a finding, and never the end of the others."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import TypeVar

from django.db import connections

from realtime.doctor.finding import Findings, Id, error, warning
from realtime.logs import get_logger

logger = get_logger(__name__)

Result = TypeVar("Result")


async def bounded(id: Id, check: Callable[[], Awaitable[Findings]], within: float) -> Findings:
    """Return what a check finds; a finding ``id`` where it fails or takes over ``within`` s."""
    try:
        async with asyncio.timeout(within):
            return await check()
    except TimeoutError:
        return [
            error(
                id,
                f"No answer within {within:g} s.",
                why="What takes so long for one check does so for users, too.",
                do="See whether the service is overloaded, or a firewall drops packets to it.",
            )
        ]
    except Exception as reason:
        logger.warning("check failed id=%s error=%r", id, reason)
        return [
            warning(
                id,
                f"The check failed: {type(reason).__name__}: {reason}",
                why="Nothing is known of this part.",
                do="Mend what the message names, and run the doctor again.",
            )
        ]


async def in_thread(function: Callable[[], Result]) -> Result:
    """Run blocking code in a thread that a process doesn't wait for at its end.

    The thread's database connections are closed after it.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Result] = loop.create_future()

    def settle(result: Result | None, reason: BaseException | None) -> None:
        if future.done():
            return
        if reason is not None:
            future.set_exception(reason)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result: Result | None = None
        failed: BaseException | None = None
        try:
            result = function()
        except Exception as reason:  # It is raised again where the result is awaited.
            failed = reason
        finally:
            connections.close_all()
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, result, failed)

    threading.Thread(target=run, daemon=True, name="realtime-doctor").start()
    return await future
