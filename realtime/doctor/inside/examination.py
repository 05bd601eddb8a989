"""The examination from inside."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from realtime.doctor.address import Address
from realtime.doctor.bounded import bounded, in_thread
from realtime.doctor.finding import Findings, Id, Level
from realtime.doctor.inside.database import examine_databases
from realtime.doctor.inside.layer import examine_layer
from realtime.doctor.inside.modules import examine_modules
from realtime.doctor.inside.redis import examine_redis
from realtime.doctor.inside.site import examine_grace, examine_settings

CHECK_WITHIN = 15.0
"""Seconds of one group of checks; each of its questions has a bound of its own."""


async def examine_inside(address: Address | None, pid: int | None) -> Findings:
    """Return all findings from inside; ``address`` and ``pid`` (the server's) where known."""

    def apart(id: Id, check: Callable[[], Findings]) -> asyncio.Task[Findings]:
        async def run() -> Findings:
            return await in_thread(check)

        return asyncio.create_task(bounded(id, run, CHECK_WITHIN))

    tasks = [
        apart("system-checks", lambda: examine_settings(address)),
        asyncio.create_task(bounded("layer", examine_layer, CHECK_WITHIN)),
        apart("redis", examine_redis),
        apart("database", examine_databases),
        apart("modules", examine_modules),
        apart("grace", lambda: examine_grace(pid)),
    ]
    return [finding for task in tasks for finding in await task]


def without_doubts(findings: Findings) -> Findings:
    """Leave out a warning that the settings might refuse an origin which was accepted."""
    accepted = any(each.id == "origin" and each.level is Level.OK for each in findings)
    doubt = ("public-address", Level.WARNING)
    return [each for each in findings if not accepted or (each.id, each.level) != doubt]
