"""Who is let in before anybody knows who it is."""

import asyncio
import logging

import pytest

from realtime import hints
from realtime.access.admission import Admission, admission

ONE, OTHER = "203.0.113.7", "203.0.113.8"


class NewSocket:
    code = None
    after = None

    def close(self, code, *, abort_after, after):
        assert abort_after <= 1
        self.code, self.after = int(code), after


@pytest.fixture(autouse=True)
def limits(settings):
    hints.forget()
    settings.REALTIME = {"MAX_CONNECTIONS_PER_SECOND": 10, "MAX_VISITORS_PER_ADDRESS": 5}


@pytest.fixture
async def door():
    return Admission()


def come(door, *addresses):
    """Return the sockets that come from these addresses, one after the other."""
    sockets = [NewSocket() for _ in addresses]
    for socket, address in zip(sockets, addresses, strict=True):
        door.admit(socket, address)
    return sockets


def codes(sockets):
    return [socket.code for socket in sockets]


async def test_two_seconds_worth_are_let_in_together_and_the_rest_is_sent_away(door):
    sockets = come(door, *[None] * 25)
    assert codes(sockets) == [None] * 20 + [4430] * 5
    assert all(1000 <= socket.after < 3000 for socket in sockets[20:])


async def test_those_that_were_sent_away_find_room_when_they_come_back(door):
    """Each comes back after its own wait, and all are in after a few seconds."""
    waiting = [(0.0, NewSocket()) for _ in range(60)]
    began = asyncio.get_running_loop().time()
    while waiting:
        at, socket = waiting.pop(0)
        await asyncio.sleep(max(0, began + at - asyncio.get_running_loop().time()))
        socket.code = None
        door.admit(socket, None)
        if socket.code is not None:
            waiting.append((at + socket.after / 1000, socket))
            waiting.sort(key=lambda pair: pair[0])
    assert asyncio.get_running_loop().time() - began < 9


async def test_one_address_leaves_room_for_the_others(door):
    assert codes(come(door, *[ONE] * 5)) == [None] * 5
    assert codes(come(door, *[ONE] * 20)) == [4431] * 5 + [4430] * 15
    assert codes(come(door, *[OTHER] * 5)) == [None] * 5


async def test_a_flood_from_one_address_makes_nobody_else_wait_longer(door):
    flood = come(door, *[ONE] * 500)
    assert flood[-1].after > 15_000
    late = come(door, *[None] * 50)[-1]
    assert late.code == 4430 and late.after < 6000


async def test_an_address_has_only_so_many_visitors(door):
    sockets = come(door, *[ONE] * 6)
    assert codes(sockets) == [None] * 5 + [4431]
    assert sockets[5].after >= 1000


async def test_one_who_has_signed_in_is_no_visitor(door):
    first, *_ = come(door, *[ONE] * 5)
    door.known(first)
    door.known(first)  # Its end follows.
    assert codes(come(door, ONE, ONE)) == [None, 4431]


async def test_one_that_was_sent_away_is_not_counted(door):
    sockets = come(door, *[ONE] * 6)
    for socket in sockets:
        door.known(socket)
    assert codes(come(door, *[ONE] * 4)) == [None] * 4


async def test_those_without_an_address_count_by_the_second_only(door):
    assert codes(come(door, *[None] * 8)) == [None] * 8


async def test_an_address_from_which_nobody_comes_any_more_is_forgotten(door):
    for number in range(200):
        come(door, f"203.0.113.{number}")
    await asyncio.sleep(30)
    come(door, ONE)
    assert len(door._by_address) == 1


async def test_the_log_says_who_was_sent_away_and_once_what_to_do_about_a_proxy(door, caplog):
    caplog.set_level(logging.INFO)
    come(door, *[ONE] * 7)
    first, advice, second = [record.getMessage() for record in caplog.records]
    for line in (first, second):
        assert line.startswith(f"turned away address={ONE} code=4431 reason=too many visitors")
    assert "--forwarded-allow-ips" in advice and ONE in advice


async def test_an_event_loop_has_one_door():
    assert admission() is admission()
