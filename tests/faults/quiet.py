"""A quiet moment of the storm: who is there, as all say, is who is really there."""

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

from tests.faults.authority import Authority
from tests.faults.client import Client
from tests.faults.committed import read_signals
from tests.faults.presence_checker import Sockets, check_list, check_signals, check_sockets
from tests.faults.rights import Rights
from tests.faults.rights_records import How
from tests.faults.waits import GRACE, JITTER, LEASE, REAUTHORIZE
from tests.processes.waiting import until

WHOLE_WITHIN = 12.0
"""Seconds until all clients follow again what they may."""
SETTLED_WITHIN = max(LEASE + GRACE, REAUTHORIZE * JITTER) + 1.4
EQUAL_WITHIN = 4.0
"""Seconds that a busy machine may take longer; a connection may be lost there, too."""


class Quiet:
    """Looks who is there; `problems` and `looked` say what came of it."""

    def __init__(
        self,
        clients: Sequence[Client],
        rooms: Sequence[str],
        rights: Rights,
        authority: Authority,
        database_url: str,
    ) -> None:
        self.problems: list[str] = []
        self.counted = 0
        """Sockets that were there."""
        self._clients = clients
        self._rooms = rooms
        self._users = sorted({client.user for client in clients})
        self._rights = rights
        self._authority = authority
        self._database_url = database_url

    async def moment(self, ends: Mapping[How, int]) -> None:
        """End a right in each of some ways, each of another user by number, then look."""
        with contextlib.suppress(AssertionError):  # The checkers name what is missing.
            await until(self._all_follow, WHOLE_WITHIN, "all are whole")
        async with contextlib.AsyncExitStack() as stack:
            for how, user in ends.items():
                await stack.enter_async_context(self._rights.taken(how, user))
            await asyncio.sleep(SETTLED_WITHIN)
            self.problems += await self._look_until_equal()

    def _all_follow(self) -> bool:
        return all(client.follows == client.records.keys() for client in self._clients)

    async def _look_until_equal(self) -> list[str]:
        ends = time.monotonic() + EQUAL_WITHIN
        problems = await self._look()
        while problems and time.monotonic() < ends:
            await asyncio.sleep(0.3)
            problems = await self._look()
        return problems

    async def _look(self) -> list[str]:
        before = self._opened()
        present = await self._authority.present(self._rooms, self._users)
        signals = await asyncio.to_thread(read_signals, self._database_url)
        opened = self._opened()
        if before != opened:
            return [f"no quiet moment: {before} became {opened}"]
        self.counted = sum(len(sockets) for sockets in opened[""].values())
        return [
            *check_sockets(present, opened),
            *check_signals(signals, opened[""].keys()),
            *self._check_lists(opened),
        ]

    def _opened(self) -> dict[str, dict[str, Collection[str]]]:
        """Return the sockets that the clients hold, by stream and user."""
        opened: dict[str, dict[str, set[str]]] = {name: defaultdict(set) for name in self._rooms}
        opened[""] = defaultdict(set)
        for client in self._clients:
            if client.socket is not None:
                for stream in {"", *client.follows} & opened.keys():
                    opened[stream][client.user.partition(".")[2]].add(client.socket)
        return {stream: dict(users) for stream, users in opened.items()}

    def _check_lists(self, opened: Sockets) -> Iterator[str]:
        for client in self._clients:
            for stream in client.follows & client.lists.keys():
                members = client.lists[stream].members
                yield from check_list(stream, [_pk(one["user"]) for one in members], opened)


def _pk(user: str) -> str:
    return user.partition(".")[2]
