"""The story in small: a cable is pulled, an event comes, and it can be seen where it went."""

import asyncio
import json
import re
import time
from datetime import UTC, datetime

import pytest

from tests.processes.waiting import until
from tests.processes.wire import wire

pytestmark = pytest.mark.processes

HEARTBEAT = {"HEARTBEAT_INTERVAL": "0.4", "HEARTBEAT_TIMEOUT": "0.6", "TIME_ZONE": "UTC"}
SETTINGS = {
    "database": "tests.processes.site_settings",
    "redis": "tests.end_to_end.redis_log_settings",
}
PUBLISH = """
import realtime
realtime.publish({streams!r}, "call.state", 1, key={key!r})
"""


async def follow(socket, stream="me", **after):
    await socket.frame("welcome")
    await socket.send({"type": "subscribe", "ref": 1, "stream": stream, **after})
    return await socket.frame("subscribed")


async def run(site, *arguments):
    return await asyncio.to_thread(site.manage, *arguments)


async def publish(site, *streams, key=None):
    await run(site, "shell", "-c", PUBLISH.format(streams=list(streams), key=key))


def lines(sites, text):
    return [line for site in sites for line in site.log().splitlines() if text in line]


@pytest.mark.parametrize("log", ["database", "redis"])
async def test_a_pulled_cable_is_seen_in_the_journey_and_in_the_log(site, redis_server, cable, log):
    env = HEARTBEAT | {"DJANGO_SETTINGS_MODULE": SETTINGS[log]}
    one = site("daphne", redis=redis_server, env=env)
    other = site("uvicorn", redis=redis_server, database_url=one.database_url, env=env)
    alice, bob = one.login("alice").cookie_header(), other.login("bob").cookie_header()
    async with wire(one, cookies=alice) as alices, wire(other, cookies=bob) as bobs:
        ours, his = (await follow(alices))["stream"], await follow(bobs)
        stream, position = his["stream"], {"epoch": his["epoch"], "offset": his["offset"]}
        await until(lambda: bobs.answered > 1, 10, "bob's socket has answered")
        cable.cut(bobs.port)
        await until(lambda: lines([other], "code=4408"), 10, "the server gave bob's socket up")
        published = time.monotonic()
        await publish(one, ours, stream, key="call.2.1")
        event = (await alices.frame("event"))["id"]
        said = await until(lambda: lines([one, other], "to nobody"), 10, "one of them says so")
        assert time.monotonic() - published < 8, "5 s, and what starting a process takes"
        async with wire(other, cookies=bob) as back:
            await follow(back, stream, after=position)
            assert (await back.frame("event"))["replayed"] is True
            await until(lambda: back.answered > 1, 10, "bob's socket has answered a ping")
            text = await run(one, "realtime_journey", event)
            by_key = await run(other, "realtime_journey", "--key", "call.2.1")
            now = datetime.now(UTC).strftime("%H:%M:%S")
            of_bob = await run(one, "realtime_journey", "--user", "bob", "--at", now)
            of_stream = await run(
                one, "realtime_journey", "--stream", stream, "--at", now, "--json"
            )
            assert lines([one, other], "to nobody") == said
    assert len(said) == 1
    assert f"delivered to nobody event={event} name=call.state streams={stream}:1" in said[0]
    time_of_day = r"\d\d:\d\d:\d\d\.\d{3}"
    verdict, *rest = text.splitlines()
    assert re.fullmatch(
        f"Delivered to 1 socket, proved by 1; bob was gone from {time_of_day} to {time_of_day} "
        f"and got it by replay at {time_of_day}.",
        verdict,
    )
    said = "\n".join(rest)
    handed = f"handed {time_of_day}, "
    assert re.search(rf"alice  \w+  \S+/{one.pid}  {handed}proved {time_of_day}", said)
    gone = rf"gone stale at {time_of_day} \(4408\), last pong {time_of_day}, before the event"
    assert re.search(rf"bob  \w+  \S+/{other.pid}  {gone}; came back as \w+", said)
    replayed = rf"opened {time_of_day}, replayed {time_of_day}, proved {time_of_day}"
    assert re.search(rf"bob  \w+  \S+/{other.pid}  {replayed}", said)
    assert len(rest) < 20
    assert by_key.splitlines()[0] == verdict
    assert "bob was gone from" in of_bob.splitlines()[0]
    assert "alice" not in of_bob
    (only,) = json.loads(of_stream)["events"]
    sockets = [socket["outcome"] for one in only["streams"] for socket in one["sockets"]]
    assert sockets == ["gone", "proved"]
