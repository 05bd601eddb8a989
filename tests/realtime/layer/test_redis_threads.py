"""Publishing to Redis from threads: by all ways to connect, and over connections that end."""

import asyncio
import contextlib
import os
import signal
import threading
import time

import pytest
import redis

from realtime.eventlog import LoggedEvent
from realtime.layer import redis_threads
from realtime.layer.broadcast import Broadcaster
from realtime.layer.messages import ephemeral_messages, logged_messages
from realtime.layer.redis_pubsub import RedisPubSubChannelLayer
from tests.processes.waiting import wait_until
from tests.realtime.layer.test_broadcast import draft
from tests.realtime.layer.test_redis_pubsub import (
    LAYERS,
    OPTIONS,
    link_settings,
    next_of,
    opened,
    run,
)

pytestmark = pytest.mark.processes

assert link_settings


@contextlib.contextmanager
def listening(server, name):
    """Subscribe to a channel of Redis; yields what returns the next message's data."""
    with redis.Redis.from_url(server.url).pubsub(ignore_subscribe_messages=True) as listener:
        listener.psubscribe(name)
        listener.get_message(timeout=5)
        yield lambda: listener.get_message(timeout=5)["data"]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("reader", LAYERS)
def test_each_layer_gets_what_a_thread_sends(redis_server, second_redis, reader, options):
    hosts, more = [redis_server.url], dict(OPTIONS[options])
    if options == "two shards":
        hosts.append(second_redis.url)
    if "protocol" in more:
        hosts = [{"address": hosts[0], "protocol": more.pop("protocol")}]
    sending = RedisPubSubChannelLayer(hosts=hosts, **more)
    groups = [f"group.{number}" for number in range(8)]

    async def scenario():
        reading = LAYERS[reader](hosts=hosts, **more)
        async with opened(reading):
            channel = await reading.new_channel()
            for group in groups:
                await reading.group_add(group, channel)
            await asyncio.sleep(0.2)  # A shard is not asked for its subscriptions.
            for group in groups:
                sending.group_send_blocking(group, {"group": group, "list": [1]})
            found = [await next_of(reading, channel) for _ in groups]
            assert {message["group"] for message in found} == set(groups)

    run(scenario())


@pytest.mark.parametrize("layer", ["realtime.layer.redis_pubsub", "channels_redis.pubsub"])
def test_sync_code_broadcasts_over_either_layer(redis_server, settings, layer):
    backend, config = f"{layer}.RedisPubSubChannelLayer", {"hosts": [redis_server.url]}
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": backend, "CONFIG": config}}
    with listening(redis_server, "asgi__group__realtime.*.user.1") as next_data:
        Broadcaster().broadcast(ephemeral_messages(["user.1"], draft("sent")))
        assert b"sent" in next_data()


def test_hosts_that_are_no_list_are_a_line_of_the_log_as_with_the_other_layer(settings, caplog):
    backend = "realtime.layer.redis_pubsub.RedisPubSubChannelLayer"
    config = {"hosts": "redis://localhost"}
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": backend, "CONFIG": config}}
    Broadcaster().broadcast(ephemeral_messages(["user.1"], draft("lost")))
    assert "broadcast failed event=id of lost" in caplog.text
    assert "You must pass a list of Redis hosts" in caplog.text


@pytest.mark.parametrize("way", ["user, password and database", "unix", "TLS", "host and port"])
def test_it_connects_by_all_ways_of_redis_py(guarded_redis, way):
    layer = RedisPubSubChannelLayer(hosts=[guarded_redis.hosts[way]])
    with listening(guarded_redis, "asgi__group__group") as next_data:
        layer.group_send_blocking("group", {"way": way})
        assert layer.deserialize(next_data()) == {"way": way}


class OwnConnection(redis.asyncio.Connection):
    """One that a project has made."""


@pytest.mark.parametrize("kind", [redis.asyncio.Connection, OwnConnection])
def test_a_class_of_connections_for_loops_is_that_of_the_same_name(guarded_redis, kind):
    host = {"address": guarded_redis.url, "connection_class": kind}
    layer = RedisPubSubChannelLayer(hosts=[host])
    with listening(guarded_redis, "asgi__group__group") as next_data:
        layer.group_send_blocking("group", {})
        assert layer.deserialize(next_data()) == {}


def test_classes_of_connections_to_masters_are_those_for_threads():
    for name in ("SentinelManagedConnection", "SentinelManagedSSLConnection"):
        kind = getattr(redis.asyncio.sentinel, name)
        host = {"master_name": "main", "sentinels": [("127.0.0.1", 1)], "connection_class": kind}
        layer = RedisPubSubChannelLayer(hosts=[host])
        with pytest.raises(redis.sentinel.MasterNotFoundError):
            layer.group_send_blocking("group", {})


@pytest.mark.parametrize(("way", "error"), [("mute", "no permissions"), ("wrong", "invalid")])
def test_what_redis_refuses_is_raised(guarded_redis, way, error):
    layer = RedisPubSubChannelLayer(hosts=[guarded_redis.hosts[way]])
    with pytest.raises(redis.RedisError, match=error):
        layer.group_send_blocking("group", {})


def connections(server):
    clients = redis.Redis.from_url(server.url).client_list()
    return [one["id"] for one in clients if one["name"] == "layer"]


def named_layer(server, **options):
    host = {"address": server.url, "client_name": "layer", **options}
    return RedisPubSubChannelLayer(hosts=[host])


def test_threads_share_connections_as_many_as_send_at_the_same_moment(redis_server):
    layer = named_layer(redis_server, max_connections=1)

    def send(times=1):
        for _ in range(times):
            layer.group_send_blocking("group", {})

    for _ in range(3):
        thread = threading.Thread(target=send)
        thread.start()
        thread.join()
    assert len(connections(redis_server)) == 1
    threads = [threading.Thread(target=send, args=(200,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 <= len(connections(redis_server)) <= 4


def test_connections_that_are_used_no_more_are_closed(redis_server):
    layer = named_layer(redis_server)
    layer.group_send_blocking("group", {})
    [publisher] = [shard.for_threads for shard in layer._for_threads._shards]
    taken = [publisher._take() for _ in range(4)]
    assert len(connections(redis_server)) == 4
    for one in taken:
        publisher._give_back(one, time.monotonic() - redis_threads.KEEP_FOR)
    for _ in range(4):
        layer.group_send_blocking("group", {})
    wait_until(lambda: len(connections(redis_server)) == 1, 5, "one is left")


def test_many_threads_may_wait_for_redis_at_the_same_moment(redis_server):
    layer, errors = RedisPubSubChannelLayer(hosts=[f"{redis_server.url}?max_connections=1"]), []

    def send():
        try:
            layer.group_send_blocking("group", {})
        except redis.RedisError as error:
            errors.append(error)

    threads = [threading.Thread(target=send) for _ in range(120)]
    redis_server.freeze()
    for thread in threads:
        thread.start()
    redis_server.thaw()
    for thread in threads:
        thread.join()
    assert not errors


def test_after_a_restart_only_the_first_connection_that_had_ended_is_an_error(redis_server):
    layer = named_layer(redis_server)
    [publisher] = [shard.for_threads for shard in layer._for_threads._shards]
    taken = [publisher._take() for _ in range(4)]
    redis_server.restart()
    publisher._unused += [(one, time.monotonic()) for one in taken]
    with pytest.raises(redis.ConnectionError):
        layer.group_send_blocking("group", {})
    for _ in range(4):
        layer.group_send_blocking("group", {})


def test_a_sentinel_that_stands_still_is_not_waited_for_long(redis_server, monkeypatch):
    monkeypatch.setattr(redis_threads, "ANSWER_WITHIN", 0.2)
    host = {"master_name": "main", "sentinels": [("127.0.0.1", redis_server.port)]}
    layer = RedisPubSubChannelLayer(hosts=[host])
    redis_server.freeze()
    began = time.monotonic()
    with pytest.raises(redis.RedisError):
        layer.group_send_blocking("group", {})
    assert time.monotonic() - began < 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs forks")
def test_a_fork_while_another_thread_connects_leaves_the_child_no_lock(redis_server):
    layer = named_layer(redis_server)
    layer.group_send_blocking("group", {})
    [publisher] = [shard.for_threads for shard in layer._for_threads._shards]
    with held_elsewhere(publisher._pool._lock):
        child = os.fork()
        if child == 0:
            signal.alarm(5)
            try:
                layer.group_send_blocking("group", {})
                os._exit(0)
            finally:
                os._exit(1)
    assert os.waitpid(child, 0)[1] == 0


@contextlib.contextmanager
def held_elsewhere(lock):
    """Have another thread hold a lock."""
    held, end = threading.Event(), threading.Event()

    def hold():
        with lock:
            held.set()
            end.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    try:
        yield
    finally:
        end.set()
        thread.join()


def test_an_unused_connection_that_has_ended_costs_no_event(redis_server, monkeypatch):
    monkeypatch.setattr(redis_threads, "FRESH_FOR", 0.0)
    layer = named_layer(redis_server)
    with listening(redis_server, "asgi__group__group") as next_data:
        layer.group_send_blocking("group", {"n": 1})
        [first] = connections(redis_server)
        redis.Redis.from_url(redis_server.url).client_kill_filter(_id=first)
        layer.group_send_blocking("group", {"n": 2})
        assert [layer.deserialize(next_data())["n"] for _ in range(2)] == [1, 2]
    assert connections(redis_server) != [first]


def test_a_connection_that_ends_in_use_is_an_error_and_the_next_one_works(redis_server):
    layer = named_layer(redis_server)
    layer.group_send_blocking("group", {"n": 1})
    redis_server.restart()
    with contextlib.suppress(redis.ConnectionError):
        layer.group_send_blocking("group", {"n": 2})
    with listening(redis_server, "asgi__group__group") as next_data:
        layer.group_send_blocking("group", {"n": 3})
        assert layer.deserialize(next_data()) == {"n": 3}


@pytest.mark.parametrize("kind", ["logged", "ephemeral"])
def test_a_redis_that_stands_still_is_waited_for_once(
    redis_server, link_settings, monkeypatch, caplog, kind
):
    monkeypatch.setattr(redis_threads, "ANSWER_WITHIN", 0.2)
    broadcaster = Broadcaster(timeout=0.2)

    def send(name):
        if kind == "logged":
            broadcaster.broadcast(logged_messages([LoggedEvent.of(draft(name), "user.1", "e", 1)]))
        else:
            broadcaster.broadcast(ephemeral_messages(["user.1"], draft(name)))

    with listening(redis_server, "asgi__group__realtime.*.user.1") as next_data:
        send("before")
        assert b"before" in next_data()
        redis_server.freeze()
        send("perhaps lost")
        assert caplog.text.count("broadcast failed event=id of perhaps lost") == 1
        assert "broadcast repeated" not in caplog.text
        assert broadcaster.is_failing
        broadcaster.timeout = 20
        send("left in the background")
        redis_server.thaw()
        wait_until(lambda: not broadcaster.is_failing, 10, "the layer works again")
        send("waited for")
        while b"waited for" not in next_data():
            pass


def test_a_logged_event_is_sent_again_where_its_connection_has_ended(
    redis_server, link_settings, caplog
):
    caplog.set_level("INFO", "realtime")
    broadcaster = Broadcaster()
    with listening(redis_server, "asgi__group__realtime.*.user.1") as next_data:
        for name in ("first", "second"):
            event = LoggedEvent.of(draft(name), "user.1", "e", 1)
            broadcaster.broadcast(logged_messages([event]))
            assert name.encode() in next_data()
            redis.Redis.from_url(redis_server.url).client_kill_filter(_type="normal", skipme=True)
    assert "broadcast repeated event=id of second" in caplog.text
    assert "broadcast failed" not in caplog.text
