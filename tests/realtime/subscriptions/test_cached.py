"""A subscription to a stream of which the newest event alone counts."""

import asyncio

import pytest

from realtime.fanout.hub import Hub
from realtime.protocol.position import NOWHERE
from realtime.protocol.rules import Rules
from realtime.subscriptions.cached import CachedSubscription
from tests.virtual_time import settle

STREAM = "thing.1"


@pytest.fixture
async def subscription(client, stream, hub):
    return CachedSubscription(client.socket, stream, hub, Rules())


async def test_who_comes_gets_the_newest_event(subscription, client, log, publish):
    log.write(STREAM, 1, 2, 3)
    await subscription.start(None, None)
    await settle()
    await publish(STREAM, 4)
    assert client.replayed == [3]
    assert client.data == [3, 4]
    assert client.position() == 4


async def test_who_comes_to_nothing_gets_what_is_published(subscription, client, publish):
    await subscription.start(None, None)
    assert client.position() == 0
    await publish(STREAM, 1)
    assert client.data == [1]


async def test_who_comes_back_gets_the_newest_of_what_was_missed(subscription, client, log):
    log.write(STREAM, *range(1, 9))
    await subscription.start(log.top(STREAM)._replace(offset=3), None)
    await settle()
    assert client.frames[0]["recovered"] is True
    assert client.data == [8]
    assert client.position(resumed_from=3) == 8


async def test_who_has_the_newest_gets_nothing(subscription, client, log):
    log.write(STREAM, 1, 2)
    await subscription.start(log.top(STREAM), None)
    await settle()
    assert client.types == ["subscribed"]


async def test_what_is_gone_keeps_nobody_from_the_newest(subscription, client, log):
    log.write(STREAM, 1, 2, 3, 4)
    for offset in (1, 2, 3):
        log.lose(STREAM, offset)
    await subscription.start(log.start(STREAM), None)
    await settle()
    assert client.data == [4]
    assert client.position(resumed_from=0) == 4


async def test_a_newest_event_that_is_gone_is_done_without(subscription, client, log, publish):
    log.write(STREAM, 1, 2)
    for offset in (1, 2):
        log.lose(STREAM, offset)
    await subscription.start(None, None)
    await settle()
    assert client.data == []
    assert client.position() == 2
    await publish(STREAM, 3)
    assert client.data == [3]


async def test_broadcasts_that_were_lost_cost_no_reset(subscription, client, log, hub, publish):
    await subscription.start(None, None)
    await publish(STREAM, 1)
    log.write(STREAM, 2, 3, 4)
    for offset in (1, 2, 3):
        log.lose(STREAM, offset)
    await hub.check()
    await settle()
    assert client.data == [1, 4]
    assert "reset" not in client.types
    await publish(STREAM, 5)
    assert client.position() == 5


async def test_a_new_epoch_is_a_reset(subscription, client, log, hub, publish):
    await subscription.start(None, None)
    await publish(STREAM, "old")
    log.forget(STREAM)
    await publish(STREAM, "new")
    await hub.check()
    await asyncio.sleep(1)
    assert "reset" in client.types
    assert client.position() == 1


async def test_a_position_of_another_epoch_begins_with_the_newest(subscription, client, log):
    log.write(STREAM, 1, 2)
    await subscription.start(log.top(STREAM)._replace(epoch="another"), None)
    await settle()
    assert client.frames[0]["recovered"] is False
    assert client.data == [2]


async def test_without_a_log_there_is_nothing_to_begin_with(
    settings, client, stream, publish_ephemeral
):
    settings.REALTIME = {"EVENT_LOG": None}
    subscription = CachedSubscription(client.socket, stream, Hub(), Rules())
    await subscription.start(NOWHERE, None)
    await publish_ephemeral(STREAM, "typing")
    assert client.frames[0]["recovered"] is False
    assert client.data == ["typing"]
