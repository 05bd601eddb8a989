"""The rights of a storm's users, which end and come back."""

import contextlib
from collections.abc import AsyncIterator, Sequence

from tests.faults.authority import Authority
from tests.faults.client import Client
from tests.faults.rights_records import How

OF_A_STREAM = {How.WITHDRAWN, How.WITHDRAWN_AND_SAID, How.WITHDRAWN_BY_SQL}


class Rights:
    """Takes a right of a user by number, and gives it back; the user's clients get a new cookie."""

    def __init__(self, authority: Authority, clients: Sequence[Client]) -> None:
        self._authority = authority
        self._clients: dict[str, list[Client]] = {}
        for client in clients:
            self._clients.setdefault(client.user, []).append(client)
        self._users = list(self._clients)

    @contextlib.asynccontextmanager
    async def taken(self, how: How, number: int) -> AsyncIterator[None]:
        """Have the user with that number be without a right meanwhile."""
        user = self._users[number]
        clients = self._clients[user]
        stream = list(clients[0].records)[1] if how in OF_A_STREAM else None
        ending = await self._authority.end(how, user, clients[0].cookies, stream)
        try:
            yield
        finally:
            cookie = await self._authority.give_back(ending)
            for client in clients:
                client.cookies = cookie or client.cookies
