"""Events that were missed: replayed in order and once, or said to be lost. On real servers."""

import asyncio

import pytest

from tests.processes.wire import wire

pytestmark = pytest.mark.processes


@pytest.fixture
def served(site):
    return site(
        "uvicorn",
        app="tests.end_to_end.served:application",
        env={"DJANGO_SETTINGS_MODULE": "tests.end_to_end.served_settings"},
    )


async def shell(site, code):
    """Run code in a process of its own, as a management command or another worker would."""
    prelude = "import realtime; from realtime.eventlog import event_log; log = event_log()\n"
    return await asyncio.to_thread(site.manage, "shell", "-c", prelude + code)


def publishing(stream, first, last):
    return f"[realtime.publish('{stream}', 'n', n) for n in range({first}, {last} + 1)]\n"


async def subscribe(socket, stream="me", after=None):
    frame = {"type": "subscribe", "ref": 1, "stream": stream}
    await socket.send(frame if after is None else {**frame, "after": after})
    return await socket.frame("subscribed")


async def numbers(socket, count):
    """Return what the next events carry, with their offsets, and whether they were replayed."""
    events = [await socket.frame("event") for _ in range(count)]
    assert [event["data"] for event in events] == [event["offset"] for event in events]
    return [event["offset"] for event in events], [event.get("replayed", False) for event in events]


async def test_what_was_published_while_away_is_replayed_and_then_it_goes_on(served):
    alice = served.login("alice")
    async with wire(served, cookies=alice.cookie_header()) as socket:
        first = await subscribe(socket)
        assert (first["offset"], first["recovered"]) == (0, False)
        stream, at = first["stream"], {"epoch": first["epoch"], "offset": 0}
    await shell(served, publishing(stream, 1, 150))
    async with wire(served, cookies=alice.cookie_header()) as socket:
        again = await subscribe(socket, stream, {**at, "offset": 20})
        assert (again["recovered"], again["epoch"], again["offset"]) == (True, at["epoch"], 150)
        assert "snapshot" not in again
        assert await numbers(socket, 130) == (list(range(21, 151)), [True] * 130)
        code = publishing(stream, 151, 153).replace("realtime.publish", "pub")
        await shell(served, "pub = realtime.publish\n" + code)
        # The in-memory layer brings nothing from another process; the check of positions does.
        assert (await numbers(socket, 3))[0] == [151, 152, 153]


async def test_nothing_is_replayed_to_those_who_missed_nothing(served):
    alice = served.login("alice")
    await shell(served, publishing("open.1", 1, 3))
    async with wire(served, cookies=alice.cookie_header()) as socket:
        first = await subscribe(socket, "open.1")
    at = {"epoch": first["epoch"], "offset": first["offset"]}
    async with wire(served, cookies=alice.cookie_header()) as socket:
        assert (await subscribe(socket, "open.1", at))["recovered"] is True
        await shell(served, publishing("open.1", 4, 4))
        assert (await numbers(socket, 1))[0] == [4]


@pytest.mark.parametrize("after", [{"epoch": "other", "offset": 1}, {"offset": 99}])
async def test_a_position_of_another_epoch_or_beyond_the_top_starts_again(served, after):
    alice = served.login("alice")
    async with wire(served, cookies=alice.cookie_header()) as socket:
        epoch = (await subscribe(socket, "open.1"))["epoch"]
    await shell(served, publishing("open.1", 1, 3))
    async with wire(served, cookies=alice.cookie_header()) as socket:
        answer = await subscribe(socket, "open.1", {"epoch": epoch, **after})
        assert (answer["recovered"], answer["offset"]) == (False, 3)
        assert answer["snapshot"] == {"key": "1", "for": "alice"}


async def test_positions_are_asked_for_by_the_streams_own_name_and_in_form(served):
    async with wire(served, cookies=served.login("alice").cookie_header()) as socket:
        at = {"epoch": "e", "offset": 1}
        for stream, after, code in [("me", at, "refused"), ("open.1", {"epoch": 1}, "bad_frame")]:
            await socket.send({"type": "subscribe", "ref": 1, "stream": stream, "after": after})
            assert (await socket.frame("error"))["code"] == code


async def test_a_position_that_is_no_longer_kept_starts_again(served):
    alice = served.login("alice")
    async with wire(served, cookies=alice.cookie_header()) as socket:
        epoch = (await subscribe(socket, "open.1"))["epoch"]
    await shell(served, publishing("open.1", 1, 250) + "print(log.prune())")
    async with wire(served, cookies=alice.cookie_header()) as socket:
        answer = await subscribe(socket, "open.1", {"epoch": epoch, "offset": 49})
        assert answer["recovered"] is False
    async with wire(served, cookies=alice.cookie_header()) as socket:
        assert (await subscribe(socket, "open.1", {"epoch": epoch, "offset": 50}))["recovered"]
        assert (await numbers(socket, 200))[0] == list(range(51, 251))


async def test_a_live_subscription_whose_log_is_lost_is_reset(served):
    alice = served.login("alice")
    async with wire(served, cookies=alice.cookie_header()) as socket:
        first = await subscribe(socket, "open.1")
        await shell(served, publishing("open.1", 1, 3))
        await numbers(socket, 3)
        await shell(served, "log.forget('open.1')\n" + publishing("open.1", 1, 2))
        reset = await socket.frame("reset")
        assert reset["epoch"] != first["epoch"]
        assert reset["snapshot"] == {"key": "1", "for": "alice"}
        await shell(served, publishing("open.1", 3, 3))
        assert (await numbers(socket, 3 - reset["offset"]))[0][-1] == 3


async def test_a_log_that_went_back_gets_a_new_epoch(served):
    alice = served.login("alice")
    async with wire(served, cookies=alice.cookie_header()) as socket:
        first = await subscribe(socket, "open.1")
        await shell(served, publishing("open.1", 1, 3))
        await numbers(socket, 3)
        restored = """
from realtime.models import Event, StreamHead
Event.objects.filter(stream="open.1", offset__gt=1).delete()
StreamHead.objects.filter(name="open.1").update(top=1)
"""
        await shell(served, restored)
        reset = await socket.frame("reset")
        assert reset["epoch"] != first["epoch"]


async def test_the_event_of_a_publisher_that_died_after_its_commit_is_numbered_and_broadcast(
    served,
):
    alice = served.login("alice")
    async with wire(served, cookies=alice.cookie_header()) as socket:
        await subscribe(socket, "open.1")
        killed = """
import os
import realtime.eventlog.database.log as database
database.number = lambda *args: os.kill(os.getpid(), 9)
realtime.publish(["open.1", "open.nobody"], "n", 1)
"""
        with pytest.raises(AssertionError):
            await shell(served, killed)
        assert (await numbers(socket, 1))[0] == [1]
        count = "print(log.positions(['open.nobody'])['open.nobody'].offset)"
        assert (await shell(served, count)).strip().endswith("1")


async def test_a_long_replay_over_a_slow_line_ends_and_nothing_is_missing(served):
    alice = served.login("alice")
    async with wire(served, cookies=alice.cookie_header()) as socket:
        first = await subscribe(socket, "open.1")
    big = "[realtime.publish('open.1', 'n', [n, 'x' * 20_000]) for n in range(1, 101)]"
    await shell(served, big)
    async with wire(served, cookies=alice.cookie_header()) as socket:
        at = {"epoch": first["epoch"], "offset": 0}
        assert (await subscribe(socket, "open.1", at))["recovered"] is True
        events = [await socket.frame("event") for _ in range(100)]
        assert [event["data"][0] for event in events] == list(range(1, 101))
    assert "code=4413" not in served.log()


async def test_a_rolled_back_event_is_never_seen_and_a_keyed_one_once(served):
    alice = served.login("alice")
    async with wire(served, cookies=alice.cookie_header()) as socket:
        await subscribe(socket, "open.1")
        code = """
from django.db import transaction
try:
    with transaction.atomic():
        realtime.publish("open.1", "n", "rolled back")
        raise ValueError
except ValueError:
    pass
for _ in range(3):
    with transaction.atomic():
        realtime.publish("open.1", "n", 1, key="webhook 1")
realtime.publish("open.1", "n", 2)
"""
        await shell(served, code)
        assert await numbers(socket, 2) == ([1, 2], [False, False])
