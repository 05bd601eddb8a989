"""A master that Redis Sentinel replaces: the log, presence, the recorder and the layer go on."""

import asyncio

import pytest
import redis
from channels.layers import get_channel_layer
from django.core.exceptions import ImproperlyConfigured

from realtime.eventlog.redis import RedisEventLog
from realtime.eventlog.redis_clients import RedisClients
from realtime.layer.link import LayerLink
from realtime.recorder.redis import RedisRecorder
from realtime.roster.redis import RedisPresence
from tests.processes.process import free_port
from tests.processes.redis_cluster import Sentinel
from tests.processes.redis_server import RedisServer
from tests.processes.waiting import until, wait_until
from tests.realtime.eventlog.contract import draft, names, offsets, position, publish

LAYER = "realtime.layer.redis_pubsub.RedisPubSubChannelLayer"
URL = "redis://main/0"


class Watched:
    """A master with a replica, and the Sentinel that watches both."""

    def __init__(self, directory):
        places = [directory / name for name in ("master", "replica")]
        for place in places:
            place.mkdir()
        self.master, self.replica = (RedisServer(one, repl_diskless_sync_delay=0) for one in places)
        self.sentinel = Sentinel(directory, self.master, free_port())
        self.addresses = [("127.0.0.1", self.sentinel.port)]

    def start(self):
        self.master.start()
        self.replica.start()
        with redis.Redis.from_url(self.replica.url) as client:
            client.replicaof("127.0.0.1", self.master.port)
        wait_until(self.is_replicated, 10, "the replica follows")
        self.sentinel.start()
        wait_until(self.sentinel.knows_a_replica, 10, "the sentinel knows the replica")

    def is_replicated(self):
        with redis.Redis.from_url(self.master.url) as client:
            return client.wait(1, 10) == 1

    def part(self):
        """Have the master write what the replica never gets."""
        self.replica.freeze()
        with redis.Redis.from_url(self.master.url) as client:
            client.client_kill_filter(_type="replica")

    def kill(self):
        for process in (self.sentinel, self.master, self.replica):
            process.kill()


@pytest.fixture
def watched(tmp_path):
    watched = Watched(tmp_path)
    try:
        watched.start()
        yield watched
    finally:
        watched.kill()


@pytest.mark.processes
def test_after_a_failover_what_was_replicated_is_there_and_what_was_not_is_noticed(
    watched, settings
):
    options = {"sentinels": watched.addresses}
    config = {"hosts": [{**options, "master_name": "main"}]}
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": LAYER, "CONFIG": config}}
    log = RedisEventLog(URL, **options)
    publish(log, "user.1", name="kept")
    get_channel_layer().group_send_blocking("group", {"type": "to nobody"})
    wait_until(watched.is_replicated, 10, "the replica has it")
    before, cursor = position(log, "user.1"), log.moved(None, 10).cursor
    assert log.moved(cursor, 10).positions == {}

    async def fail_over():
        messages, repaired = asyncio.Queue(), asyncio.Event()
        link = LayerLink(lambda: ["group"], messages.put_nowait, repaired.set)
        await link.join("group")
        watched.part()
        await asyncio.to_thread(publish, log, "user.1", name="lost")
        watched.master.kill()
        watched.replica.thaw()
        await until(lambda: publishes(log), 20, "the replica is the master")
        await asyncio.wait_for(repaired.wait(), 20)
        await get_channel_layer().group_send("group", {"type": "n"})
        assert await asyncio.wait_for(messages.get(), 10) == {"type": "n"}
        await asyncio.to_thread(get_channel_layer().group_send_blocking, "group", {"type": "t"})
        assert await asyncio.wait_for(messages.get(), 10) == {"type": "t"}
        await log.append_in_loop([(["user.1"], draft(name="async"))], nothing)
        await get_channel_layer().flush()

    asyncio.run(fail_over())
    assert names(log, "user.1") == ["kept", "new", "async"]
    assert offsets(log, "user.1") == [1, 2, 3]
    assert position(log, "user.1").epoch == before.epoch
    assert log.moved(cursor, 10).positions is None, "all streams are compared, so this is found"
    assert RedisPresence(URL, **options).present(["user.1"]) == {"user.1": []}
    assert list(RedisRecorder(URL, **options).processes(0)) == []


def publishes(log):
    try:
        return publish(log, "user.1", name="new", key="once")
    except redis.RedisError:
        return False


async def nothing(events):
    pass


def test_a_master_without_a_name_is_refused():
    with pytest.raises(ImproperlyConfigured, match="has none"):
        RedisClients("redis:///0", [("127.0.0.1", 1)]).for_threads()


def test_the_rest_of_the_url_holds_for_the_master():
    client = RedisClients("redis://user:secret@main/3", [("127.0.0.1", 1)]).for_threads()
    kept = client.connection_pool.connection_kwargs
    assert (kept["username"], kept["password"], kept["db"]) == ("user", "secret", 3)
    assert client.connection_pool.service_name == "main"


def test_a_master_is_reached_over_tls_too():
    clients = RedisClients("rediss://main/0", [("127.0.0.1", 1)])
    for client in (clients.for_threads(), clients.for_loop()):
        connection = client.connection_pool.make_connection()
        assert type(connection).__name__ == "SentinelManagedSSLConnection"


@pytest.mark.parametrize("sentinels", [[], ["10.0.0.1:26379"], ("10.0.0.1", 26379)])
def test_what_is_no_list_of_addresses_is_refused(sentinels):
    with pytest.raises(ImproperlyConfigured, match="pairs of a host and a port"):
        RedisClients(URL, sentinels).for_threads()
