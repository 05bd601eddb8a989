"""A layer on two Redis servers: the links to them know nothing of each other."""

import asyncio

import pytest
import redis
from channels.layers import get_channel_layer

from realtime.layer import backends
from realtime.layer.link import LayerLink
from realtime.layer.shards import ShardedLink, link_to_layer
from tests.processes.redis_server import RedisServer
from tests.processes.waiting import until

LAYERS = {
    "leaner": "realtime.layer.redis_pubsub.RedisPubSubChannelLayer",
    "channels_redis": "channels_redis.pubsub.RedisPubSubChannelLayer",
}
GROUPS = [f"realtime.site.room.{number}" for number in range(12)]


@pytest.fixture
def servers(tmp_path):
    found = []
    for number in range(2):
        directory = tmp_path / str(number)
        directory.mkdir()
        found.append(RedisServer(directory))
    for server in found:
        server.start()
    yield found
    for server in found:
        server.kill()


@pytest.fixture(params=LAYERS)
def configured(request, settings, servers):
    config = {"hosts": [server.url for server in servers]}
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": LAYERS[request.param], "CONFIG": config}}


class Linked:
    """A link that is a member of all groups, and what it has taken."""

    def __init__(self):
        self.taken = []
        self.repairs = 0
        self.link = link_to_layer(lambda: GROUPS, self.take, self.repair)

    def take(self, message):
        self.taken.append(message["group"])

    def repair(self):
        self.repairs += 1

    async def gets(self, groups):
        """Tell whether a message to each of these groups arrives."""
        self.taken.clear()
        for group in groups:
            message = {"type": "n", "group": group}
            try:
                await get_channel_layer().group_send(group, message)
            except redis.ConnectionError:  # An ended connection is found when it is used.
                await get_channel_layer().group_send(group, message)
        await until(lambda: len(self.taken) >= len(groups), 5, "all have come")
        return sorted(self.taken) == sorted(groups)

    async def close(self):
        for link in self.link._links:
            link._task.cancel()
            await asyncio.wait({link._task})
            await asyncio.gather(*link._dropping)
        await get_channel_layer().flush()


ENDS = {
    "dies": (RedisServer.kill, RedisServer.start),
    "freezes": (RedisServer.freeze, RedisServer.thaw),
}


@pytest.mark.processes
@pytest.mark.parametrize("how", ENDS)
def test_the_end_of_one_server_silences_its_streams_alone(configured, servers, how, monkeypatch):
    monkeypatch.setattr("realtime.layer.link.PROBE_INTERVAL", 0.5)
    monkeypatch.setattr("realtime.layer.link.ANSWER_WITHIN", 1.0)
    end, heal = ENDS[how]

    async def scenario():
        linked = Linked()
        first, second = ([g for g in GROUPS if backends.shard_of(g) == n] for n in (0, 1))
        assert first and second
        await until(lambda: linked.link.is_up, 10, "both are linked")
        assert await linked.gets(GROUPS)
        end(servers[1])
        await until(lambda: linked.link.is_up is False, 15, "one is missed")
        assert await linked.gets(first)
        heal(servers[1])
        await until(lambda: linked.link.is_up, 15, "both are linked again")
        assert linked.repairs == 1
        assert await linked.gets(GROUPS)
        await linked.close()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("layer", "count"),
    [
        ({"BACKEND": LAYERS["leaner"], "CONFIG": {"hosts": ["redis://a", "redis://b"]}}, 2),
        ({"BACKEND": LAYERS["leaner"], "CONFIG": {"hosts": ["redis://a"]}}, 1),
        ({"BACKEND": LAYERS["leaner"], "CONFIG": {"hosts": "redis://a"}}, 1),
        ({"BACKEND": LAYERS["leaner"]}, 1),
        ({"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": {"hosts": ["a", "b"]}}, 1),
        ({"BACKEND": "channels.layers.InMemoryChannelLayer"}, 1),
    ],
)
def test_there_is_a_link_to_each_server_of_a_pub_sub_layer(settings, layer, count):
    settings.CHANNEL_LAYERS = {"default": layer}
    assert backends.shards() == count


async def test_a_layer_on_one_server_has_one_link():
    link = link_to_layer(lambda: [], lambda message: None, lambda: None)
    assert isinstance(link, LayerLink)
    link._task.cancel()


class State:
    def __init__(self, is_up):
        self.is_up = is_up


@pytest.mark.parametrize(
    ("states", "is_up"),
    [([True, True], True), ([True, False], False), ([None, False], False), ([True, None], None)],
)
def test_it_is_up_when_all_are(states, is_up):
    link = ShardedLink.__new__(ShardedLink)
    link._links = [State(one) for one in states]
    assert link.is_up is is_up
