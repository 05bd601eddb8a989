"""What the sockets of one account may do together."""

import asyncio

import pytest

from realtime import counters
from realtime.access.allowances import KEEP_STREAM, Allowances, allowances
from realtime.exceptions import FrameError
from realtime.fanout.membership import LEAVE_AFTER
from tests.virtual_time import elapsed


@pytest.fixture(autouse=True)
def limits(settings):
    settings.REALTIME = {
        "MAX_SOCKETS_PER_USER": 2,
        "MAX_STREAMS_PER_SOCKET": 5,
        "MAX_SUBSCRIBES_PER_SECOND": 4,
        "MAX_STREAMS_PER_USER": 6,
    }


@pytest.fixture
async def alice():
    return Allowances().of("alice")


def delayed():
    return counters.read().get('realtime_commands_delayed_total{limit="subscribes"}', 0)


async def test_all_sockets_of_a_user_may_come_back_together(alice):
    for _ in range(2 * 5):
        await alice.turn()
    assert elapsed() < 0.001
    assert delayed() == 0


async def test_more_subscribes_wait_for_their_turn(alice):
    for _ in range(2 * 5 + 8):
        await alice.turn()
    assert elapsed() == pytest.approx(8 / 4)
    assert delayed() == 8


async def test_those_that_wait_together_are_let_on_at_the_rate_in_their_order(alice):
    for _ in range(2 * 5):
        await alice.turn()
    done = []

    async def subscribe(number):
        await alice.turn()
        done.append((number, round(elapsed(), 3)))

    await asyncio.gather(*(subscribe(number) for number in range(3)))
    assert done == [(0, 0.25), (1, 0.5), (2, 0.75)]


async def test_one_stream_too_many_is_refused(alice):
    for number in range(6):
        alice.take(f"room.{number}")
    alice.take("room.5")  # On another socket.
    with pytest.raises(FrameError, match="too many streams") as refused:
        alice.take("room.6")
    assert refused.value.code == "too_many"
    assert counters.read()['realtime_streams_refused_total{limit="per_user"}'] == 1


async def test_a_stream_that_was_left_counts_as_long_as_the_process_follows_it(alice):
    assert KEEP_STREAM >= LEAVE_AFTER
    for number in range(6):
        alice.take(f"room.{number}")
    alice.release("room.0")
    await asyncio.sleep(KEEP_STREAM - 0.1)
    with pytest.raises(FrameError):
        alice.take("room.6")
    await asyncio.sleep(0.1)
    alice.take("room.6")


async def test_who_leaves_and_comes_back_has_gained_nothing():
    all_accounts = Allowances()
    for _ in range(2 * 5 + 400):
        await all_accounts.of("alice").turn()
    began = elapsed()
    await all_accounts.of("alice").turn()
    assert elapsed() - began == pytest.approx(0.25)


async def test_accounts_do_not_count_for_each_other(alice):
    all_accounts = Allowances()
    for account in ("alice", ("visitor", "203.0.113.7")):
        for _ in range(2 * 5):
            await all_accounts.of(account).turn()
    assert elapsed() < 0.001


async def test_an_account_is_forgotten_when_it_has_used_nothing_lately():
    all_accounts = Allowances()
    alice, bob = all_accounts.of("alice"), all_accounts.of("bob")
    alice.take("room.1")
    await bob.turn()
    await asyncio.sleep(61)
    assert all_accounts.of("alice") is alice  # It still follows a stream.
    assert all_accounts.of("bob") is not bob
    alice.release("room.1")
    await asyncio.sleep(91)
    assert all_accounts.of("alice") is not alice


async def test_an_event_loop_has_one_set():
    assert allowances() is allowances()
