"""Broadcasts from sync code: who waits, for how long, and what a connection that ended costs."""

import asyncio
import os
import subprocess
import sys
import threading

import pytest
import redis
from channels.layers import channel_layers

from realtime.eventlog import Draft, LoggedEvent
from realtime.layer import backends, broadcast
from realtime.layer.broadcast import Broadcaster
from realtime.layer.groups import group_name
from realtime.layer.messages import ephemeral_messages, logged_messages
from realtime.layer.reading import events_in
from tests.processes.process import PROJECT
from tests.processes.waiting import wait_until
from tests.virtual_time import elapsed

FORK = """
import os, sys
import django
import redis
django.setup()
from realtime import publish

observer = redis.Redis.from_url(os.environ["REDIS_URL"])

def connections():
    return observer.info("stats")["total_connections_received"]

publish("user.1", "before", ephemeral=True)
made = connections()
observed = 0
child = os.fork()
publish("user.1", "after" if child else "child", ephemeral=True)
if not child:
    sys.exit()
assert os.waitpid(child, 0)[1] == 0
publish("user.1", "at last", ephemeral=True)
assert connections() == made + 1 + observed, "one for the child; its parent's is still there"
"""


class Layer:
    """A layer at the edge, which fails as often as it is asked to, or stands still."""

    def __init__(self):
        self.names = []
        self.errors = 0
        self.stands_still = False
        self.standing = 0

    async def group_send(self, group, message):
        if self.stands_still:
            self.standing += 1
            await asyncio.Event().wait()
        if self.errors:
            self.errors -= 1
            raise ConnectionError("it has ended")
        self.names.append(events_in(message)[0].name)


@pytest.fixture
def layer():
    layer = Layer()
    channel_layers.set("default", layer)
    return layer


@pytest.fixture
def broadcaster():
    return Broadcaster(timeout=60)


def draft(name):
    return Draft(f"id of {name}", name, "1", 0)


def send(broadcaster, name):
    broadcaster.broadcast(ephemeral_messages(["user.1"], draft(name)))


@pytest.mark.parametrize("streams", [1, 20])
def test_a_connection_that_had_ended_costs_no_logged_event(layer, broadcaster, caplog, streams):
    layer.errors = 1
    names = [f"user.{number}" for number in range(streams)]
    events = [LoggedEvent.of(draft("first"), name, "e", 1) for name in names]
    broadcaster.broadcast(logged_messages(events))
    assert layer.names == ["first"]
    assert "broadcast failed" not in caplog.text


def test_an_ephemeral_event_is_never_sent_twice(layer, broadcaster, caplog):
    layer.errors = 1
    send(broadcaster, "perhaps taken before the error")
    assert layer.names == []
    assert caplog.text.count("broadcast failed event=id of perhaps taken") == 1


def test_only_one_broadcast_waits_for_a_layer_that_stands_still(layer, broadcaster, caplog):
    broadcaster.timeout = 0.05
    layer.stands_still = True
    send(broadcaster, "lost")
    assert caplog.text.count("broadcast failed event=") == 1
    broadcaster.timeout = 60
    send(broadcaster, "left in the background")
    wait_until(lambda: layer.standing == 2, 5, "it is tried")
    layer.stands_still = False
    send(broadcaster, "the first that goes out")
    wait_until(lambda: not broadcaster.is_failing, 5, "the layer works again")
    send(broadcaster, "waited for")
    assert layer.names == ["the first that goes out", "waited for"]


class SlowLayer(Layer):
    """A layer for threads that takes a second for each message."""

    now = 0.0

    def group_send_blocking(self, group, message):
        self.now += 1
        self.names.append(group)


def test_a_layer_that_takes_long_for_many_messages_is_given_up(caplog, monkeypatch):
    layer, broadcaster = SlowLayer(), Broadcaster(timeout=2)
    channel_layers.set("default", layer)
    monkeypatch.setattr(broadcast.time, "monotonic", lambda: layer.now)
    messages = [(f"group.{n}", ephemeral_messages(["user.1"], draft("n"))[0][1]) for n in range(9)]
    broadcaster.broadcast(messages)
    assert len(layer.names) == 2
    assert caplog.text.count("broadcast failed event=id of n") == 1


def test_a_thread_behind_a_broadcast_that_failed_does_not_try_it_too(layer, broadcaster):
    broadcaster.timeout = 0.2
    layer.stands_still = True
    first = threading.Thread(target=send, args=(broadcaster, "first"))
    first.start()
    wait_until(lambda: layer.standing, 5, "it has the turn")
    broadcaster.timeout = 60
    second = threading.Thread(target=send, args=(broadcaster, "second"), daemon=True)
    second.start()
    second.join(5)
    assert not second.is_alive()
    wait_until(lambda: layer.standing == 2, 5, "it is tried in the background")


def test_an_in_memory_layer_gets_its_messages_in_the_loop_that_reads_it(broadcaster):
    async def read():
        layer = backends.own_layer()
        channel = await layer.new_channel()
        await layer.group_add(group_name("user.1"), channel)
        await asyncio.to_thread(send, broadcaster, "from a thread")
        async with asyncio.timeout(5):
            return await layer.receive(channel)

    assert asyncio.run(read())["name"] == "from a thread"


def test_a_loop_that_stands_still_is_not_waited_for(broadcaster, caplog):
    broadcaster.timeout = 0.05

    async def stand_still():
        backends.own_layer()
        publisher = threading.Thread(target=send, args=(broadcaster, "lost"))
        publisher.start()
        publisher.join(5)
        return publisher.is_alive()

    assert not asyncio.run(stand_still())
    assert "the event loop of the in-memory layer does not run" in caplog.text


async def test_async_code_sends_in_its_own_loop(layer, broadcaster):
    await broadcaster.abroadcast(ephemeral_messages(["user.1", "user.2"], draft("n")))
    assert layer.names == ["n", "n"]


async def test_a_layer_that_hangs_is_given_up(layer, broadcaster, caplog):
    layer.stands_still = True
    await broadcaster.abroadcast(ephemeral_messages(["user.1"], draft("lost")))
    assert elapsed() == pytest.approx(broadcaster.timeout)
    assert broadcaster.is_failing
    assert "broadcast failed event=id of lost layer=Layer error=TimeoutError()" in caplog.text


def test_without_a_layer_it_says_what_to_set(broadcaster, settings, caplog):
    settings.CHANNEL_LAYERS = {}
    send(broadcaster, "to nobody")
    assert "no channel layer is configured, set CHANNEL_LAYERS" in caplog.text


@pytest.mark.processes
def test_a_parent_and_its_forked_child_have_connections_of_their_own(redis_server):
    with redis.Redis.from_url(redis_server.url).pubsub(ignore_subscribe_messages=True) as listener:
        listener.psubscribe("asgi__group__realtime.*.user.1")
        listener.get_message(timeout=1)
        site = {"DJANGO_SETTINGS_MODULE": "project.settings", "REDIS_URL": redis_server.url}
        command = [sys.executable, "-c", FORK]
        subprocess.run(command, cwd=PROJECT, env=os.environ | site, check=True, timeout=20)
        messages = b"".join(listener.get_message(timeout=1)["data"] for _ in range(4))
    assert all(name in messages for name in (b"before", b"child", b"after", b"at last"))
