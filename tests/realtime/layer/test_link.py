"""The link to the channel layer: it notices what fails there, and links again until that works."""

import asyncio
import logging

import pytest
import redis

from realtime.layer.link import (
    ANSWER_WITHIN,
    PROBE_INTERVAL,
    REJOIN_AFTER,
    RETRY_AFTER,
    LayerLink,
)
from tests.realtime.layer.broker import Complaint, Layer
from tests.virtual_time import elapsed, settle

BROKEN = redis.ConnectionError("broken")


class Linked:
    """A link that follows one group, and what it reported."""

    def __init__(self, *groups):
        self.groups = list(groups)
        self.messages = asyncio.Queue()
        self.repaired = 0
        self.link = LayerLink(lambda: self.groups, self.messages.put_nowait, self.on_repaired)

    def on_repaired(self):
        self.repaired += 1

    async def next(self):
        async with asyncio.timeout(60):
            return (await self.messages.get())["n"]


async def send(broker, group, number):
    await Layer(broker).group_send(group, {"type": "n", "n": number})


async def opened(broker, *groups):
    linked = Linked(*groups)
    await settle()
    return linked, broker.layers[-1]


@pytest.mark.parametrize("steps", range(12))
def test_it_can_be_ended_at_each_step(steps):
    async def brief():
        link = LayerLink(lambda: ["group"], lambda message: None, lambda: None)
        for _ in range(steps):
            await asyncio.sleep(0)
        return link

    asyncio.run(brief())  # Cancels what still runs, and waits for it.


async def test_it_hands_over_what_comes_to_its_groups_and_no_probes(broker):
    linked, _ = await opened(broker, "a")
    await asyncio.sleep(3 * PROBE_INTERVAL)
    await linked.link.join("b")
    await send(broker, "a", 1)
    await send(broker, "b", 2)
    assert [await linked.next() for _ in range(2)] == [1, 2]


async def test_a_group_that_was_left_brings_nothing_more(broker):
    linked, _ = await opened(broker, "a", "b")
    await linked.link.leave("a")
    await send(broker, "a", 1)
    await send(broker, "b", 2)
    assert await linked.next() == 2


async def test_a_layer_gone_deaf_is_replaced_by_a_new_one(broker, caplog):
    linked, deaf = await opened(broker, "a")
    assert linked.link.is_up
    deaf.is_deaf = True
    await asyncio.sleep(PROBE_INTERVAL + ANSWER_WITHIN + 0.1)
    assert not linked.link.is_up
    await asyncio.sleep(RETRY_AFTER)
    assert linked.link.is_up
    assert broker.layers[-1] is not deaf and deaf.is_closed
    await send(broker, "a", 1)
    assert await linked.next() == 1
    assert linked.repaired == 1
    assert caplog.text.count("a message to itself did not come back in 5 s") == 1
    assert caplog.text.count("channel layer up again after=1.0s groups=1") == 1


async def test_a_reader_that_fails_is_noticed_immediately(broker, caplog):
    linked, layer = await opened(broker, "a")
    [channel] = layer.channels
    layer.put(channel, BROKEN)
    await asyncio.sleep(RETRY_AFTER + 0.1)
    await send(broker, "a", 1)
    assert await linked.next() == 1
    assert "channel layer down reason=\"ConnectionError('broken')\"" in caplog.text


async def test_a_reader_that_stops_waiting_reads_on(broker):
    linked, layer = await opened(broker, "a")
    [channel] = layer.channels
    layer.put(channel, TimeoutError())
    await send(broker, "a", 1)
    assert await linked.next() == 1
    assert linked.repaired == 0 and not layer.is_closed


@pytest.mark.parametrize("message", [[1], None, 7, "text", {"type": []}, ValueError("no msgpack")])
async def test_what_is_no_message_deafens_nobody(broker, message):
    linked, layer = await opened(broker, "a")
    [channel] = layer.channels
    layer.put(channel, message)
    await send(broker, "a", 1)
    if not isinstance(message, Exception):
        assert await linked.messages.get() == message
    assert await linked.next() == 1
    assert elapsed() < 0.1 and linked.repaired == 0 and not layer.is_closed


async def test_a_layer_that_can_read_nothing_any_more_is_replaced(broker):
    linked, layer = await opened(broker, "a")

    async def receive(channel):
        await asyncio.sleep(0.01)
        raise ValueError("no msgpack")

    layer.receive = receive
    await asyncio.sleep(2 * PROBE_INTERVAL + ANSWER_WITHIN + RETRY_AFTER + 0.1)
    assert layer.is_closed and linked.repaired == 1


async def test_what_the_layer_only_logs_is_a_fault_and_one_line(broker, caplog):
    linked, layer = await opened(broker, "a")
    [channel] = layer.channels
    layer.put(channel, Complaint("no connection", BROKEN))
    await asyncio.sleep(RETRY_AFTER + 0.1)
    assert layer.is_closed and linked.repaired == 1
    assert caplog.text.count("no connection") == 1
    assert "channel layer down reason=\"no connection ConnectionError('broken')\"" in caplog.text


async def test_what_a_layer_logs_for_others_is_nothing_to_the_link(broker, caplog):
    linked, layer = await opened(broker, "a")
    logging.getLogger(type(layer).__module__).error("another's trouble")
    await asyncio.sleep(2 * PROBE_INTERVAL)
    assert "another's trouble" in caplog.text
    assert linked.repaired == 0 and not layer.is_closed


async def test_a_layer_that_complains_while_it_is_dropped_does_not_harm_the_next(broker):
    linked, layer = await opened(broker, "a")
    layer.closing_takes, layer.closing_complaint = 3 * RETRY_AFTER, "closed badly"
    linked.link.fault("a test")
    await asyncio.sleep(10 * RETRY_AFTER)
    assert layer.is_closed and linked.repaired == 1
    assert not broker.layers[-1].is_closed


async def test_closing_a_dropped_layer_holds_nothing_up(broker):
    linked, layer = await opened(broker, "a")
    layer.closing_takes = 3600
    linked.link.fault("a test")
    await asyncio.sleep(RETRY_AFTER + 0.1)
    await send(broker, "a", 1)
    assert await linked.next() == 1


async def test_a_request_that_hangs_is_given_up_and_a_fault(broker):
    linked, layer = await opened(broker, "a")
    broker.answers.clear()
    await linked.link.join("b")
    assert elapsed() == pytest.approx(ANSWER_WITHIN, abs=0.1)
    linked.groups.append("b")
    broker.answers.set()
    await asyncio.sleep(RETRY_AFTER + 0.1)
    await send(broker, "b", 1)
    assert await linked.next() == 1
    assert layer.is_closed


async def test_while_the_layer_is_down_joining_is_left_for_later(broker, caplog):
    broker.error = BROKEN
    linked = Linked("a")
    await linked.link.join("a")
    assert elapsed() < 0.1
    await asyncio.sleep(10 * RETRY_AFTER)
    await linked.link.join("b")
    await linked.link.leave("b")
    assert linked.repaired == 0 and not broker.members("a")
    broker.error = None
    await asyncio.sleep(RETRY_AFTER)
    await send(broker, "a", 1)
    assert await linked.next() == 1
    assert linked.repaired == 1
    assert caplog.text.count("channel layer down") == 1


async def test_a_layer_that_hangs_from_the_start_lets_those_who_join_go_on(broker, caplog):
    broker.answers.clear()
    linked = Linked("a")
    await linked.link.join("a")
    assert elapsed() == pytest.approx(ANSWER_WITHIN, abs=0.1)
    assert "channel layer down reason='it did not answer in 5 s'" in caplog.text


async def test_groups_are_joined_again_from_time_to_time(broker):
    await opened(broker, "a", "b")
    broker.requests.clear()
    await asyncio.sleep(REJOIN_AFTER - PROBE_INTERVAL)
    assert not broker.requests
    await asyncio.sleep(2 * PROBE_INTERVAL)
    assert broker.requests == [("join", "a"), ("join", "b")]


async def test_without_a_layer_it_says_what_to_set(settings, caplog):
    settings.CHANNEL_LAYERS = {}
    await Linked("a").link.join("a")
    assert "no channel layer is configured: set CHANNEL_LAYERS" in caplog.text
