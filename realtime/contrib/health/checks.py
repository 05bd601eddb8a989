"""What a process needs to serve, each part checked within a bound: the log, the layer, no drain."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from enum import StrEnum

from channels.layers import InMemoryChannelLayer, get_channel_layer

from realtime.concurrency.per_loop import PerLoop
from realtime.concurrency.threads import run_sync
from realtime.eventlog import event_log
from realtime.fanout.hub import all_hubs
from realtime.layer import backends
from realtime.layer.link import drop_layer
from realtime.logs import LIMITED, get_logger
from realtime.sockets.drain import is_draining

logger = get_logger(__name__)

WITHIN = 1.5
"""Seconds that a part may take; load balancers wait for two or more."""

STREAM = "realtime.health"
"""A stream whose position is asked for; nobody follows it."""

PROBE = {"type": "realtime.health"}
"""A message to oneself."""


class State(StrEnum):
    """How a part is."""

    UP = "up"
    DOWN = "down"
    """It has failed, or did not answer in time."""
    DRAINING = "draining"
    """The process sends its sockets away, and ends."""
    OFF = "off"
    """The site goes without it."""


GOOD = (State.UP, State.OFF)
PARTS = ("log", "layer", "process")


class Check:
    """Asks one thing at a time: those who come meanwhile get the same answer.

    So a database that hangs occupies one thread, however often the balancer comes.
    """

    def __init__(self, name: str, ask: Callable[[], Awaitable[State]]) -> None:
        self._name = name
        self._ask = ask
        self._asking: asyncio.Task[State] | None = None

    async def state(self) -> State:
        """Return how the part is, ``DOWN`` where that is not known within ``WITHIN`` seconds."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._safely())
        done, _ = await asyncio.wait({self._asking}, timeout=WITHIN)
        return self._asking.result() if done else State.DOWN

    async def _safely(self) -> State:
        try:
            return await self._ask()
        except Exception as error:
            logger.warning("not ready part=%s error=%r", self._name, error, extra=LIMITED)
            return State.DOWN


async def ask_log() -> State:
    """Ask the event log for a position, as those who subscribe do."""
    log = event_log()
    if log is None:
        return State.OFF
    await run_sync(log.positions, [STREAM])
    return State.UP


async def ask_layer() -> State:
    """Ask the hub, which probes the layer all the time; a process without one probes it now."""
    known = [hub.is_layer_up for hub in all_hubs()]
    if known and None not in known:
        return State.UP if all(known) else State.DOWN
    if isinstance(get_channel_layer(), InMemoryChannelLayer):
        return State.UP
    async with asyncio.timeout(WITHIN):
        return await _probe()


async def _probe() -> State:
    layer = backends.own_layer()
    try:
        channel = await layer.new_channel()
        await layer.send(channel, PROBE)
        await layer.receive(channel)
        return State.UP
    finally:
        await drop_layer(layer, None)


class Checks:
    """The checks of one event loop."""

    def __init__(self) -> None:
        self._log = Check("log", ask_log)
        self._layer = Check("layer", ask_layer)

    async def states(self) -> dict[str, State]:
        """Return how each part is, after ``WITHIN`` seconds at the latest."""
        log, layer = await asyncio.gather(self._log.state(), self._layer.state())
        drain = State.DRAINING if is_draining() else State.UP
        return dict(zip(PARTS, (log, layer, drain), strict=True))


_checks = PerLoop(Checks)


def running_checks() -> Checks:
    """Return the checks of the running event loop."""
    return _checks.current()
