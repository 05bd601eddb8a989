"""Carries out a schedule of faults on the real servers and clients."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from tests.faults.client import Client
from tests.faults.rights import Rights
from tests.faults.rights_records import How, Span, Spans
from tests.faults.schedule import Fault, Kind, Lane, Schedule
from tests.processes.cable import Cable
from tests.processes.redis_server import RedisServer
from tests.processes.site import Site
from tests.processes.waiting import until

ENDS_WITHIN = 20.0
"""Seconds after SIGTERM, on a busy machine."""
USED_WITHIN = 30.0
"""Seconds until somebody comes to a server, by chance."""
LINKED_WITHIN = 3.0
"""Seconds until the servers are linked again to a Redis that is back: they try each second."""


class Storm:
    """The things that faults are done to; `done` counts them.

    `stopped` and `redis_away` say when something was not there that carries out the end of a right.
    """

    def __init__(
        self,
        redis: RedisServer,
        workers: Sequence[Site],
        clients: Sequence[Client],
        cable: Cable,
        rights: Rights,
    ) -> None:
        self.done: Counter[Kind | How] = Counter()
        self._stopped: list[Span] = []
        self._redis_away: list[Span] = []
        self._redis = redis
        self._workers = workers
        self._clients = clients
        self._cable = cable
        self._rights = rights

    @property
    def spans(self) -> Spans:
        """When something was not there that carries out the end of a right."""
        return Spans(self._stopped, self._redis_away)

    async def blow(self, schedule: Schedule) -> None:
        """Do what the schedule says; at the end all is whole again."""
        lanes = [
            self._lane(schedule.redis, self._restart_redis),
            self._lane(schedule.clients, self._disturb_clients),
            *(self._lane(lane, self._take_right) for lane in schedule.rights),
        ]
        for worker, lane in zip(self._workers, schedule.workers, strict=True):
            lanes.append(self._lane(lane, lambda fault, one=worker: self._disturb(one, fault)))
        async with asyncio.TaskGroup() as group:
            for lane in lanes:
                group.create_task(lane)

    async def _lane(self, lane: Lane, do: Callable[[Fault], Awaitable[None]]) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        for fault in lane:
            await asyncio.sleep(began + fault.at - loop.time())
            await do(fault)
            self.done[fault.kind] += len(fault.numbers) or 1

    async def _restart_redis(self, fault: Fault) -> None:
        async with _noted(self._redis_away, LINKED_WITHIN):
            await asyncio.to_thread(self._redis.stop)
            await asyncio.sleep(fault.lasting)
            await asyncio.to_thread(self._redis.start)

    async def _disturb(self, worker: Site, fault: Fault) -> None:
        if fault.kind is Kind.WORKER_STOPPED:
            async with _noted(self._stopped):
                await asyncio.to_thread(worker.freeze)
                await asyncio.sleep(fault.lasting)
                worker.thaw()
            return
        if fault.kind is Kind.WORKER_KILLED:
            await asyncio.to_thread(worker.kill)
        else:
            await self._until_used(worker)
            await asyncio.to_thread(worker.stop, ENDS_WITHIN)
        await asyncio.sleep(fault.lasting)
        await asyncio.to_thread(worker.start)

    async def _until_used(self, worker: Site) -> None:
        """Wait until somebody is on a server: before that it does not drain, nor Uvicorn end."""
        used = lambda: any(client.url == worker.ws_url for client in self._clients)  # noqa: E731
        await until(used, USED_WITHIN, f"{worker.name} is used")

    async def _take_right(self, fault: Fault) -> None:
        [number] = fault.numbers
        async with self._rights.taken(How(fault.kind), number):
            await asyncio.sleep(fault.lasting)

    async def _disturb_clients(self, fault: Fault) -> None:
        clients = [self._clients[number] for number in fault.numbers]
        if fault.kind is Kind.CLIENTS_MUTE:
            for client in clients:
                client.mute(fault.lasting)
            await asyncio.sleep(fault.lasting)
            return
        ports = [client.port for client in clients if client.port]
        for port in ports:
            await asyncio.to_thread(self._cable.cut, port)
        await asyncio.sleep(fault.lasting)
        for port in ports:
            await asyncio.to_thread(self._cable.heal, port)


@contextlib.asynccontextmanager
async def _noted(spans: list[Span], afterwards: float = 0.0) -> AsyncIterator[None]:
    """Note how long something was away; `afterwards` it takes some seconds to work again."""
    began = time.time()
    yield
    spans.append(Span(began, time.time() + afterwards))
