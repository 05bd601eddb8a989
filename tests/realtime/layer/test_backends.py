"""What differs between channel layers: instances, home loops, complaints, how each is closed."""

import asyncio
import logging

import pytest
import redis
from channels.layers import InMemoryChannelLayer, get_channel_layer
from channels_redis.core import RedisChannelLayer
from channels_redis.pubsub import RedisPubSubChannelLayer

from realtime.exceptions import LinkFault
from realtime.layer import backends, postgres_loop
from realtime.layer.postgres import PostgresChannelLayer
from realtime.layer.redis_pubsub import RedisPubSubChannelLayer as LeanLayer
from tests.realtime.layer.broker import Layer

IN_MEMORY = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}


async def test_a_link_gets_an_instance_of_its_own(broker):
    own = backends.own_layer()
    assert isinstance(own, Layer)
    assert own is not get_channel_layer() and own is not backends.own_layer()


async def test_an_in_memory_layer_is_shared_since_it_is_one_with_its_messages(settings):
    settings.CHANNEL_LAYERS = IN_MEMORY
    assert backends.own_layer() is get_channel_layer()


async def test_without_a_layer_there_is_none_to_take(settings):
    settings.CHANNEL_LAYERS = {}
    with pytest.raises(LinkFault, match="set CHANNEL_LAYERS"):
        backends.own_layer()


async def test_messages_of_an_in_memory_layer_are_sent_in_the_loop_that_reads_it(settings):
    settings.CHANNEL_LAYERS = IN_MEMORY
    layer = backends.own_layer()
    assert backends.home_loop(layer) is asyncio.get_running_loop()


def test_a_loop_that_has_ended_is_no_home(settings):
    settings.CHANNEL_LAYERS = IN_MEMORY

    async def take():
        return backends.own_layer()

    assert backends.home_loop(asyncio.run(take())) is None


async def test_other_layers_send_from_any_loop(broker):
    assert backends.home_loop(backends.own_layer()) is None


async def test_only_the_end_of_a_wait_is_no_fault_of_the_reader():
    assert backends.is_receive_timeout(TimeoutError())
    assert not backends.is_receive_timeout(ConnectionError())


async def test_what_could_not_be_decoded_is_no_connection_that_ended():
    for error in (
        ValueError(),
        TypeError(),
        RecursionError(),
        UnicodeDecodeError("u", b"", 0, 0, ""),
    ):
        assert backends.is_unreadable(error)
    for error in (ConnectionError(), OSError(), redis.ConnectionError(), redis.ResponseError()):
        assert not backends.is_unreadable(error)


async def test_a_layer_is_closed_without_deleting_anyones_groups(broker):
    with_pools = RedisChannelLayer(hosts=["redis://localhost:1"])
    pubsub = RedisPubSubChannelLayer(hosts=["redis://localhost:1"])
    assert backends.closing_of(with_pools) == with_pools.close_pools
    assert backends.closing_of(pubsub).args == pubsub.flush.args  # Another object at each access.
    postgres = PostgresChannelLayer()
    assert backends.closing_of(postgres) == postgres.close_connections
    assert backends.closing_of(InMemoryChannelLayer()) is None


@pytest.fixture
def layers_logger(broker):
    backends.watch_complaints_of(Layer(broker))
    return logging.getLogger(Layer.__module__)


@pytest.fixture
def complaints():
    """Take the errors that are logged in this test for complaints of a layer."""
    found = []
    token = backends.on_complaint.set(found.append)
    yield found
    backends.on_complaint.reset(token)


def test_an_error_that_the_layer_logs_inside_a_link_is_a_complaint(
    layers_logger, complaints, caplog
):
    layers_logger.error("lost %s", "it", exc_info=OSError("gone"))
    layers_logger.error("lost", exc_info=redis.ConnectionError("refused"))
    layers_logger.error("without an error")
    layers_logger.warning("no more than a warning")
    lost = ["lost it OSError('gone')", "lost ConnectionError('refused')"]
    assert complaints == [*lost, "without an error None"]
    assert caplog.messages == ["no more than a warning"]


def test_so_is_one_that_another_module_logs_for_the_layer(complaints, caplog):
    backends.watch_complaints_of(PostgresChannelLayer())
    postgres_loop.logger.error("connection lost")
    assert (complaints, caplog.messages) == (["connection lost None"], [])


def test_outside_of_a_link_a_layer_logs_as_ever(layers_logger, caplog):
    layers_logger.error("lost it")
    assert caplog.messages == ["lost it"]


def test_a_layer_sends_in_any_thread_unless_a_subclass_has_a_way_of_its_own():
    class Other(LeanLayer):
        prefix = "other"

    class Own(LeanLayer):
        async def group_send(self, group, message):
            await self._get_layer().group_send(group, {**message, "signed": True})

    for kind in (LeanLayer, Other):
        layer = kind(hosts=["redis://localhost:1"])
        assert backends.blocking_group_send_of(layer) == layer.group_send_blocking
    assert backends.blocking_group_send_of(Own(hosts=["redis://localhost:1"])) is None
    assert backends.blocking_group_send_of(RedisPubSubChannelLayer()) is None
