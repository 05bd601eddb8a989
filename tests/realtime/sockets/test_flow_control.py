"""What a peer may have in flight, and by when it has to prove that something arrived."""

import asyncio
import math

import pytest

from realtime.counters import SOCKETS_HELD_BACK
from realtime.sockets.flow_control import LOOK_EVERY, SLOW_LINE, FlowControl
from realtime.sockets.keepalive import Keepalive
from realtime.sockets.transport import Transport

LIMIT = 1000

NO_HEARTBEAT = 10**9, 10**9
HEARTBEAT = 10, 8
"""Interval and timeout, in seconds."""


def soon_after(seconds):
    """Return what is equal to that time or to one that is a look later."""
    return pytest.approx(seconds + LOOK_EVERY / 2, abs=LOOK_EVERY / 2 + 0.05)


class Peer:
    """A peer that proves what a test wants it to."""

    def __init__(self, connection, unsent=lambda: None, heartbeat=NO_HEARTBEAT):
        self.loop = asyncio.get_running_loop()
        self.too_slow_at = []
        self.stale_at = []
        self.flow = FlowControl(LIMIT, self.loop)
        self.unsent = unsent
        self.connection = connection
        self.keepalive = Keepalive(Transport(connection.send), *heartbeat, self)
        self.began = self.loop.time()

    def pinged(self, nonce):
        self.flow.pinged(nonce)

    def left(self):
        return math.inf

    def stale(self):
        self.stale_at.append(self.loop.time() - self.began)

    def too_slow(self):
        self.too_slow_at.append(self.loop.time() - self.began)
        self.flow.stop()

    @property
    def nonces(self):
        return [frame["nonce"] for frame in self.connection.frames]

    def answer(self, ping):
        """Answer the ping of that number, the last being -1."""
        self.flow.proved(self.nonces[ping])


@pytest.fixture
async def peer(connection):
    peer = Peer(connection)
    peer.flow.start(peer, peer.keepalive, 0.0)
    return peer


async def test_half_of_the_limit_asks_for_no_proof_and_more_does(peer):
    peer.flow.sent(LIMIT // 2)
    assert peer.nonces == []
    peer.flow.sent(1)
    assert len(peer.nonces) == 1
    assert not peer.flow.is_full


async def test_all_of_the_limit_is_allowed_and_more_is_full(peer):
    peer.flow.sent(LIMIT)
    assert not peer.flow.is_full
    peer.flow.sent(1)
    assert peer.flow.is_full


async def test_the_first_pong_that_covers_it_says_that_something_arrived(peer):
    arrived = []
    peer.keepalive.ping()
    peer.flow.sent(10)
    peer.flow.when_proved(lambda: arrived.append("one"), soon=True)
    peer.flow.sent(10)
    peer.flow.when_proved(lambda: arrived.append("two"), soon=True)
    await asyncio.sleep(0)
    assert len(peer.nonces) == 2, "one ping goes out behind both"
    peer.answer(0)
    assert arrived == [], "that ping went out before them"
    peer.flow.sent(10)
    peer.flow.when_proved(lambda: arrived.append("three"), soon=True)
    peer.answer(1)
    assert arrived == ["one", "two"]
    await asyncio.sleep(0)
    peer.answer(-1)
    peer.answer(-1)
    assert arrived == ["one", "two", "three"]


async def test_nothing_arrives_that_was_dropped_or_whose_socket_has_ended(peer):
    arrived = []
    for end in (peer.flow.expect_nothing, peer.flow.stop):
        peer.flow.sent(10)
        peer.flow.when_proved(lambda: arrived.append("dropped"), soon=True)
        await asyncio.sleep(0)
        end()
        peer.answer(-1)
    peer.flow.when_proved(lambda: arrived.append("too late"), soon=True)
    assert arrived == []


async def test_a_proof_makes_room(peer):
    peer.flow.sent(LIMIT + 1)
    peer.answer(-1)
    assert not peer.flow.is_full
    peer.flow.sent(LIMIT)
    assert not peer.flow.is_full


async def test_a_proof_of_too_little_makes_none(peer):
    peer.flow.sent(600)
    peer.flow.sent(2000)
    peer.answer(0)
    assert peer.flow.is_full
    peer.answer(-1)
    assert not peer.flow.is_full


async def test_each_who_waits_for_a_proof_gets_it_once(peer):
    said = []
    peer.flow.sent(600)
    peer.flow.sent(10)
    peer.flow.when_proved(lambda: said.append("first"))
    peer.answer(0)
    assert said == []
    peer.keepalive.ping()
    peer.answer(-1)
    assert said == ["first"]
    peer.flow.sent(10)
    peer.flow.when_proved(lambda: said.append("second"))
    peer.keepalive.ping()
    peer.answer(-1)
    assert said == ["first", "second"]


async def test_each_time_that_events_are_held_back_is_counted(peer):
    for _ in range(2):
        peer.flow.sent(LIMIT + 1)
        peer.flow.sent(LIMIT)
        peer.keepalive.ping()
        peer.answer(-1)
    assert SOCKETS_HELD_BACK.read() == {"": 2}


async def test_a_nonce_of_no_ping_proves_nothing(peer):
    peer.flow.sent(LIMIT + 1)
    peer.flow.proved("made up")
    assert peer.flow.is_full


async def test_a_peer_that_proves_nothing_within_two_seconds_is_too_slow_once(peer):
    peer.flow.sent(LIMIT + 1)
    peer.flow.sent(LIMIT + 1)
    await asyncio.sleep(100)
    assert peer.too_slow_at == [soon_after(2)]


async def test_a_peer_that_makes_room_in_time_is_not(peer):
    peer.flow.sent(LIMIT + 1)
    await asyncio.sleep(1.9)
    peer.answer(-1)
    await asyncio.sleep(100)
    assert peer.too_slow_at == []


async def test_a_peer_that_proves_too_little_stays_until_it_stops(peer):
    for ping in range(5):
        peer.flow.sent(LIMIT + 1)
        await asyncio.sleep(1.5)
        peer.answer(ping)
        peer.flow.sent(LIMIT + 1)
    assert peer.flow.is_full
    await asyncio.sleep(100)
    assert peer.too_slow_at == [soon_after(9.5)]


async def test_what_was_sent_behind_the_last_ping_is_asked_for_with_its_proof(peer):
    peer.flow.sent(2 * LIMIT)
    peer.flow.sent(2 * LIMIT)
    peer.answer(-1)
    assert peer.flow.is_full
    peer.answer(-1)
    assert not peer.flow.is_full
    await asyncio.sleep(100)
    assert peer.too_slow_at == []


async def test_room_is_there_while_at_most_half_is_in_flight(peer):
    peer.flow.sent(LIMIT // 2)
    await asyncio.wait_for(peer.flow.room(), 0.1)
    assert peer.nonces == []


async def test_room_pings_behind_what_was_sent_and_waits_for_that_proof(peer):
    peer.flow.sent(600)
    peer.flow.sent(100)
    waiting = asyncio.create_task(peer.flow.room())
    await asyncio.sleep(1)
    assert len(peer.nonces) == 2
    assert not waiting.done()
    peer.answer(-1)
    await asyncio.wait_for(waiting, 0.1)


async def test_a_proof_of_too_little_does_not_let_in(peer):
    peer.flow.sent(600)
    peer.flow.sent(600)
    waiting = asyncio.create_task(peer.flow.room())
    await asyncio.sleep(0)
    peer.answer(0)
    await asyncio.sleep(1)
    assert not waiting.done()
    peer.answer(-1)
    await asyncio.wait_for(waiting, 0.1)


async def test_the_end_lets_in_all_that_wait_and_asks_for_nothing_more(peer):
    peer.flow.sent(LIMIT + 1)
    waiting = [asyncio.create_task(peer.flow.room()) for _ in range(3)]
    await asyncio.sleep(0)
    peer.flow.stop()
    await asyncio.wait_for(asyncio.gather(*waiting), 0.1)
    pings = len(peer.nonces)
    peer.flow.sent(LIMIT + 1)
    await asyncio.sleep(100)
    assert len(peer.nonces) == pings
    assert peer.too_slow_at == []


async def test_nothing_is_asked_before_the_start(connection):
    peer = Peer(connection)
    peer.flow.sent(LIMIT + 1)
    await asyncio.wait_for(peer.flow.room(), 0.1)
    await asyncio.sleep(100)
    assert peer.nonces == []
    assert peer.too_slow_at == []


async def test_a_sockets_own_frames_overrun_at_eight_times_the_limit_and_one_frame(peer):
    for _ in range(9):
        peer.flow.sent_own(LIMIT)
    assert not peer.flow.is_overrun
    peer.flow.sent_own(1)
    assert peer.flow.is_overrun
    peer.answer(-1)
    assert not peer.flow.is_overrun


async def test_one_frame_alone_may_be_larger_than_that(peer):
    peer.flow.sent_own(100 * LIMIT)
    peer.flow.sent_own(LIMIT)
    assert not peer.flow.is_overrun


class Line:
    """A line that takes ``rate`` bytes a second of what waits for it; called, it says how many."""

    def __init__(self, waiting, rate):
        self.waiting = waiting
        self.rate = rate
        self.loop = asyncio.get_running_loop()
        self.began = self.loop.time()

    def __call__(self):
        return max(0, self.waiting - round(self.rate * (self.loop.time() - self.began)))

    def stop(self):
        """Take nothing more."""
        self.waiting, self.rate = self(), 0


def peer_with(connection, size, unsent):
    """Return a peer that was sent a frame of so many bytes; ``unsent`` says how many wait here."""
    peer = Peer(connection, unsent, HEARTBEAT)
    peer.flow.start(peer, peer.keepalive, 0.0)
    peer.flow.sent_own(size)
    return peer


async def test_a_frame_that_is_leaving_is_not_stuck_however_long_it_takes(connection):
    peer = peer_with(connection, 100 * LIMIT, Line(100 * LIMIT, rate=LIMIT))
    await asyncio.sleep(99)
    assert peer.too_slow_at == []
    peer.answer(-1)
    await asyncio.sleep(100)
    assert peer.too_slow_at == []


async def test_a_frame_of_which_nothing_leaves_is_stuck_after_two_seconds(connection):
    peer = peer_with(connection, 100 * LIMIT, Line(100 * LIMIT, rate=0))
    await asyncio.sleep(100)
    assert peer.too_slow_at == [soon_after(2)]


async def test_a_line_that_stops_in_the_middle_is_noticed(connection):
    line = Line(100 * LIMIT, rate=LIMIT)
    peer = peer_with(connection, 100 * LIMIT, line)
    await asyncio.sleep(9)
    line.stop()
    await asyncio.sleep(100)
    assert peer.too_slow_at == [soon_after(11)]


@pytest.mark.parametrize("shown", [0, None])
async def test_what_has_left_for_a_proxy_has_the_time_that_a_slow_line_takes(connection, shown):
    peer = peer_with(connection, 10 * SLOW_LINE, lambda: shown)
    await asyncio.sleep(100)
    assert peer.too_slow_at == [soon_after(12)]


async def test_but_not_longer_than_the_peer_waits_for_any_frame(connection):
    peer = peer_with(connection, 1000 * SLOW_LINE, lambda: 0)
    await asyncio.sleep(100)
    assert peer.too_slow_at == [soon_after(2 + sum(HEARTBEAT))]


async def test_a_ping_behind_a_large_frame_has_its_time_from_when_that_is_through(connection):
    peer = peer_with(connection, LIMIT, Line(LIMIT, rate=LIMIT / 30))
    await asyncio.sleep(100)
    assert peer.stale_at == [pytest.approx(30 + 8, abs=0.6)]
