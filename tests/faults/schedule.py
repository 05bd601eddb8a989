"""Which faults happen when in a storm: all from one seed, so that a failure can be repeated."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What happens, and how it ends."""

    REDIS_RESTARTED = "redis restarted"
    WORKER_KILLED = "worker killed (-9), started again"
    WORKER_STOPPED = "worker stopped (SIGSTOP), continued"
    CLIENTS_CUT = "clients cut off silently"
    CLIENTS_MUTE = "clients that stop reading and answering"


@dataclass(frozen=True)
class Fault:
    """One fault: it begins `at` seconds and lasts `lasting` seconds."""

    at: float
    kind: Kind
    lasting: float
    clients: tuple[int, ...] = ()


Lane = list[Fault]
"""Faults of one thing, which follow each other; those of different lanes overlap."""


@dataclass(frozen=True)
class Schedule:
    """A lane for Redis, one for each worker, one for the clients."""

    redis: Lane
    workers: list[Lane]
    clients: Lane


def schedule(seed: int, *, seconds: float, workers: int, clients: int) -> Schedule:
    """Return the faults of a storm; a stopped worker stays stopped for 2.5 to 6 seconds."""
    source = random.Random(seed)

    def redis() -> Fault:
        return Fault(0, Kind.REDIS_RESTARTED, source.uniform(0.1, 3))

    def worker() -> Fault:
        if source.random() < 0.5:
            return Fault(0, Kind.WORKER_KILLED, source.uniform(0, 2))
        return Fault(0, Kind.WORKER_STOPPED, source.uniform(2.5, 6))

    def some_clients() -> Fault:
        kind = source.choice([Kind.CLIENTS_CUT, Kind.CLIENTS_MUTE])
        some = source.sample(range(clients), source.randint(1, max(1, clients // 8)))
        return Fault(0, kind, source.uniform(1, 6), tuple(some))

    def lane(make, pause: float) -> Iterator[Fault]:
        at = source.uniform(0, pause)
        while True:
            fault = make()
            if at + fault.lasting > seconds:
                return
            yield Fault(at, fault.kind, fault.lasting, fault.clients)
            at += fault.lasting + source.uniform(0.5, 2 * pause)

    return Schedule(
        list(lane(redis, 4)),
        [list(lane(worker, 8)) for _ in range(workers)],
        list(lane(some_clients, 1)),
    )
