"""The examination from inside."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial

from realtime.doctor.address import Address
from realtime.doctor.bounded import bounded, in_thread
from realtime.doctor.finding import Findings, Id, Level, skipped_all
from realtime.doctor.inside.database import (
    CHECKS,
    examine_each,
    examine_reachable,
    examine_replicas,
)
from realtime.doctor.inside.layer import examine_layer
from realtime.doctor.inside.modules import examine_modules
from realtime.doctor.inside.redis import examine_redis
from realtime.doctor.inside.site import (
    examine_address,
    examine_grace,
    examine_processes,
    examine_system_checks,
)

CHECK_WITHIN = 15.0
"""Seconds of one check."""


async def examine_inside(address: Address | None, pid: int | None) -> Findings:
    """Return all findings from inside; ``address`` and ``pid`` (the server's) where known."""
    checks: dict[Id, Callable[[], Findings]] = {
        "system-checks": examine_system_checks,
        "server": examine_processes,
        "redis": examine_redis,
        "modules": examine_modules,
        "grace": lambda: examine_grace(pid),
    }
    if address is not None:
        checks["public-address"] = lambda: examine_address(address)
    tasks = [asyncio.create_task(bounded("layer", examine_layer, CHECK_WITHIN)), *_apart(checks)]
    findings = await _databases()
    return [finding for task in tasks for finding in await task] + findings


async def _databases() -> Findings:
    (reaching,) = _apart({"database": examine_reachable})
    findings = await reaching
    if any(each.level is not Level.OK for each in findings):
        return findings + skipped_all((*CHECKS, "replica"), "The database can't be used.")
    checks: dict[Id, Callable[[], Findings]] = {id: partial(examine_each, id) for id in CHECKS}
    pooler = checks.pop("pooler")  # It needs a moment in which the others don't use the database.
    tasks = _apart({**checks, "replica": examine_replicas})
    findings += [finding for task in tasks for finding in await task]
    (alone,) = _apart({"pooler": pooler})
    return findings + await alone


def _apart(checks: Mapping[Id, Callable[[], Findings]]) -> list[asyncio.Task[Findings]]:
    """Run each check in a thread of its own, within its time."""
    return [
        asyncio.create_task(bounded(id, partial(in_thread, check), CHECK_WITHIN))
        for id, check in checks.items()
    ]


def without_doubts(findings: Findings) -> Findings:
    """Leave out a warning that the settings might refuse an origin which was accepted."""
    accepted = any(each.id == "origin" and each.level is Level.OK for each in findings)
    doubt = ("public-address", Level.WARNING)
    return [each for each in findings if not accepted or (each.id, each.level) != doubt]
