"""Takes rights away and gives them back, on the storm's servers and in a process of its own."""

import asyncio
import json
import random
import time
from collections.abc import Mapping, Sequence
from typing import Any

import requests

from tests.faults.commanded import Commanded
from tests.faults.rights_records import Ending, How
from tests.processes.site import Site

ANSWER_WITHIN = 3
"""Seconds for a logout on a server that may be killed or stopped."""
WAYS = {
    How.WITHDRAWN: "withdraw",
    How.WITHDRAWN_AND_SAID: "withdraw_and_say",
    How.WITHDRAWN_BY_SQL: "withdraw_by_sql",
    How.DEACTIVATED_BY_SQL: "deactivate_by_sql",
    How.DISCONNECTED: "disconnect",
    How.DISCONNECTED_FOR_NOW: "disconnect_for_now",
}


class Authority:
    """Keeps the ledger of what it has ended in `endings`."""

    def __init__(self, process: Commanded, workers: Sequence[Site], source: random.Random) -> None:
        self.endings: list[Ending] = []
        self._process = process
        self._workers = workers
        self._source = source
        self._turn = asyncio.Lock()

    async def end(self, how: How, user: str, cookie: str, stream: str | None) -> Ending:
        """End a right of the user whose own stream is `user`, and who has that cookie."""
        pk = user.partition(".")[2]
        if how is How.LOGGED_OUT:
            began = time.time()
            await self._log_out(cookie)
            ending = Ending(how, user, began, time.time(), cookie=cookie)
        else:
            arguments = [pk, stream] if stream else [pk]
            answer = await self._ask(WAYS[how], *arguments)
            ending = Ending(how, user, answer["began"], answer["done"], stream=stream)
        self.endings.append(ending)
        return ending

    async def give_back(self, ending: Ending) -> str | None:
        """Let the user come back; returns the new cookie, if that takes one."""
        pk = ending.user.partition(".")[2]
        answer: dict[str, Any] = {}
        if ending.how is How.LOGGED_OUT:
            answer = await self._ask("sign_in_again", pk)
        elif ending.stream is not None:
            answer = await self._ask("grant", pk, ending.stream)
        elif ending.how is How.DEACTIVATED_BY_SQL:
            answer = await self._ask("activate", pk)
        ending.restored = answer.get("began", ending.committed)
        ending.returned = answer.get("done", ending.committed)
        return answer.get("value")

    async def present(
        self, streams: Sequence[str], users: Sequence[str]
    ) -> Mapping[str, Mapping[str, Sequence[str]]]:
        """Return the sockets of each user, as `presence` says: in each stream, and at all ("")."""
        pks = ",".join(user.partition(".")[2] for user in users)
        found: dict[str, Any] = (await self._ask("present", ",".join(streams), pks))["value"]
        return found

    async def _ask(self, *command: str) -> dict[str, Any]:
        async with self._turn:
            answer = json.loads(await self._process.do(*command))
        assert isinstance(answer, dict), f"{command}: {answer}"
        return answer

    async def _log_out(self, cookie: str) -> None:
        """Log out on one of the servers: some may be away."""
        done = False
        while not done:
            url = self._source.choice(self._workers).url
            done = await asyncio.to_thread(_log_out_at, url, cookie)


def _log_out_at(url: str, cookie: str) -> bool:
    try:
        headers = {"Cookie": cookie, "Connection": "close"}
        answer = requests.post(f"{url}/leave/", headers=headers, timeout=ANSWER_WITHIN)
    except requests.RequestException:
        time.sleep(0.1)
        return False
    return answer.status_code == 204
