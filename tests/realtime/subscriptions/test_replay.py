"""A replay from the log, over a socket that is full early: its pace, and how it ends."""

import asyncio

import pytest

from realtime.eventlog import event_log
from realtime.fanout.log_reader import PAGE_SIZE
from realtime.protocol.close_codes import CloseCode
from realtime.subscriptions.follower import LAG
from tests.virtual_time import settle

STREAM = "thing.1"
LIMIT = 4096
"""Bytes in flight."""
LONG_TEXT = "x" * (LIMIT // 3)


@pytest.fixture
def log(settings, log):
    settings.REALTIME = {**settings.REALTIME, "MAX_IN_FLIGHT_BYTES": LIMIT}
    return event_log()


@pytest.fixture
async def replaying(subscription, client, log):
    """A subscription in the midst of a replay of ten large events."""
    log.write(STREAM, *(f"{number}{LONG_TEXT}" for number in range(10)))
    client.reads = False
    await subscription.start(log.start(STREAM), None)
    await settle()
    assert 0 < len(client.data) < 10
    return subscription


async def test_it_goes_at_the_pace_of_the_client(replaying, client, publish):
    client.read_on()
    await settle()
    await publish(STREAM, "live")
    assert [one[0] for one in client.data] == [*"0123456789", "l"]
    assert len(client.replayed) == 10


async def test_what_is_published_meanwhile_is_replayed_too(replaying, client, publish):
    await publish(STREAM, "meanwhile")
    client.read_on()
    await settle()
    assert client.replayed[10:] == ["meanwhile"]


async def test_ephemeral_events_are_held_until_it_is_live(replaying, client, publish_ephemeral):
    await publish_ephemeral(STREAM, "typing")
    client.read_on()
    await settle()
    assert len(client.data) == 11 and client.data[-1] == "typing"


async def test_after_a_reset_nothing_old_comes(replaying, client, stream, hub, log, publish):
    before = len(client.data)
    stream.picture = "new"
    log.forget(STREAM)
    await hub.check()
    client.read_on()
    await settle()
    await publish(STREAM, "live")
    assert client.data[before:] == ["live"]
    assert client.types[-2:] == ["reset", "event"]
    assert client.frames[-2]["snapshot"] == "new"


async def test_it_stops_when_the_socket_ends(replaying, client, log):
    before = len(client.frames)
    log.requests.clear()
    client.socket.disconnected()
    client.read_on()
    await asyncio.sleep(5)
    assert len(client.frames) == before
    assert log.asked("read") == []


async def test_it_stops_when_the_subscription_ends(replaying, client, publish):
    before = len(client.frames)
    replaying.end()
    client.read_on()
    await publish(STREAM, "more")
    assert len(client.frames) == before


async def test_a_client_that_never_reads_is_sent_away(replaying, client):
    await asyncio.sleep(60)
    assert client.code in (CloseCode.STALE, CloseCode.TOO_SLOW)


async def test_a_full_socket_falls_behind_and_catches_up(
    subscription, client, publish, publish_ephemeral
):
    await subscription.start(None, None)
    client.reads = False
    for number in range(10):
        await publish(STREAM, f"{number}{LONG_TEXT}")
    await publish_ephemeral(STREAM, "typing")
    assert 0 < len(client.data) < 10
    client.read_on()
    await settle()
    assert [one[0] for one in client.data] == [*"0123456789", "t"]
    await publish(STREAM, "live")
    assert client.data[-1] == "live" and "live" not in client.replayed


async def test_a_long_replay_goes_page_by_page(subscription, client, log):
    numbers = list(range(2 * PAGE_SIZE + 1))
    log.write(STREAM, *numbers)
    await subscription.start(log.start(STREAM), None)
    await settle()
    assert client.data == numbers


async def test_a_log_that_fails_during_a_replay_sends_the_client_away(
    subscription, client, log, caplog
):
    log.write(STREAM, *range(PAGE_SIZE + 1))
    await subscription.start(log.start(STREAM), None)
    log.error = ConnectionError("away")
    await settle()
    assert client.code == CloseCode.RESTARTING
    assert client.types == ["subscribed", "bye"]
    assert "replay failed" in caplog.text and "ConnectionError: away" in caplog.text


async def test_what_retention_takes_during_a_replay_resets_the_client(subscription, client, log):
    log.write(STREAM, *range(PAGE_SIZE + 1))
    await subscription.start(log.start(STREAM), None)
    for offset in range(1, 10):
        log.lose(STREAM, offset)
    await settle()
    assert client.types == ["subscribed", "reset"]
    assert client.frames[-1]["offset"] == PAGE_SIZE + 1


async def test_a_log_that_lags_behind_what_was_broadcast_is_read_again(subscription, client, log):
    numbers = list(range(PAGE_SIZE + 1))
    log.write(STREAM, *numbers)
    await subscription.start(log.start(STREAM), None)
    log.last_read[STREAM] = 0
    log.requests.clear()
    await settle()
    assert client.data == [] and len(log.asked("read")) == 1
    del log.last_read[STREAM]
    await asyncio.sleep(LAG)
    assert client.data == numbers
