"""Carries out a schedule of faults on the real servers and clients."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

from tests.faults.client import Client
from tests.faults.schedule import Fault, Kind, Lane, Schedule
from tests.processes.cable import Cable
from tests.processes.redis_server import RedisServer
from tests.processes.site import Site


class Storm:
    """The things that faults are done to; `done` counts them."""

    def __init__(
        self, redis: RedisServer, workers: Sequence[Site], clients: Sequence[Client], cable: Cable
    ) -> None:
        self.done: Counter[Kind] = Counter()
        self._redis = redis
        self._workers = workers
        self._clients = clients
        self._cable = cable

    async def blow(self, schedule: Schedule) -> None:
        """Do what the schedule says; at the end all is whole again."""
        lanes = [
            self._lane(schedule.redis, self._restart_redis),
            self._lane(schedule.clients, self._disturb_clients),
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
            self.done[fault.kind] += len(fault.clients) or 1

    async def _restart_redis(self, fault: Fault) -> None:
        await asyncio.to_thread(self._redis.stop)
        await asyncio.sleep(fault.lasting)
        await asyncio.to_thread(self._redis.start)

    async def _disturb(self, worker: Site, fault: Fault) -> None:
        if fault.kind is Kind.WORKER_KILLED:
            await asyncio.to_thread(worker.kill)
            await asyncio.sleep(fault.lasting)
            await asyncio.to_thread(worker.start)
        else:
            await asyncio.to_thread(worker.freeze)
            await asyncio.sleep(fault.lasting)
            worker.thaw()

    async def _disturb_clients(self, fault: Fault) -> None:
        clients = [self._clients[number] for number in fault.clients]
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
