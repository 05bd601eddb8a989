"""The server's heartbeat of one socket, on a loop's clock."""

import asyncio
import math
import random
import re

import pytest

from realtime import counters
from realtime.concurrency.timers import SLOT
from realtime.sockets.keepalive import SECOND_CHECK_AFTER, Keepalive
from realtime.sockets.transport import Transport

INTERVAL, TIMEOUT = 10.0, 8.0
LATE = 2 * SLOT + SECOND_CHECK_AFTER
"""Seconds by which a verdict may be late: two timers and the second check."""


class Beating:
    """A keepalive whose peer answers what a test answers."""

    def __init__(self, connection):
        self.connection = connection
        connection.freeze()
        self.loop = asyncio.get_running_loop()
        self.began = self.loop.time()
        self.nonces = []
        self.stale_at = []
        self.keepalive = Keepalive(Transport(connection.send), INTERVAL, TIMEOUT, self)

    def pinged(self, nonce):
        self.nonces.append(nonce)

    def stale(self):
        self.stale_at.append(self.loop.time() - self.began)

    def left(self):
        return math.inf

    @property
    def pinged_at(self):
        return [at - self.began for at in self.connection.pinged_at]

    async def until(self, seconds):
        await asyncio.sleep(self.began + seconds - self.loop.time())


@pytest.fixture
async def beating(connection, monkeypatch):
    monkeypatch.setattr(random, "random", lambda: 0.25)
    return Beating(connection)


def about(seconds):
    return pytest.approx(seconds + LATE / 2, abs=LATE / 2 + 0.001)


async def test_the_first_ping_goes_out_after_a_random_part_of_the_interval(beating):
    await beating.until(5)
    assert beating.pinged_at == [about(2.5)]
    assert re.fullmatch("[0-9a-f]{8}", beating.nonces[0])
    assert beating.connection.frames == [{"type": "ping", "nonce": beating.nonces[0]}]


async def test_each_interval_one_more_goes_out_with_a_nonce_of_its_own(beating):
    for second in (5, 15, 25):
        await beating.until(second)
        assert beating.keepalive.pong(beating.nonces[-1])
    await beating.until(31)
    assert beating.pinged_at == [about(2.5), about(12.5), about(22.5)]
    assert len(set(beating.nonces)) == 3


async def test_a_peer_that_does_not_answer_is_stale_once_when_the_time_is_over(beating):
    await beating.until(1000)
    assert beating.stale_at == [about(2.5 + TIMEOUT)]


async def test_an_answer_in_time_counts_and_tells_the_latency(beating):
    assert beating.keepalive.latency is None
    await beating.until(10)
    assert beating.keepalive.pong(beating.nonces[0])
    assert beating.keepalive.latency == about(10 - 2.5 - LATE)
    await beating.until(20)
    assert beating.stale_at == []


async def test_only_the_answer_to_an_open_ping_counts(beating):
    await beating.until(5)
    assert not beating.keepalive.pong("made up")
    assert beating.keepalive.pong(beating.nonces[0])
    assert not beating.keepalive.pong(beating.nonces[0])


async def test_an_answer_counts_for_the_pings_before_it(beating):
    beating.keepalive.ping()
    beating.keepalive.ping()
    assert beating.keepalive.pong(beating.nonces[1])
    assert not beating.keepalive.pong(beating.nonces[0])
    await beating.until(TIMEOUT + 1)
    assert beating.stale_at == []


async def test_a_ping_out_of_turn_puts_the_next_off_by_an_interval(beating):
    await beating.until(2)
    beating.keepalive.ping()
    beating.keepalive.pong(beating.nonces[0])
    await beating.until(13)
    assert beating.pinged_at == [2.0, about(12)]


async def test_an_unread_answer_is_read_before_the_verdict_of_a_process_that_overslept(beating):
    for awake in (10, 20):  # Half a second before a deadline.
        await beating.until(awake)
        beating.loop.stall(1.4)
        beating.loop.call_later(0.04, beating.keepalive.pong, beating.nonces[-1])
        await beating.until(awake + 2)
    assert beating.stale_at == []
    assert len(beating.nonces) == 2


async def test_a_process_that_was_stopped_for_longer_pings_again_and_waits_for_that(beating):
    await beating.until(5)
    beating.loop.stall(20)
    await beating.until(25.1)
    assert beating.pinged_at == [about(2.5), 25.0]
    await beating.until(1000)
    assert beating.stale_at == [about(25 + TIMEOUT)]


async def test_pings_answers_and_times_that_the_process_stood_still_are_counted(beating):
    await beating.until(5)
    beating.keepalive.pong(beating.nonces[0])
    beating.keepalive.pong("made up")
    await beating.until(12)
    beating.loop.stall(5)
    await beating.until(17.1)
    beating.keepalive.pong(beating.nonces[1])
    assert counters.HEARTBEATS_SENT.read() == {"": 2}
    assert counters.HEARTBEATS_MATCHED.read() == {"": 2}
    assert counters.HEARTBEATS_LATE.read() == {"": 1}
    *buckets, seconds = counters.LATENCY.read()[""]
    assert sum(buckets) == 2 and seconds == about(2.5 + 0.1 - LATE)


async def test_nothing_happens_after_the_end(beating):
    await beating.until(5)
    beating.keepalive.stop()
    await beating.until(1000)
    assert len(beating.pinged_at) == 1
    assert beating.stale_at == []


async def test_a_ping_is_announced_before_it_goes_out():
    known, sent = [], []

    class Ends:
        """Both ends of a heartbeat: its transport, and whose it is."""

        def send_text(self, text):
            assert known[-1] in text
            sent.append(text)

        def pinged(self, nonce):
            known.append(nonce)

        def left(self):
            return math.inf

    ends = Ends()
    Keepalive(ends, INTERVAL, TIMEOUT, ends).ping()
    assert len(known) == len(sent) == 1


class Line:
    """A line of which a test says until when it moves."""

    def __init__(self, moves_until):
        self.loop = asyncio.get_running_loop()
        self.moves_until = self.loop.time() + moves_until
        self.gave_up = asyncio.Event()

    def pinged(self, nonce):
        pass

    def stale(self):
        self.gave_up.set()

    def left(self):
        """Return how many bytes have left; some always wait."""
        return min(self.loop.time(), self.moves_until)


async def verdict(connection, line):
    """Return the seconds until the verdict on a peer that never answers."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    connection.freeze()
    Keepalive(Transport(connection.send), INTERVAL, TIMEOUT, line)
    await line.gave_up.wait()
    return loop.time() - began


async def test_what_still_moves_before_a_ping_gives_it_more_time(connection, monkeypatch):
    monkeypatch.setattr(random, "random", lambda: 0.0)
    assert await verdict(connection, Line(moves_until=0)) == about(8)
    assert await verdict(connection, Line(moves_until=5.5)) == about(8)
    assert await verdict(connection, Line(moves_until=7)) == about(16)
    assert await verdict(connection, Line(moves_until=31)) == about(40)
