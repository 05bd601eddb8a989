"""Who follows a stream, as the sockets of tests see it: the real consumer, events and all."""

import asyncio
import random

import pytest
from django.contrib.auth import get_user_model

from realtime import apresence, apublish, publish
from realtime.consumers import RealtimeConsumer
from realtime.streams import Refused, Stream, register
from realtime.testing import RealtimeCommunicator, RealtimeError

application = RealtimeConsumer.as_asgi()
pytestmark = pytest.mark.django_db(transaction=True)

MEMORY = {"BACKEND": "realtime.eventlog.memory.MemoryEventLog"}


@register("cafe")
class Cafe(Stream):
    presence = True

    async def authorize(self, user):
        return True

    async def presence_meta(self, user, wanted):
        if wanted.get("seat") == "counter":
            raise Refused("The counter is taken.")
        return {"name": user.username, **wanted}


@pytest.fixture(params=[MEMORY, None], ids=["events kept", "events not kept"])
def quick(settings, request, wall_clock):
    """Users who go are gone soon."""
    settings.REALTIME = {"EVENT_LOG": request.param, "OFFLINE_AFTER": 0.03}


@pytest.fixture
def alice():
    return get_user_model()(pk=1, username="alice")


@pytest.fixture
def bob():
    return get_user_model()(pk=2, username="bob")


def open_for(user):
    return RealtimeCommunicator(application, user=user)


async def test_each_sees_the_other_come_change_and_go(quick, alice, bob):
    async with open_for(alice) as one:
        await one.subscribe("cafe.1")
        async with open_for(bob) as other:
            await other.subscribe("cafe.1")
            for socket in (one, other):
                members = await socket.presence("cafe.1", [alice, bob])
                assert [member["meta"] for member in members] == [
                    {"name": "alice"},
                    {"name": "bob"},
                ]
            decided = await other.set_presence("cafe.1", {"seat": "window"})
            assert decided == {"name": "bob", "seat": "window"}
            await apublish("cafe.1", "coffee")
            await one.event("coffee")
        await one.presence("cafe.1", [alice])
        assert one.unread == []


async def test_a_list_is_what_the_server_says_too(quick, alice, bob):
    async with open_for(alice) as one, open_for(bob) as other:
        for socket in (one, other):
            await socket.subscribe("cafe.1")
        members = await one.presence("cafe.1", [alice, bob])
        assert [member["user"] for member in members] == ["user.1", "user.2"]
        assert [present.user for present in await apresence("cafe.1")] == ["1", "2"]


async def test_two_sockets_are_one_user_who_leaves_with_the_last(quick, alice, bob):
    async with open_for(bob) as watcher, open_for(alice) as page:
        await watcher.subscribe("cafe.1")
        await page.subscribe("cafe.1")
        await watcher.presence("cafe.1", [alice, bob])
        async with open_for(alice) as tab:
            await tab.subscribe("cafe.1")
            await tab.unsubscribe("cafe.1")
        await apublish("cafe.1", "later")
        await watcher.event("later")
        assert len(await watcher.presence("cafe.1")) == 2
        await page.unsubscribe("cafe.1")
        await watcher.presence("cafe.1", [bob])


async def test_a_socket_that_goes_on_after_a_position_has_the_list_too(
    settings, alice, bob, wall_clock
):
    settings.REALTIME = {"EVENT_LOG": MEMORY, "OFFLINE_AFTER": 0.03}
    async with open_for(alice) as page:
        answer = await page.subscribe("cafe.1")
        await page.presence("cafe.1", [alice])
        async with open_for(bob) as other:
            position = {"epoch": answer["epoch"], "offset": answer["offset"]}
            answer = await other.subscribe("cafe.1", after=position)
            assert answer["recovered"] is True
            assert [member["user"] for member in answer["presence"]] == ["user.1"]
            await other.presence("cafe.1", [alice, bob])


class Crowd:
    """Users with pages that come, go and change; each page that is open follows the cafe."""

    def __init__(self, users, random):
        self.users = users
        self.random = random
        self.pages = []
        self.positions = [None]

    async def step(self):
        doings = [self.come, self.come, self.go, self.change, self.follow_again, self.wait]
        await self.random.choice(doings)()

    async def come(self):
        page = open_for(self.random.choice(self.users))
        await page.__aenter__()
        self.pages.append(page)
        await self.follow(page, self.random.choice(self.positions))

    async def follow(self, page, after):
        answer = await page.subscribe("cafe.1", after=after)
        self.positions.append({name: answer[name] for name in ("epoch", "offset")})

    async def go(self):
        if self.pages:
            await self.pages.pop(self.random.randrange(len(self.pages))).close()

    async def change(self):
        if self.pages:
            meta = {"seat": self.random.randrange(9)}
            await self.random.choice(self.pages).set_presence("cafe.1", meta)

    async def follow_again(self):
        if self.pages:
            page = self.random.choice(self.pages)
            frame = {"type": "unsubscribe", "stream": "cafe.1", "ref": "again"}
            await page.send_frame({**frame, "again": self.random.random() < 0.5})
            await page.frame("unsubscribed")
            await self.follow(page, self.random.choice(self.positions))

    async def wait(self):
        await asyncio.sleep(self.random.choice([0.01, 0.03, 0.05]))


@pytest.mark.parametrize("seed", [1])
async def test_users_who_come_and_go_all_lists_end_in_the_same(settings, seed, wall_clock):
    settings.REALTIME = {"EVENT_LOG": MEMORY, "OFFLINE_AFTER": 0.03}
    users = [get_user_model()(pk=pk, username=f"user {pk}") for pk in range(1, 6)]
    crowd = Crowd(users, random.Random(seed))
    for _ in range(40):
        await crowd.step()
    there = {page.me for page in crowd.pages}
    while True:
        lists = [await page.presence("cafe.1", there, timeout=3) for page in crowd.pages]
        server = [present.as_member() for present in await apresence("cafe.1")]
        if all(one == server for one in lists):
            break
        await crowd.wait()
    for page in crowd.pages:
        await page.close()


async def test_a_refusal_is_an_error(alice):
    async with open_for(alice) as socket:
        await socket.subscribe("cafe.1")
        with pytest.raises(RealtimeError) as error:
            await socket.set_presence("cafe.1", {"seat": "counter"})
        assert (error.value.code, error.value.message) == ("refused", "The counter is taken.")


async def test_who_does_not_come_is_named(alice, bob):
    async with open_for(alice) as socket:
        await socket.subscribe("cafe.1")
        await socket.presence("cafe.1", [alice])
        with pytest.raises(AssertionError, match=r"user\.2"):
            await socket.presence("cafe.1", [bob], timeout=0.01)


async def test_a_stream_without_a_list_has_none(alice):
    async with open_for(alice) as socket:
        with pytest.raises(AssertionError, match="No list"):
            await socket.presence("me", timeout=0.01)


def test_its_events_are_realtimes_own():
    with pytest.raises(ValueError, match=r"realtime\.presence"):
        publish("cafe.1", "realtime.presence", {"join": []})
