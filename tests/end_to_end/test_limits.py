"""One who means harm reaches each limit, and an honest user beside them notices nothing.

The attacker comes from 127.0.0.1, and has bob's login where one is needed. Alice comes from another
address.
"""

import asyncio
import contextlib
import time
from contextlib import AsyncExitStack
from statistics import quantiles

import pytest

from tests.end_to_end.limited import REALTIME
from tests.processes.waiting import until
from tests.processes.wire import wire

pytestmark = pytest.mark.processes

HONEST = "127.0.0.2"

SLOWER = 10
"""Times as long as usual that an event may take during an attack, in the worst percentile."""

FLOOR = 0.5
"""Seconds within which any event may come: other tests take the machine for as long, too."""


@pytest.fixture
def serve(site):
    """Start servers with these limits."""

    def serve(**options):
        env = {"DJANGO_SETTINGS_MODULE": "tests.end_to_end.limited"}
        return site("uvicorn", app="tests.end_to_end.served:application", env=env, **options)

    return serve


@pytest.fixture
def served(serve):
    return serve()


class Honest:
    """Alice, who follows a stream, sends something over it and measures when it is back."""

    def __init__(self, socket):
        self._socket = socket
        self.seconds = []

    @classmethod
    @contextlib.asynccontextmanager
    async def at(cls, served):
        cookies = served.login("alice").cookie_header()
        async with wire(served, cookies=cookies, address=HONEST) as socket:
            await socket.send({"type": "subscribe", "ref": 1, "stream": "open.honest"})
            await socket.frame("subscribed")
            yield cls(socket)

    async def exchange(self):
        began = time.monotonic()
        publish = {"type": "send", "stream": "open.honest", "name": "publish", "data": [1, 10]}
        await self._socket.send({**publish, "ref": 2})
        await self._socket.frame("event", timeout=10)
        await self._socket.frame("reply", timeout=10)
        self.seconds.append(time.monotonic() - began)

    async def measure(self, during):
        """Return the worst percentile of the seconds of exchanges while ``during`` goes on."""
        self.seconds.clear()
        attack = asyncio.create_task(during)
        while not attack.done():
            await self.exchange()
            await asyncio.sleep(0.01)
        attack.result()
        return quantiles(self.seconds, n=100)[-1]

    async def counters(self):
        command = {"type": "send", "stream": "open.honest", "name": "counters", "ref": 3}
        await self._socket.send(command)
        return (await self._socket.frame("reply"))["data"]


async def code_of(served, **options):
    """Return the code in the `bye` that a new socket gets, or the type of another first frame."""
    async with wire(served, **options) as socket:
        frame = await socket.frame(timeout=10)
        return frame.get("code", frame["type"])


async def flood_of_connections(served, cookies):
    """Open many sockets together; returns what each got."""
    opened = (code_of(served, cookies=cookies) for _ in range(60))
    return await asyncio.gather(*opened, return_exceptions=True)


async def idle_visitors(served):
    """Hold sockets open on which nobody signs in, and send nothing; returns how each ended."""
    async with AsyncExitStack() as stack:
        sockets = []
        for _ in range(12):
            sockets.append(await stack.enter_async_context(wire(served)))
        byes = await asyncio.gather(*(socket.frame("bye", timeout=10) for socket in sockets))
        return [bye["code"] for bye in byes]


async def too_many_sockets(served, cookies):
    """Open more sockets than a user may have; returns how the first ones ended."""
    async with AsyncExitStack() as stack:
        sockets = []
        for _ in range(5):
            sockets.append(await stack.enter_async_context(wire(served, cookies=cookies)))
            await sockets[-1].frame("welcome")
        return [await socket.closed() for socket in sockets[:2]]


async def cycle_subscribes(served, cookies, seconds):
    """Subscribe and unsubscribe without a pause; returns how often that went."""
    done, until_then = 0, time.monotonic() + seconds
    async with wire(served, cookies=cookies) as socket:
        while time.monotonic() < until_then:
            await socket.send({"type": "subscribe", "ref": 1, "stream": "open.cycle"})
            await socket.send({"type": "unsubscribe", "ref": 2, "stream": "open.cycle"})
            await socket.frame("subscribed")
            await socket.frame("unsubscribed")
            done += 1
    return done


async def make_names_up(served, cookies):
    """Follow names of one's own choice on all sockets; returns the answers."""
    answers = []
    async with AsyncExitStack() as stack:
        for number in range(3):
            socket = await stack.enter_async_context(wire(served, cookies=cookies))
            await socket.frame("welcome")
            for name in range(9):
                stream = f"open.{number}-{name}"
                await socket.send({"type": "subscribe", "stream": stream, "ref": 1})
                answer = await socket.frame(timeout=10)
                answers.append(answer.get("code", answer["type"]))
    return answers


async def forge_lines(served, cookies):
    """Try to write a line into the log, with the name of a stream and with the type of a frame."""
    forged = "x\n2026-11-26 00:00:00,000 INFO forged"
    async with wire(served, cookies=cookies) as socket:
        await socket.frame("welcome")
        for frame in (
            {"type": "subscribe", "ref": 1, "stream": forged},
            {"type": forged, "ref": 1},
            {"type": "send", "stream": forged, "name": forged, "ref": 1},
        ):
            await socket.send(frame)
            await socket.frame("error")


async def flood_of_frames(served, cookies):
    """Send frames as fast as the network takes them; returns the code of the end."""
    async with wire(served, cookies=cookies) as socket:
        with contextlib.suppress(Exception):
            for number in range(2000):
                await socket.send({"type": "unsubscribe", "ref": number, "stream": "open.none"})
        return await socket.closed()


async def attack(served, bob):
    began = time.monotonic()
    flooded = await flood_of_connections(served, bob)
    # One address has 20 together, and then 10 a second.
    assert flooded.count(4430) >= 60 - 20 - 10 * (time.monotonic() - began) - 1
    assert await code_of(served, cookies=bob, address="127.0.0.3") == "welcome"
    await asyncio.sleep(2)  # Then it may come again.
    visitors = await idle_visitors(served)
    assert (visitors.count(4431), visitors.count(4501)) == (4, 8)
    assert await too_many_sockets(served, bob) == [4505, 4505]
    assert await cycle_subscribes(served, bob, 2) <= 30 + 20 * 2 + 5
    assert await make_names_up(served, bob) == ["subscribed"] * 19 + ["too_many"] * 8
    await forge_lines(served, bob)
    assert await flood_of_frames(served, bob) == 4429


async def test_an_attacker_reaches_every_limit_and_an_honest_user_notices_nothing(served):
    bob = served.login("bob").cookie_header()
    async with Honest.at(served) as honest:
        usual = await honest.measure(asyncio.sleep(2))
        beside = await honest.measure(attack(served, bob))
        assert beside <= max(SLOWER * usual, FLOOR)
        counted = await honest.counters()
    for counter in (
        'realtime_sockets_closed_total{reason="too_many_connections"}',
        'realtime_sockets_closed_total{reason="too_many_visitors"}',
        'realtime_sockets_closed_total{reason="too_many_sockets"}',
        'realtime_sockets_closed_total{reason="too_many_frames"}',
        'realtime_sockets_closed_total{reason="not_signed_in"}',
        'realtime_streams_refused_total{limit="per_user"}',
        'realtime_commands_delayed_total{limit="subscribes"}',
        'realtime_commands_refused_total{code="too_many"}',
    ):
        assert counted.get(counter, 0) > 0, counter
    log = served.log()
    assert "turned away address=127.0.0.1 code=4430" in log
    assert "turned away address=127.0.0.1 code=4431" in log
    assert not [line for line in log.splitlines() if line.startswith("2026-11-26 00:00:00")]
    assert "Traceback" not in log


async def test_a_user_has_no_more_sockets_by_spreading_them_over_processes(serve, redis_server):
    first = serve(redis=redis_server)
    second = serve(redis=redis_server, database_url=first.database_url)
    cookies = first.login("alice").cookie_header()
    async with AsyncExitStack() as stack:
        sockets = []
        for server in (first, second, first, second, first):
            sockets.append(await stack.enter_async_context(wire(server, cookies=cookies)))
            await sockets[-1].frame("welcome")
            await asyncio.sleep(0.3)
        assert [await socket.closed() for socket in sockets[:2]] == [4505, 4505]
        assert [socket.close_code for socket in sockets[2:]] == [None, None, None]


async def test_a_socket_that_never_says_who_it_is_is_gone_in_time(served):
    """Also one that announces a ticket, and one that sends only what is no sign-in."""
    async with AsyncExitStack() as stack:
        silent = await stack.enter_async_context(wire(served))
        promising = await stack.enter_async_context(
            wire(served, subprotocols=["realtime.v1", "realtime.ticket"])
        )
        for socket in (silent, promising):
            assert await socket.closed(timeout=7 + 10) == 4501
    await until(lambda: served.open_sockets() == 0, 20, "nothing of them is left")
    assert REALTIME["MAX_VISITORS_PER_ADDRESS"] > 2
