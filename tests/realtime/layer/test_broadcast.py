"""Ringing from sync code: who waits, for how long, and what a connection that ended costs."""

import asyncio
import os
import subprocess
import sys
import threading

import pytest
import redis

from realtime import publish
from realtime.layer import broadcast as ring
from tests.processes.process import PROJECT
from tests.processes.waiting import wait_until

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
child = os.fork()
publish("user.1", "after" if child else "child", ephemeral=True)
if not child:
    sys.exit()
assert os.waitpid(child, 0)[1] == 0
publish("user.1", "at last", ephemeral=True)
assert connections() >= made + 2, "one for the child, and a new one for its parent"
"""


class Layer:
    """A layer at the edge, which fails as often as it is told, or stands still."""

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
        self.names.append(message.get("events", [message])[0]["name"])


@pytest.fixture
def layer(monkeypatch):
    layer = Layer()
    monkeypatch.setattr(ring, "get_channel_layer", lambda: layer)
    monkeypatch.setattr(ring, "_failing", False)
    return layer


def say(name):
    publish("user.1", name, ephemeral=True)


@pytest.mark.parametrize("streams", ["user.1", [f"user.{number}" for number in range(20)]])
def test_a_connection_that_had_ended_costs_no_ring_of_a_logged_event(layer, caplog, streams):
    layer.errors = 1
    publish(streams, "first")
    assert layer.names == ["first"]
    assert "ring failed" not in caplog.text


def test_an_ephemeral_event_is_never_sent_twice(layer, caplog):
    layer.errors = 1
    say("perhaps taken before the error")
    assert layer.names == []
    assert caplog.text.count("ring failed event=") == 1


def test_only_one_ring_waits_for_a_layer_that_stands_still(layer, monkeypatch, caplog):
    monkeypatch.setattr(ring, "RING_TIMEOUT", 0.05)
    layer.stands_still = True
    say("lost")
    assert caplog.text.count("ring failed event=") == 1
    monkeypatch.setattr(ring, "RING_TIMEOUT", 60)
    say("left in the background")
    wait_until(lambda: layer.standing == 2, 5, "it is tried")
    layer.stands_still = False
    say("the first that goes out")
    wait_until(lambda: not ring._failing, 5, "the layer works again")
    say("waited for")
    assert layer.names == ["the first that goes out", "waited for"]


def test_who_waited_behind_a_ring_that_failed_does_not_try_it_too(layer, monkeypatch):
    layer.stands_still = True
    monkeypatch.setattr(ring, "RING_TIMEOUT", 0.2)
    first = threading.Thread(target=say, args=("first",))
    first.start()
    wait_until(lambda: layer.standing, 5, "it has the turn")
    monkeypatch.setattr(ring, "RING_TIMEOUT", 60)
    second = threading.Thread(target=say, args=("second",), daemon=True)
    second.start()
    second.join(5)
    assert not second.is_alive()


@pytest.mark.processes
def test_a_parent_and_its_forked_child_have_connections_of_their_own(redis_server):
    with redis.Redis.from_url(redis_server.url).pubsub(ignore_subscribe_messages=True) as heard:
        heard.subscribe("asgi__group__realtime.user.1")
        heard.get_message(timeout=1)
        site = {"DJANGO_SETTINGS_MODULE": "project.settings", "REDIS_URL": redis_server.url}
        command = [sys.executable, "-c", FORK]
        subprocess.run(command, cwd=PROJECT, env=os.environ | site, check=True, timeout=20)
        messages = b"".join(heard.get_message(timeout=1)["data"] for _ in range(4))
    assert all(name in messages for name in (b"before", b"child", b"after", b"at last"))
