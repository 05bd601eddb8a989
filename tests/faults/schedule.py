"""Which faults happen when in a storm: all from one seed, so that a failure can be repeated."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from tests.faults.rights_records import TOLD, How
from tests.faults.waits import JITTER, REAUTHORIZE


class Kind(StrEnum):
    """What happens, and how it ends."""

    REDIS_RESTARTED = "redis restarted"
    WORKER_KILLED = "worker killed (-9), started again"
    WORKER_TERMINATED = "worker ended (SIGTERM), started again"
    WORKER_STOPPED = "worker stopped (SIGSTOP), continued"
    CLIENTS_CUT = "clients cut off silently"
    CLIENTS_MUTE = "clients that stop reading and answering"


@dataclass(frozen=True)
class Fault:
    """One fault: it begins `at` seconds and lasts `lasting` seconds."""

    at: float
    kind: Kind | How
    lasting: float
    numbers: tuple[int, ...] = ()
    """Of the clients, or of the one user."""


Lane = list[Fault]
"""Faults of one thing, which follow each other; those of different lanes overlap."""


@dataclass(frozen=True)
class Schedule:
    """A lane for Redis, one for each worker, one for the clients, some for rights."""

    redis: Lane
    workers: list[Lane]
    clients: Lane
    rights: list[Lane]


RIGHTS = 5
"""Rights that are away at the same time, at most; each of another user."""


def schedule(
    source: random.Random, *, seconds: float, workers: int, clients: int, users: int, in_rooms: int
) -> Schedule:
    """Return the faults of a storm; a stopped worker stays stopped for 2.5 to 6 seconds.

    The first users follow rooms. A right that ends without a message stays away for longer than a
    check may take.
    """

    def redis() -> Fault:
        return Fault(0, Kind.REDIS_RESTARTED, source.uniform(0.1, 3))

    def worker() -> Fault:
        chance = source.random()
        if chance < 0.4:
            return Fault(0, Kind.WORKER_KILLED, source.uniform(0, 2))
        if chance < 0.55:
            return Fault(0, Kind.WORKER_TERMINATED, source.uniform(0, 1))
        return Fault(0, Kind.WORKER_STOPPED, source.uniform(2.5, 6))

    def some_clients() -> Fault:
        kind = source.choice([Kind.CLIENTS_CUT, Kind.CLIENTS_MUTE])
        some = source.sample(range(clients), source.randint(1, max(1, clients // 8)))
        return Fault(0, kind, source.uniform(1, 6), tuple(some))

    def right(lane: int) -> Fault:
        how = source.choice(list(How))
        lasting = source.uniform(3, 7) + (0 if how in TOLD else REAUTHORIZE * JITTER)
        first, last = (in_rooms, users) if how is How.DEACTIVATED_BY_SQL else (0, in_rooms)
        return Fault(0, how, lasting, (source.randrange(first + lane, last, RIGHTS),))

    def lane(make: Callable[[], Fault], pause: float) -> Iterator[Fault]:
        at = source.uniform(0, pause)
        while True:
            fault = make()
            if at + fault.lasting > seconds:
                return
            yield replace(fault, at=at)
            at += fault.lasting + source.uniform(0.5, 2 * pause)

    return Schedule(
        list(lane(redis, 4)),
        [list(lane(worker, 8)) for _ in range(workers)],
        list(lane(some_clients, 1)),
        [list(lane(lambda one=number: right(one), 1)) for number in range(RIGHTS)],
    )
