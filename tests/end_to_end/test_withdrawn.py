"""Rights to streams that end, with two servers, PostgreSQL and Redis."""

import asyncio
import contextlib
import itertools
import time
from statistics import median

import pytest

from tests.processes.wire import wire

pytestmark = pytest.mark.processes

STREAMS = ["group.agents", "permission.auth.add_group", "staff.room", "guarded.guards"]
IMMEDIATELY = 1.0
"""Seconds within which a change is carried out that something announced; mostly, if it is busy."""
BUSY = 10.0
"""Seconds more for a busy machine."""
EVERY = 1.0 * 1.2
"""Seconds within which ``group.*`` is asked for by itself."""
APP = "tests.end_to_end.withdrawn:application"


class Client:
    """A socket that sends commands, and shows how long each end of a subscription took."""

    def __init__(self, socket):
        self.socket = socket
        self._refs = itertools.count(1)

    async def ask(self, kind, stream, answer, **fields):
        ref = next(self._refs)
        await self.socket.send({"type": kind, "ref": ref, "stream": stream, **fields})
        found = await self.socket.frame(answer)
        assert found["ref"] == ref
        return found

    async def subscribe(self, *streams):
        for stream in streams:
            await self.ask("subscribe", stream, "subscribed")

    async def tell(self, name, data=None):
        """Have the office do something, and return when it began."""
        began = time.monotonic()
        await self.ask("send", "office.1", "reply", name=name, data=data)
        return began

    async def end_of(self, stream, since):
        """Return the seconds until the right to a stream had ended."""
        end = await self.socket.frame("unsubscribed")
        assert end == {"type": "unsubscribed", "stream": stream, "reason": "forbidden"}
        return time.monotonic() - since


@pytest.fixture
async def environment(site, redis_server, postgres_url):
    """Alice changes rights in one process; bob has a socket there and in the other one."""
    one = site("uvicorn", redis=redis_server, database_url=postgres_url, app=APP)
    other = site("daphne", redis=redis_server, database_url=postgres_url, app=APP)
    cookies = [one.login(name).cookie_header() for name in ("alice", "bob")]
    async with contextlib.AsyncExitStack() as stack:
        sockets = [
            await stack.enter_async_context(wire(server, cookies=user))
            for server, user in ((one, cookies[0]), (one, cookies[1]), (other, cookies[1]))
        ]
        for socket in sockets:
            await socket.frame("welcome")
        alice, *bobs = map(Client, sockets)
        await alice.subscribe("office.1")
        await alice.tell("prepare")
        for bob in bobs:
            await bob.subscribe(*STREAMS)
        yield alice, bobs


async def test_rights_end_in_both_processes(environment):
    alice, bobs = environment
    announced = []
    for change, data, stream in [
        ("leave", "agents", "group.agents"),
        ("take_permission", None, "permission.auth.add_group"),
        ("demote", None, "staff.room"),
    ]:
        began = await alice.tell(change, data)
        took = [await bob.end_of(stream, began) for bob in bobs]
        print(change, *(f"{seconds * 1000:.0f} ms" for seconds in took))
        announced += took
        await alice.tell("publish", stream)
        for bob in bobs:
            refusal = await bob.ask("subscribe", stream, "error")
            assert refusal["code"] == "forbidden"

    await alice.tell("join", "agents")
    for bob in bobs:
        await bob.subscribe("group.agents")
    began = await alice.tell("leave_by_sql", "agents")
    took = [await bob.end_of("group.agents", began) for bob in bobs]
    print("by SQL", *(f"{seconds * 1000:.0f} ms" for seconds in took))
    assert max(took) < EVERY + BUSY

    await alice.tell("leave_by_sql", "guards")
    await asyncio.sleep(EVERY)
    await alice.tell("publish", "guarded.guards")
    for bob in bobs:  # None of the streams that ended has sent anything before this.
        assert (await bob.socket.frame())["stream"] == "guarded.guards"
    began = await alice.tell("reauthorize", "guarded.guards")
    took = [await bob.end_of("guarded.guards", began) for bob in bobs]
    assert median([*announced, *took]) < IMMEDIATELY
