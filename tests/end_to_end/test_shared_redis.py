"""Strangers on our Redis: another site, and one who publishes what is not true."""

import asyncio
import json
import shutil

import msgpack
import pytest
import redis

from tests.processes.site import manage
from tests.processes.wire import wire

pytestmark = pytest.mark.processes

ENV = {"DJANGO_SETTINGS_MODULE": "tests.end_to_end.served_settings"}
STREAM = "open.1"
PUBLISHED = 5

KEPT = f"""
from realtime.models import Event
print(realtime.position("{STREAM}").epoch, Event.objects.filter(stream="{STREAM}").count())
"""


async def shell(site, code):
    """Run code in a process of its own, and return the last line that it prints."""
    printed = await asyncio.to_thread(site.manage, "shell", "-c", code)
    return printed.strip().rpartition("\n")[2]


def publishing(*data, **options):
    given = "".join(f", {name}={value}" for name, value in options.items())
    calls = (f"realtime.publish('{STREAM}', 'n', {one!r}{given})" for one in data)
    return "\n".join(["import realtime", *calls, ""])


def forged(offset, epoch, **others):
    """Return a sound message for an event that was never published."""
    event_id = "f" * 32
    frame = {"type": "event", "stream": STREAM, "offset": offset, "id": event_id, "name": "n"}
    message = {"type": "realtime.event", "stream": STREAM, "epoch": epoch, "offset": offset}
    frame = json.dumps({**frame, "data": "untrue", "at": 1})
    return msgpack.packb({**message, "id": event_id, "name": "n", "frame": frame, **others})


@pytest.fixture
def served(site, redis_server):
    return site("uvicorn", redis=redis_server, app="tests.end_to_end.served:application", env=ENV)


@pytest.fixture
def stranger(redis_server):
    """Publish to the group of the stream, as anybody can who reaches this Redis."""
    with redis.Redis.from_url(redis_server.url) as client:

        def publish(payload):
            [group] = client.pubsub_channels(f"*.{STREAM}")
            assert client.publish(group, payload) == 1

        yield publish


async def follow(socket):
    await socket.send({"type": "subscribe", "ref": 1, "stream": STREAM})
    return await socket.frame("subscribed")


async def data(socket):
    return (await socket.frame("event"))["data"]


async def test_nothing_that_a_stranger_publishes_deletes_or_holds_up_anything(served, stranger):
    async with wire(served, cookies=served.login("alice").cookie_header()) as socket:
        epoch = (await follow(socket))["epoch"]
        await shell(served, publishing(*range(1, PUBLISHED + 1)))
        assert [await data(socket) for _ in range(PUBLISHED)] == [1, 2, 3, 4, 5]
        for payload in (
            b"\xc1 no msgpack",
            msgpack.packb([1, 2]),
            msgpack.packb(None),
            msgpack.packb({"type": "realtime.event", "stream": STREAM, "at": float("inf")}),
            forged(6, epoch, frame='{"type":"bye","code":4501,"retry":false}'),
            forged(2**62, epoch),
            forged(3, epoch),
            forged(1, "another"),
        ):
            stranger(payload)
        await asyncio.sleep(1.5)  # More than the time between two checks of the log.
        more = publishing("typing", ephemeral=True) + publishing(6) + KEPT
        assert await shell(served, more) == f"{epoch} 6"
        assert [await data(socket) for _ in range(2)] == ["typing", 6]


async def test_an_untrue_event_that_was_handed_out_is_taken_back_and_the_log_stays(
    served, stranger
):
    async with wire(served, cookies=served.login("alice").cookie_header()) as socket:
        epoch = (await follow(socket))["epoch"]
        await shell(served, publishing(*range(1, PUBLISHED + 1)))
        assert [await data(socket) for _ in range(PUBLISHED)] == [1, 2, 3, 4, 5]
        stranger(forged(6, epoch))
        assert await data(socket) == "untrue"
        reset = await socket.frame("reset")
        assert (reset["offset"], reset["epoch"] != epoch) == (5, True)
        assert await shell(served, publishing(6) + KEPT) == f"{reset['epoch']} 6"
        assert await data(socket) == 6


async def test_a_copy_of_our_database_on_the_same_redis_is_another_site(
    served, site_env, redis_server, tmp_path
):
    copy = tmp_path / "copy.sqlite3"
    env = {**site_env, **ENV, "DATABASE_URL": f"sqlite:///{copy}", "REDIS_URL": redis_server.url}
    async with wire(served, cookies=served.login("alice").cookie_header()) as socket:
        epoch = (await follow(socket))["epoch"]
        await shell(served, publishing(*range(1, PUBLISHED + 1)))
        assert [await data(socket) for _ in range(PUBLISHED)] == [1, 2, 3, 4, 5]
        shutil.copyfile(served.database_url.removeprefix("sqlite:///"), copy)
        theirs = publishing("theirs") + publishing("typing", ephemeral=True) + KEPT
        printed = await asyncio.to_thread(manage, env, "shell", "-c", theirs)
        assert printed.strip().endswith(f"{epoch} 6")
        assert await shell(served, publishing(6) + KEPT) == f"{epoch} 6"
        assert await data(socket) == 6
