"""The layer with the lean reader beside the one of channels_redis: both on one Redis, and alone.

Each test runs a loop of its own, in real time.
"""

import asyncio
import contextlib
import os
import threading
import time

import pytest
import redis
from channels_redis.pubsub import RedisPubSubChannelLayer as ChannelsRedisLayer

from realtime.layer.link import LayerLink
from realtime.layer.redis_pubsub import RedisPubSubChannelLayer
from tests.processes.waiting import until, wait_until

pytestmark = pytest.mark.processes

LAYERS = {"new": RedisPubSubChannelLayer, "old": ChannelsRedisLayer}
OPTIONS = {
    "plain": {},
    "prefix": {"prefix": "site"},
    "json": {"serializer_format": "json"},
    "encrypted": {"symmetric_encryption_keys": ["a secret"]},
    "RESP 3": {"protocol": 3},
    "RESP 2": {"protocol": 2},
    "two shards": {},
}


def run(scenario, seconds=20):
    """Run a scenario in a loop of its own; what it leaves open is an error."""

    async def limited():
        async with asyncio.timeout(seconds):
            await scenario

    asyncio.run(limited())


@contextlib.asynccontextmanager
async def opened(*layers):
    try:
        yield
    finally:
        for layer in layers:
            await layer.flush()


async def subscribed(url, *names):
    """Wait until Redis has a subscription to each name; the layers don't wait for its word."""
    client = redis.Redis.from_url(url)
    await until(lambda: all(count for _, count in client.pubsub_numsub(*names)), 10, "subscribed")


async def next_of(layer, channel):
    async with asyncio.timeout(10):
        return await layer.receive(channel)


async def joined(layer, url, group="group"):
    channel = await layer.new_channel()
    await layer.group_add(group, channel)
    await subscribed(url, channel, f"asgi__group__{group}")
    return channel


class Linked:
    """A link that follows one group over the default layer."""

    def __init__(self):
        self.messages = asyncio.Queue()
        self.repaired = asyncio.Event()
        self.link = LayerLink(lambda: ["group"], self.messages.put_nowait, self.repaired.set)

    async def next(self):
        async with asyncio.timeout(10):
            return await self.messages.get()


@pytest.fixture
def link_settings(settings, redis_server):
    backend = "realtime.layer.redis_pubsub.RedisPubSubChannelLayer"
    config = {"hosts": [redis_server.url]}
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": backend, "CONFIG": config}}


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize(("sender", "reader"), [("old", "new"), ("new", "old"), ("new", "new")])
def test_old_and_new_layers_reach_each_other(redis_server, second_redis, sender, reader, options):
    hosts, more = [redis_server.url], dict(OPTIONS[options])
    if options == "two shards":
        hosts.append(second_redis.url)
    if "protocol" in more:
        hosts = [{"address": hosts[0], "protocol": more.pop("protocol")}]

    async def scenario():
        sending = LAYERS[sender](hosts=hosts, **more)
        reading = LAYERS[reader](hosts=hosts, **more)
        async with opened(sending, reading):
            one, other = [await reading.new_channel() for _ in range(2)]
            groups = [f"group.{number}" for number in range(8)]
            for group in groups:
                for channel in (one, other):
                    await reading.group_add(group, channel)
            await asyncio.sleep(0.2)  # A shard is not asked for its subscriptions.
            for group in groups:
                await sending.group_send(group, {"type": "for.both", "group": group, "list": [1]})
            for channel in (one, other):
                found = [await next_of(reading, channel) for _ in groups]
                assert {message["group"] for message in found} == set(groups)
                assert all(message["list"] == [1] for message in found)
                found[0]["list"].append("this reader's own")
            await reading.group_discard(groups[0], one)
            await asyncio.sleep(0.2)
            await sending.group_send(groups[0], {"type": "for.other"})
            await sending.send(one, {"type": "for.one"})
            assert (await next_of(reading, one))["type"] == "for.one"
            assert (await next_of(reading, other))["type"] == "for.other"

    run(scenario())


@pytest.mark.parametrize("sender", LAYERS)
def test_messages_come_in_order_also_when_many_are_under_way(redis_server, sender):
    async def scenario():
        layer = RedisPubSubChannelLayer(hosts=[redis_server.url])
        sending = LAYERS[sender](hosts=[redis_server.url])
        async with opened(layer, sending):
            channel = await joined(layer, redis_server.url)
            sends = [sending.group_send("group", {"n": n, "pad": "x" * 3000}) for n in range(500)]
            await asyncio.gather(*sends)
            assert [(await next_of(layer, channel))["n"] for _ in range(500)] == list(range(500))

    run(scenario())


def test_it_connects_by_all_ways_of_redis_py(guarded_redis):
    async def scenario():
        for way in ("user, password and database", "unix", "TLS", "host and port"):
            layer = RedisPubSubChannelLayer(hosts=[guarded_redis.hosts[way]])
            async with opened(layer):
                channel = await layer.new_channel()
                await layer.send(channel, {"way": way})
                assert await next_of(layer, channel) == {"way": way}
        for way, error in {"mute": "no permissions", "wrong": "invalid"}.items():
            layer = RedisPubSubChannelLayer(hosts=[guarded_redis.hosts[way]])
            async with opened(layer):
                with pytest.raises(redis.RedisError, match=error):
                    await layer.send("channel", {})

    run(scenario())


@pytest.mark.parametrize("way", ["TLS", "unix", "host and port"])
def test_messages_larger_than_the_buffer_arrive_whole(guarded_redis, way):
    pads = [os.urandom(size).hex() for size in (10, 20_000, 700_000, 33, 9_000, 65_536, 1)]

    async def scenario():
        layer = RedisPubSubChannelLayer(hosts=[guarded_redis.hosts[way]])
        async with opened(layer):
            channel = await joined(layer, guarded_redis.url)
            sends = [layer.group_send("group", {"pad": pad}) for pad in pads]
            await asyncio.gather(*sends)
            assert [(await next_of(layer, channel))["pad"] for _ in pads] == pads

    run(scenario())


def test_what_redis_refuses_is_a_line_and_reaches_those_who_listen(guarded_redis, caplog):
    async def scenario():
        layer, errors = RedisPubSubChannelLayer(hosts=[guarded_redis.hosts["mute"]]), []
        async with opened(layer):
            layer.call_on_message(await layer.new_channel(), pytest.fail, errors.append)
            await until(lambda: errors, 10, "refused")
        assert "no permissions" in str(errors[0])
        assert "channel layer refused" in caplog.text

    run(scenario())


def test_one_who_listens_gets_what_came_before_too_and_what_goes_wrong(redis_server):
    async def scenario():
        layer, found, errors = RedisPubSubChannelLayer(hosts=[redis_server.url]), [], []
        async with opened(layer):
            channel = await layer.new_channel()
            await layer.send(channel, {"n": 1})
            await until(lambda: layer.channels[channel].qsize(), 10, "queued")
            layer.call_on_message(channel, found.append, errors.append)
            assert found == [{"n": 1}]
            redis.Redis.from_url(redis_server.url).publish(channel, b"\xc1 is no msgpack")
            await layer.send(channel, {"n": 2})
            await until(lambda: len(found) == 2, 10, "listened")
            assert found[1] == {"n": 2} and len(errors) == 1
            kill_subscribers(redis_server)
            await until(lambda: len(errors) == 2, 10, "an error for the end")
            assert isinstance(errors[1], redis.ConnectionError)

    run(scenario())


def test_one_who_no_longer_receives_leaves_no_subscription(redis_server):
    async def scenario():
        layer = RedisPubSubChannelLayer(hosts=[redis_server.url])
        async with opened(layer):
            channel = await layer.new_channel()
            await subscribed(redis_server.url, channel)
            waiting = asyncio.create_task(layer.receive(channel))
            await asyncio.sleep(0)
            waiting.cancel()
            client = redis.Redis.from_url(redis_server.url)
            await until(lambda: not client.pubsub_channels(), 10, "unsubscribed")

    run(scenario())


def test_each_loop_has_connections_of_its_own_which_end_with_it(redis_server):
    host = {"address": redis_server.url, "client_name": "layer"}
    layer, client = RedisPubSubChannelLayer(hosts=[host]), redis.Redis.from_url(redis_server.url)

    def connections():
        return sum(one["name"] == "layer" for one in client.client_list())

    async def scenario():
        channel = await layer.new_channel()
        await layer.send(channel, {"n": 1})
        assert await next_of(layer, channel) == {"n": 1}
        assert connections() >= 2

    threads = [threading.Thread(target=run, args=(scenario(),)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_until(lambda: not connections(), 5, "all connections have ended")


def test_after_a_flush_it_is_like_new(redis_server):
    async def scenario():
        layer = RedisPubSubChannelLayer(hosts=[redis_server.url])
        async with opened(layer):
            await joined(layer, redis_server.url)
            await layer.flush()
            assert not layer.channels and not layer.groups
            channel = await joined(layer, redis_server.url)
            await layer.group_send("group", {"n": 1})
            assert await next_of(layer, channel) == {"n": 1}

    run(scenario())


def kill_subscribers(server):
    redis.Redis.from_url(server.url).client_kill_filter(_type="pubsub")


def restart(server):
    server.restart()


BREAKS = {"killed": kill_subscribers, "restarted": restart}


@pytest.mark.parametrize("how", BREAKS)
def test_a_channel_goes_on_after_its_connection_has_ended(redis_server, how, caplog):
    async def scenario():
        layer = RedisPubSubChannelLayer(hosts=[redis_server.url])
        async with opened(layer):
            channel = await joined(layer, redis_server.url)
            await layer.group_send("group", {"n": 1})
            await asyncio.to_thread(BREAKS[how], redis_server)
            await subscribed(redis_server.url, channel, "asgi__group__group")
            with contextlib.suppress(redis.ConnectionError):  # Some end when they are used.
                await layer.group_send("group", {"n": 2})
            await layer.group_send("group", {"n": 3})
            found = []
            while 3 not in found:
                found.append((await next_of(layer, channel))["n"])
            assert found in ([1, 2, 3], [1, 3])
        assert "channel layer connection lost" in caplog.text
        assert caplog.text.count("channel layer connected again") == 1

    run(scenario())


@pytest.mark.parametrize("how", BREAKS)
def test_a_link_says_that_messages_are_missing_and_goes_on(
    redis_server, link_settings, how, caplog
):
    async def scenario():
        linked = Linked()
        sending = ChannelsRedisLayer(hosts=[redis_server.url])
        async with opened(sending):
            await linked.link.join("group")
            await subscribed(redis_server.url, "asgi__group__group")
            await sending.group_send("group", {"n": 1})
            assert await linked.next() == {"n": 1}
            await asyncio.to_thread(BREAKS[how], redis_server)
            await linked.repaired.wait()
            sending = ChannelsRedisLayer(hosts=[redis_server.url])
            async with opened(sending):
                await sending.group_send("group", {"n": 2})
                assert await linked.next() == {"n": 2}
        assert "channel layer down reason=" in caplog.text

    run(scenario())


def test_a_link_that_redis_ends_for_reading_too_slowly_is_made_again(redis_server, link_settings):
    client = redis.Redis.from_url(redis_server.url)
    client.config_set("client-output-buffer-limit", "pubsub 100kb 100kb 1")

    async def scenario():
        linked = Linked()
        await linked.link.join("group")
        await subscribed(redis_server.url, "asgi__group__group")
        for _ in range(400):  # This loop reads nothing meanwhile.
            client.publish("asgi__group__group", b"\xa1" + b"x" * 50_000)
        await linked.repaired.wait()
        layer = RedisPubSubChannelLayer(hosts=[redis_server.url])
        async with opened(layer):
            await layer.group_send("group", {"n": "last"})
            while await linked.next() != {"n": "last"}:
                pass

    run(scenario())


def test_a_redis_that_stands_still_fails_those_who_send_in_time(redis_server):
    async def scenario():
        layer = RedisPubSubChannelLayer(
            hosts=[{"address": redis_server.url, "socket_timeout": 0.3}]
        )
        async with opened(layer):
            channel = await joined(layer, redis_server.url)
            await layer.send(channel, {"n": 1})
            redis_server.freeze()
            began = time.monotonic()
            found = await asyncio.gather(
                *(layer.send(channel, {"n": n}) for n in (2, 3)), return_exceptions=True
            )
            assert [type(error) for error in found] == [redis.TimeoutError] * 2
            assert time.monotonic() - began < 2
            redis_server.thaw()
            await layer.send(channel, {"n": 4})
            found = []
            while 4 not in found:
                found.append((await next_of(layer, channel))["n"])
            assert found[0] == 1

    run(scenario())


def test_after_a_send_that_was_given_up_the_next_has_a_new_connection(redis_server):
    layer = RedisPubSubChannelLayer(hosts=[redis_server.url])

    async def send():
        async with asyncio.timeout(0.3):
            await layer.send("channel", {})

    with asyncio.Runner() as runner:  # Nothing runs in between, as where sync code publishes.
        runner.run(send())
        redis_server.freeze()
        with pytest.raises(TimeoutError):
            runner.run(send())
        redis_server.kill()
        redis_server.start()
        runner.run(send())


def test_one_who_gives_up_sending_takes_nobody_elses_answer(redis_server):
    async def scenario():
        layer = RedisPubSubChannelLayer(hosts=[redis_server.url])
        async with opened(layer):
            channel = await joined(layer, redis_server.url)
            sends = [asyncio.create_task(layer.send(channel, {"n": n})) for n in range(3)]
            await asyncio.sleep(0)
            sends[0].cancel()
            assert await asyncio.gather(*sends[1:]) == [None, None]

    run(scenario())
